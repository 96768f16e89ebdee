namespace Sim.Pcie.Spec;

/// <summary>
/// What makes a TLP a Malformed TLP, as far as its own bits tell (§2.2, §2.3); <see cref="TlpRules"/> has text and section.
/// </summary>
public enum TlpRule : byte
{
    /// <summary>No rule is broken.</summary>
    None,

    /// <summary>Nothing to decode.</summary>
    Empty,

    /// <summary>The input is not the hexadecimal text or the object of a TLP at all.</summary>
    Input,

    /// <summary>Fmt and Type are a reserved combination.</summary>
    FmtType,

    /// <summary>Fewer DWs than the header that Fmt announces.</summary>
    HeaderLength,

    /// <summary>TLP Prefixes without a header behind them.</summary>
    PrefixWithoutHeader,

    /// <summary>A Local TLP Prefix behind an End-End TLP Prefix.</summary>
    PrefixOrder,

    /// <summary>More than four End-End TLP Prefixes.</summary>
    EndEndPrefixCount,

    /// <summary>More Local TLP Prefixes than any Receiver of ours takes.</summary>
    LocalPrefixCount,

    /// <summary>A reserved or FLIT-mode Local TLP Prefix.</summary>
    LocalPrefixType,

    /// <summary>A second PASID TLP Prefix.</summary>
    PasidPrefixCount,

    /// <summary>The payload is not as long as Length says.</summary>
    PayloadLength,

    /// <summary>TD and the presence of a TLP Digest disagree.</summary>
    Digest,

    /// <summary>First DW BE is 0 with more than one DW.</summary>
    FirstBeZero,

    /// <summary>Last DW BE is 0 with more than one DW.</summary>
    LastBeZero,

    /// <summary>Last DW BE is not 0 with one DW.</summary>
    LastBeOneDword,

    /// <summary>Byte enables have a gap where none is permitted.</summary>
    ByteEnableGap,

    /// <summary>The access crosses a 4 KiB boundary.</summary>
    Crosses4K,

    /// <summary>An AtomicOp's Length is no architected operand size.</summary>
    AtomicLength,

    /// <summary>An AtomicOp's address is not aligned to its operand.</summary>
    AtomicAlignment,

    /// <summary>An I/O or Configuration Request with a Traffic Class other than 0.</summary>
    RequestTc,

    /// <summary>An I/O or Configuration Request with Attr[1:0] other than 0.</summary>
    RequestAttributes,

    /// <summary>An I/O or Configuration Request with a Length other than 1.</summary>
    RequestLength,

    /// <summary>A Message that must use TC0 does not.</summary>
    MessageTc,

    /// <summary>A Message other than PME_TO_Ack is gathered and routed to the Root Complex.</summary>
    MessageGathered,

    /// <summary>A DRS, FRS or Hierarchy ID Message with another type, routing or length than it has.</summary>
    ReadinessMessage,

    /// <summary>A Completion that is not the last ends off a Read Completion Boundary.</summary>
    CompletionBoundary,

    /// <summary>A Completion has more data than its Byte Count leaves.</summary>
    CompletionLength,

    /// <summary>A FLIT-mode header: out of scope (DEVIATIONS.md).</summary>
    FlitMode,
}
