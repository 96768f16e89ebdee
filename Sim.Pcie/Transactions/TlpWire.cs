using System.Buffers.Binary;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Transactions;

/// <summary>
/// A simulated TLP to the DWs on the wire and back, for traces, captures and the codec. The DWs have byte 0 in bits 31:24.
/// </summary>
public static class TlpWire
{
    /// <summary>Writes prefixes, header, payload and digest. Bytes that are not enabled, and content that is not modelled, are 0.</summary>
    /// <param name="tlp">The TLP.</param>
    /// <param name="dws">At least <see cref="Tlp.WireBytes"/> / 4 of room.</param>
    /// <returns>DWs written.</returns>
    public static int Write(in Tlp tlp, Span<uint> dws)
    {
        int at = 0;
        if (tlp.Body is { PrefixCount: > 0 } body)
        {
            body.Prefixes.CopyTo(dws);
            at = body.PrefixCount;
        }
        dws[at++] = tlp.Header.Dw0;
        dws[at++] = tlp.Header.Dw1;
        dws[at++] = tlp.Header.Dw2;
        if (tlp.Header.HeaderDwords == 4)
            dws[at++] = tlp.Header.Dw3;
        int payload = tlp.PayloadBytes / 4;
        if (payload > 0)
            WritePayload(in tlp, dws.Slice(at, payload));
        at += payload;
        if (tlp.Header.Td)
        {
            uint sent = tlp.Body?.Ecrc ?? 0;
            dws[at] = sent != 0 ? sent : Ecrc.Compute(dws[..at]); // 0: nobody computed it, so take it as right
            at++;
        }
        return at;
    }

    /// <summary>Builds a TLP from what was decoded; its body, if it needs one, is rented.</summary>
    /// <param name="dws">The DWs that were decoded.</param>
    /// <param name="decoded">What <see cref="TlpCodec.TryDecode"/> made of them.</param>
    /// <param name="pool">Lends the body.</param>
    public static Tlp Read(ReadOnlySpan<uint> dws, in DecodedTlp decoded, TlpBodyPool pool)
    {
        if (decoded.PrefixCount == 0 && decoded.PayloadDwords == 0 && !decoded.HasDigest)
            return new(decoded.Header);
        int skipped = FirstByteOffset(in decoded.Header);
        int bytes = decoded.PayloadDwords == 0 ? 0 : Math.Min(DataBytes(in decoded.Header), decoded.PayloadDwords * 4 - skipped);
        var body = pool.Rent(bytes);
        foreach (uint prefix in dws[..decoded.PrefixCount])
            body.AddPrefix(prefix);
        for (int i = 0; i < bytes; i++)
        {
            int position = i + skipped;
            body.Data[i] = (byte)(dws[decoded.PayloadStart + position / 4] >> 24 - position % 4 * 8);
        }
        if (decoded.HasDigest)
            body.Ecrc = dws[decoded.PayloadStart + decoded.PayloadDwords];
        return new(decoded.Header, body);
    }

    /// <summary>
    /// Where in the first payload DW the body's first byte lies: memory writes and their like, and memory read Completions.
    /// </summary>
    public static int FirstByteOffset(in TlpHeader header) => header.Type switch
    {
        TlpType.MWr or TlpType.DMWr => (int)(header.FirstByteAddress & 3),
        TlpType.CplD or TlpType.CplDLk => header.LowerAddress & 3,
        _ => 0,
    };

    /// <summary>Bytes that the body of such a TLP has: without those that only fill up DWs.</summary>
    public static int DataBytes(in TlpHeader header) => header.Type switch
    {
        TlpType.MWr or TlpType.DMWr => header.EnabledBytes,
        TlpType.CplD or TlpType.CplDLk => Math.Min(header.ByteCount, header.PayloadBytes - (header.LowerAddress & 3)),
        _ => header.PayloadBytes,
    };

    private static void WritePayload(in Tlp tlp, Span<uint> dws)
    {
        dws.Clear();
        if (tlp.Body is not { Length: > 0 } body)
            return;
        int skipped = FirstByteOffset(in tlp.Header);
        int bytes = Math.Min(body.Length, dws.Length * 4 - skipped);
        if (skipped == 0)
        {
            int whole = bytes / 4;
            for (int i = 0; i < whole; i++)
                dws[i] = BinaryPrimitives.ReadUInt32BigEndian(body.Data.AsSpan(i * 4));
            for (int i = whole * 4; i < bytes; i++)
                dws[i / 4] |= (uint)body.Data[i] << 24 - i % 4 * 8;
            return;
        }
        for (int i = 0; i < bytes; i++)
        {
            int position = i + skipped;
            dws[position / 4] |= (uint)body.Data[i] << 24 - position % 4 * 8;
        }
    }
}
