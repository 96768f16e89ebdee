namespace Sim.Pcie.Spec;

/// <summary>The PCI-SIG's own Vendor_Defined Type 1 Messages (§2.2.8.6.2 to §2.2.8.6.4).</summary>
public enum ReadinessMessage : byte
{
    /// <summary>None of them.</summary>
    None,

    /// <summary>Device Readiness Status, Subtype 08h.</summary>
    Drs,

    /// <summary>Function Readiness Status, Subtype 09h.</summary>
    Frs,

    /// <summary>Hierarchy ID, Subtype 01h.</summary>
    HierarchyId,
}
