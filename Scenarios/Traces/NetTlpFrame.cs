using System.Buffers.Binary;
using Sim.Core;

namespace Scenarios.Traces;

/// <summary>The framing in which the NetTLP project captures TLPs: Ethernet, IPv4, UDP, a sequence number and a time stamp of 32 bits (here
/// nanoseconds), then the TLP, first byte first.</summary>
internal static class NetTlpFrame
{
    /// <summary>Bytes in front of the TLP.</summary>
    public const int Overhead = Ethernet + Ip + Udp + 6;

    private const int Ethernet = 14;
    private const int Ip = 20;
    private const int Udp = 8;
    private const ushort Port = 0x3000;

    /// <summary>Writes a frame.</summary>
    /// <returns>Its length in bytes.</returns>
    public static int Write(Span<byte> frame, int way, ushort sequence, SimTime time, ReadOnlySpan<uint> dwords)
    {
        var length = Overhead + (dwords.Length * 4);
        frame = frame[..length];
        frame[..Overhead].Clear();

        // Locally administered addresses: the link's number, then the end. Two directions of a link answer each other.
        Address(frame[6..12], way, 1 + (way & 1));
        Address(frame[..6], way, 2 - (way & 1));
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], 0x0800);

        var ip = frame[Ethernet..];
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(length - Ethernet));
        ip[6] = 0x40; // Don't fragment.
        (ip[8], ip[9]) = (64, 17);
        Host(ip[12..16], way, 1 + (way & 1));
        Host(ip[16..20], way, 2 - (way & 1));
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(ip[..Ip]));

        var udp = ip[Ip..];
        BinaryPrimitives.WriteUInt16BigEndian(udp, Port);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], Port);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)(length - Ethernet - Ip));

        var head = udp[Udp..];
        BinaryPrimitives.WriteUInt16BigEndian(head, sequence);
        BinaryPrimitives.WriteUInt32BigEndian(head[2..], (uint)((time - SimTime.Zero).Femtoseconds / 1_000_000));
        for (var i = 0; i < dwords.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(frame[(Overhead + (4 * i))..], dwords[i]);
        return length;
    }

    private static void Address(Span<byte> mac, int way, int end) => (mac[0], mac[4], mac[5]) = (0x02, (byte)(way / 2), (byte)end);

    private static void Host(Span<byte> ip, int way, int end) => (ip[0], ip[2], ip[3]) = (10, (byte)(way / 2), (byte)end);

    private static ushort Checksum(ReadOnlySpan<byte> header)
    {
        uint sum = 0;
        for (var i = 0; i < header.Length; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(header[i..]);
        while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }
}
