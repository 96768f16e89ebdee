using System.Buffers.Binary;
using System.Text;
using Sim.Core;

namespace Scenarios.Traces;

/// <summary>
/// A capture in pcapng: one interface for each link direction, times in picoseconds, each TLP in the framing of NetTLP (Ethernet, IPv4, UDP
/// port 3000h, sequence number and time stamp, then the TLP as on the wire).
/// </summary>
internal sealed class PcapngWriter
{
    private const int SectionHeader = 0x0A0D0D0A;
    private const int InterfaceDescription = 1;
    private const int EnhancedPacket = 6;
    private const ushort Ethernet = 1;
    private const long FemtosecondsPerPicosecond = 1000;

    private readonly Stream _stream;
    private readonly IReadOnlyList<LinkWay> _ways;
    private readonly ushort[] _sequence;
    private readonly byte[] _packet = new byte[NetTlpFrame.Overhead + (4 * 1100)];

    public PcapngWriter(Stream stream, IReadOnlyList<LinkWay> ways)
    {
        (_stream, _ways, _sequence) = (stream, ways, new ushort[ways.Count]);
        var section = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(section, 0x1A2B3C4D);
        BinaryPrimitives.WriteUInt16LittleEndian(section.AsSpan(4), 1);
        BinaryPrimitives.WriteInt64LittleEndian(section.AsSpan(8), -1); // The section's length is not known yet.
        WriteBlock(SectionHeader, [.. section, .. Option(4, "pciesim"u8), .. End]);
        foreach (var way in ways)
        {
            var description = new byte[8];
            BinaryPrimitives.WriteUInt16LittleEndian(description, Ethernet);
            WriteBlock(InterfaceDescription,
                [.. description, .. Option(2, Encoding.UTF8.GetBytes(way.ToString())), .. Option(9, [12]), .. End]);
        }
    }

    private static byte[] End => [0, 0, 0, 0];

    public void Write(in TlpFrame frame)
    {
        var length = NetTlpFrame.Write(_packet, frame.Way, _sequence[frame.Way]++, frame.Time, frame.Dwords.AsSpan(0, frame.Length));
        var time = (frame.Time - SimTime.Zero).Femtoseconds / FemtosecondsPerPicosecond;
        Span<byte> head = stackalloc byte[28];
        var padded = length + 3 & ~3;
        BinaryPrimitives.WriteUInt32LittleEndian(head, EnhancedPacket);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], 32 + padded);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], frame.Way);
        BinaryPrimitives.WriteUInt32LittleEndian(head[12..], (uint)(time >> 32));
        BinaryPrimitives.WriteUInt32LittleEndian(head[16..], (uint)time);
        BinaryPrimitives.WriteInt32LittleEndian(head[20..], length);
        BinaryPrimitives.WriteInt32LittleEndian(head[24..], length);
        _stream.Write(head);
        _packet.AsSpan(length, padded - length).Clear();
        _stream.Write(_packet.AsSpan(0, padded));
        _stream.Write(head[4..8]);
    }

    private void WriteBlock(int type, ReadOnlySpan<byte> body)
    {
        Span<byte> head = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(head, type);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], 12 + body.Length);
        _stream.Write(head);
        _stream.Write(body);
        _stream.Write(head[4..]);
    }

    private static byte[] Option(ushort code, ReadOnlySpan<byte> value)
    {
        var option = new byte[4 + (value.Length + 3 & ~3)];
        BinaryPrimitives.WriteUInt16LittleEndian(option, code);
        BinaryPrimitives.WriteUInt16LittleEndian(option.AsSpan(2), (ushort)value.Length);
        value.CopyTo(option.AsSpan(4));
        return option;
    }
}
