using Sim.Pcie.Spec;

namespace Sim.Pcie.Transactions;

/// <summary>The rules for TLP Prefixes in front of a header (§2.2.10).</summary>
internal static class TlpPrefixRules
{
    private const int MaxEndEnd = 4; // §2.2.10.4
    private const int MaxLocal = 4;  // the specification has no limit; ours keeps a TLP within TlpCodec.MaxDwords

    /// <summary>Counts the prefixes into <paramref name="tlp"/>; there is a DW behind them if no rule is broken.</summary>
    public static TlpRule Check(ReadOnlySpan<uint> dws, ref DecodedTlp tlp)
    {
        int local = 0, endEnd = 0, pasid = 0, i = 0;
        for (; i < dws.Length && TlpPrefix.IsPrefix(dws[i]); i++)
        {
            var prefix = new TlpPrefix(dws[i]);
            if (prefix.ReservedBits != 0)
                tlp.Warnings |= TlpWarnings.ReservedBits;
            if (prefix.IsEndEnd)
            {
                endEnd++;
                if (prefix.Type == TlpPrefixType.Reserved)
                    tlp.Warnings |= TlpWarnings.EndEndPrefixReserved;
                else if (prefix.Type == TlpPrefixType.Pasid && ++pasid > 1)
                    return TlpRule.PasidPrefixCount;
            }
            else
            {
                local++;
                if (endEnd > 0)
                    return TlpRule.PrefixOrder;
                if (prefix.Type is TlpPrefixType.Reserved or TlpPrefixType.FlitMode)
                    return TlpRule.LocalPrefixType;
            }
            if (endEnd > MaxEndEnd)
                return TlpRule.EndEndPrefixCount;
            if (local > MaxLocal)
                return TlpRule.LocalPrefixCount;
        }
        tlp.PrefixCount = i;
        return i == dws.Length ? TlpRule.PrefixWithoutHeader : TlpRule.None;
    }
}
