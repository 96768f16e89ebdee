namespace Sim.Pcie.Spec;

/// <summary>The TLP Prefix types (§2.2.10, Tables 2-38 and 2-39).</summary>
public enum TlpPrefixType : byte
{
    /// <summary>A reserved L[3:0] or E[3:0].</summary>
    Reserved,

    /// <summary>Local: MR-IOV.</summary>
    MrIov,

    /// <summary>Local: FLIT mode only.</summary>
    FlitMode,

    /// <summary>Local: vendor-defined 0.</summary>
    VendPrefixL0,

    /// <summary>Local: vendor-defined 1.</summary>
    VendPrefixL1,

    /// <summary>End-End: TPH, extends the Steering Tag.</summary>
    Tph,

    /// <summary>End-End: PASID.</summary>
    Pasid,

    /// <summary>End-End: IDE.</summary>
    Ide,

    /// <summary>End-End: vendor-defined 0.</summary>
    VendPrefixE0,

    /// <summary>End-End: vendor-defined 1.</summary>
    VendPrefixE1,
}
