using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Inject;

/// <summary>
/// Puts any TLP on the wire, right or wrong, as an exerciser in a slot does. From the first one on, every receiver of the simulation checks
/// every TLP in full.
/// </summary>
public static class TlpInjector
{
    /// <summary>Hands a TLP to the link of a port, as if the port had made it.</summary>
    /// <param name="from">The port that transmits; it is connected.</param>
    /// <param name="dws">Prefixes, header, payload and digest as they are to be sent, byte 0 of each DW in bits 31:24; at least three
    /// header DWs. A digest of 0 stands for a right one.</param>
    /// <exception cref="ArgumentException">There is no whole header in it, or more than a TLP can be.</exception>
    public static void Send(Port from, ReadOnlySpan<uint> dws)
    {
        var tlp = Make(from, dws);
        Send(from, in tlp);
    }

    /// <summary>Hands a TLP to the link of a port; the link owns its body from now on.</summary>
    public static void Send(Port from, in Tlp tlp)
    {
        FabricCare.Of(from.Sim).Begin();
        from.Transmitter.Send(in tlp, from.Sim.Now, null);
    }

    /// <summary>
    /// Hands a request to the link of a port and has the exerciser wait for its Completions: the port's own Function, which never asked,
    /// does not see them. Without this they are Unexpected Completions (§2.3.2), or are taken for those of the Function's own request with
    /// that tag.
    /// </summary>
    public static void SendAwaited(Port from, in Tlp tlp)
    {
        if (tlp.Header.FlowClass == FlowClass.NonPosted) FabricCare.Of(from.Sim).Await(in tlp.Header);
        Send(from, in tlp);
    }

    /// <summary>The TLP that DWs as they are on the wire stand for, with a body of the port's pool; as in <see cref="Send(Port,
    /// ReadOnlySpan{uint})"/>.</summary>
    /// <exception cref="ArgumentException">There is no whole header in it, or more than a TLP can be.</exception>
    public static Tlp Make(Port from, ReadOnlySpan<uint> dws)
    {
        if (dws.Length > TlpCodec.MaxDwords) throw new ArgumentException($"{dws.Length} DWs are more than a TLP has", nameof(dws));
        return TlpCodec.TryDecode(dws, out var decoded, out _) && !IsHeaderOnly(in decoded)
            ? TlpWire.Read(dws, in decoded, from.Bodies)
            : AsWritten(from, dws);
    }

    /// <summary>
    /// A TLP whose ECRC was computed, and then one bit of which was flipped on its way: bit 0 is the lowest of DW0, header first, payload
    /// behind it. The digest is that of the TLP before.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The TLP has no such bit.</exception>
    public static Tlp WithFlippedBit(Port from, in Tlp tlp, int bit)
    {
        var flipped = tlp;
        flipped.Header.Td = true;
        flipped.Body ??= from.Bodies.Rent(0);
        flipped.Body.Ecrc = 0;
        Span<uint> dws = stackalloc uint[TlpCodec.MaxDwords];
        var n = TlpWire.Write(in flipped, dws);
        flipped.Body.Ecrc = dws[n - 1];
        var headerBits = flipped.Header.HeaderDwords * 32;
        ArgumentOutOfRangeException.ThrowIfNegative(bit);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bit, headerBits + (flipped.Body.Length * 8));
        var mask = 1u << (bit & 31);
        switch (bit / 32)
        {
            case 0: flipped.Header.Dw0 ^= mask; break;
            case 1: flipped.Header.Dw1 ^= mask; break;
            case 2: flipped.Header.Dw2 ^= mask; break;
            case 3 when headerBits == 128: flipped.Header.Dw3 ^= mask; break;
            default:
                var at = bit - headerBits;
                flipped.Body.Bytes[at / 8] ^= (byte)(1 << at % 8);
                break;
        }

        return flipped;
    }

    private static bool IsHeaderOnly(in DecodedTlp decoded) => decoded.PayloadDwords == 0 && decoded.Header.HasData;

    /// <summary>A TLP that breaks a rule: header and payload are what is written, whatever they say of each other.</summary>
    private static Tlp AsWritten(Port from, ReadOnlySpan<uint> dws)
    {
        var prefixes = 0;
        while (prefixes < Math.Min(8, dws.Length) && TlpPrefix.IsPrefix(dws[prefixes])) prefixes++;
        var rest = dws[prefixes..];
        if (rest.Length < 3) throw new ArgumentException($"{rest.Length} DWs are no header; expected three or four", nameof(dws));
        var header = new TlpHeader(rest[0], rest[1], rest[2]);
        if (header.HeaderDwords == 4 && rest.Length > 3) header.Dw3 = rest[3];
        var payload = rest[Math.Min(rest.Length, header.HeaderDwords)..];
        if (payload.Length > 1024) payload = payload[..1024];
        if (prefixes == 0 && payload.Length == 0) return new Tlp(header);
        var body = from.Bodies.Rent(payload.Length * 4);
        for (var i = 0; i < prefixes; i++) body.AddPrefix(dws[i]);
        for (var i = 0; i < payload.Length; i++)
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(body.Data.AsSpan(i * 4), payload[i]);
        return new Tlp(header, body);
    }
}
