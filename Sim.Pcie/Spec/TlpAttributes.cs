namespace Sim.Pcie.Spec;

/// <summary>Attr[2:0] of a TLP (§2.2.6.3): bit 2 sits in DW0 bit 18, bits 1:0 in DW0 bits 13:12.</summary>
[Flags]
public enum TlpAttributes : byte
{
    /// <summary>Default ordering, snooped.</summary>
    None = 0,

    /// <summary>No Snoop (§2.2.6.5).</summary>
    NoSnoop = 1,

    /// <summary>Relaxed Ordering (§2.2.6.4).</summary>
    RelaxedOrdering = 2,

    /// <summary>ID-Based Ordering (§2.2.6.4).</summary>
    IdBasedOrdering = 4,
}
