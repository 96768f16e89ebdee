using Sim.Pcie.Spec;

namespace Sim.Pcie.Transactions;

/// <summary>Decodes TLPs of the non-FLIT format and names the rule that a malformed one breaks. Allocates nothing.</summary>
public static class TlpCodec
{
    /// <summary>Most DWs that a TLP has: 8 prefixes, 4 header DWs, 1024 of payload, a digest.</summary>
    public const int MaxDwords = 8 + 4 + 1024 + 1;

    /// <summary>
    /// Decodes one TLP. A header alone is fine, as a Header Log has it; a payload, if there is one, must have the length that the header
    /// says.
    /// </summary>
    /// <param name="dws">Prefixes, header, payload, digest; byte 0 of each DW in bits 31:24.</param>
    /// <param name="tlp">The parts, if true is returned.</param>
    /// <param name="broken">The rule that it breaks, None if none.</param>
    /// <returns>True if the TLP is well-formed.</returns>
    public static bool TryDecode(ReadOnlySpan<uint> dws, out DecodedTlp tlp, out TlpRule broken)
    {
        tlp = default;
        if (dws.IsEmpty)
        {
            broken = TlpRule.Empty;
            return false;
        }
        if (TlpPrefix.IsPrefix(dws[0]) && (broken = TlpPrefixRules.Check(dws, ref tlp)) != TlpRule.None)
            return false;
        dws = dws[tlp.PrefixCount..];
        tlp.Header.Dw0 = dws[0];
        if (tlp.Header.Type == TlpType.Reserved)
        {
            broken = TlpRule.FmtType;
            return false;
        }
        int headerDwords = tlp.Header.HeaderDwords;
        if (dws.Length < headerDwords)
        {
            broken = TlpRule.HeaderLength;
            return false;
        }
        tlp.Header.Dw1 = dws[1];
        tlp.Header.Dw2 = dws[2];
        if (headerDwords == 4)
            tlp.Header.Dw3 = dws[3];
        broken = TlpHeaderRules.Check(in tlp.Header, ref tlp.Warnings);
        if (broken == TlpRule.None && dws.Length > headerDwords)
            broken = CheckPayload(dws[headerDwords..], ref tlp);
        return broken == TlpRule.None;
    }

    /// <summary>Checks a header that the simulation built or received; its payload is taken to be as long as it says.</summary>
    /// <param name="header">The header.</param>
    /// <param name="warnings">What is odd about it.</param>
    /// <returns>The rule that it breaks, None if none.</returns>
    public static TlpRule Check(in TlpHeader header, out TlpWarnings warnings)
    {
        warnings = TlpWarnings.None;
        return header.Type == TlpType.Reserved ? TlpRule.FmtType : TlpHeaderRules.Check(in header, ref warnings);
    }

    private static TlpRule CheckPayload(ReadOnlySpan<uint> rest, ref DecodedTlp tlp)
    {
        int data = tlp.Header.PayloadBytes / 4;
        int digest = tlp.Header.Td ? 1 : 0;
        if (rest.Length != data + digest)
            return rest.Length == data + 1 - digest ? TlpRule.Digest : TlpRule.PayloadLength;
        tlp.PayloadDwords = data;
        tlp.HasDigest = digest != 0;
        return TlpRule.None;
    }
}
