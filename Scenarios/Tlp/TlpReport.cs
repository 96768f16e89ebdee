using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Scenarios.Tlp;

/// <summary>One decoded TLP as the outputs show it: the parts, and every warning in words. Reused from line to line.</summary>
internal sealed class TlpReport
{
    private readonly List<string> _warnings = [];

    /// <summary>The parts.</summary>
    public DecodedTlp Tlp;

    /// <summary>Warnings in words.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Sequence number of a TLP as on the Link; null without Data Link Layer framing.</summary>
    public int? Sequence { get; private set; }

    /// <summary>LCRC of a TLP as on the Link.</summary>
    public uint Lcrc { get; private set; }

    /// <summary>Decodes; false with the rule broken.</summary>
    public bool Decode(ReadOnlySpan<uint> dws, uint? droppedLogDword, out TlpRule broken)
    {
        _warnings.Clear();
        Sequence = null;
        if (!TlpCodec.TryDecode(dws, out Tlp, out broken))
            return false;
        if (Tlp.HasDigest && Ecrc.Compute(dws[..^1]) is var ecrc && ecrc != dws[^1])
            _warnings.Add($"the ECRC does not match: 0x{ecrc:x8} was expected (§2.7.1)");
        if (droppedLogDword is { } dropped)
            _warnings.Add($"the Header Log's fourth DW {dropped:x8} is no part of a 3 DW header (§7.8.4.8)");
        TlpDescription.AddWarnings(_warnings, in Tlp, dws);
        return true;
    }

    /// <summary>Adds what the Data Link Layer put around the TLP (§3.6.2.1).</summary>
    public void AddFraming(int sequenceField, uint lcrc, ReadOnlySpan<uint> dws)
    {
        Sequence = sequenceField & 0xFFF;
        Lcrc = lcrc;
        if (sequenceField >> 12 != 0)
            _warnings.Add("the four bits in front of the sequence number are reserved (§3.6.2.1)");
        uint expected = Sim.Pcie.Transactions.Lcrc.Compute(sequenceField, dws);
        if (lcrc == ~expected)
            _warnings.Add("the LCRC is inverted: a nullified TLP (§3.6.2.1)");
        else if (lcrc != expected)
            _warnings.Add($"the LCRC does not match: 0x{expected:x8} was expected (§3.6.2.1)");
    }
}
