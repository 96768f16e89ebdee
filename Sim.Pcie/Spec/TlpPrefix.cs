namespace Sim.Pcie.Spec;

/// <summary>One TLP Prefix DW, byte 0 in bits 31:24 (§2.2.10).</summary>
/// <param name="Value">The DW as sent.</param>
public readonly record struct TlpPrefix(uint Value)
{
    /// <summary>Fmt is 100b: the DW is a TLP Prefix.</summary>
    public static bool IsPrefix(uint dw) => dw >> 29 == 4;

    /// <summary>An End-End TLP Prefix, Type[4] set; otherwise a Local one.</summary>
    public bool IsEndEnd => (Value & 1u << 28) != 0;

    /// <summary>L[3:0] or E[3:0].</summary>
    public int Number => (int)(Value >> 24 & 0xF);

    /// <summary>Which prefix it is (§2.2.10.2, Table 2-38; §2.2.10.4, Table 2-39).</summary>
    public TlpPrefixType Type => (IsEndEnd, Number) switch
    {
        (false, 0) => TlpPrefixType.MrIov,
        (false, 13) => TlpPrefixType.FlitMode,
        (false, 14) => TlpPrefixType.VendPrefixL0,
        (false, 15) => TlpPrefixType.VendPrefixL1,
        (true, 0) => TlpPrefixType.Tph,
        (true, 1) => TlpPrefixType.Pasid,
        (true, 2) => TlpPrefixType.Ide,
        (true, 14) => TlpPrefixType.VendPrefixE0,
        (true, 15) => TlpPrefixType.VendPrefixE1,
        _ => TlpPrefixType.Reserved,
    };

    /// <summary>The specification's name of the type.</summary>
    public string Name => Type switch
    {
        TlpPrefixType.MrIov => "MR-IOV",
        TlpPrefixType.FlitMode => "FlitModePrefix",
        TlpPrefixType.Tph => "TPH",
        TlpPrefixType.Pasid => "PASID",
        TlpPrefixType.Ide => "IDE",
        TlpPrefixType.Reserved => "reserved",
        var vendor => vendor.ToString(),
    };

    /// <summary>PASID of a PASID TLP Prefix, 20 bits (§6.20.2.1, Table 6-15).</summary>
    public int PasidValue => (int)(Value & 0xFFFFF);

    /// <summary>Execute Requested of a PASID TLP Prefix.</summary>
    public bool ExecuteRequested => (Value & 1u << 22) != 0;

    /// <summary>Privileged Mode Requested of a PASID TLP Prefix.</summary>
    public bool PrivilegedModeRequested => (Value & 1u << 23) != 0;

    /// <summary>ST[15:8] of a TPH TLP Prefix (§2.2.7.1.1).</summary>
    public int SteeringTagHigh => (int)(Value >> 16 & 0xFF);

    /// <summary>A PASID TLP Prefix.</summary>
    /// <param name="pasid">20 bits.</param>
    /// <param name="execute">Execute Requested.</param>
    /// <param name="privileged">Privileged Mode Requested.</param>
    public static TlpPrefix Pasid(int pasid, bool execute = false, bool privileged = false) =>
        new(0x91000000 | (uint)pasid & 0xFFFFF | (execute ? 1u << 22 : 0) | (privileged ? 1u << 23 : 0));

    /// <summary>A TPH TLP Prefix that extends the Steering Tag.</summary>
    /// <param name="steeringTagHigh">ST[15:8].</param>
    public static TlpPrefix Tph(int steeringTagHigh) => new(0x90000000 | ((uint)steeringTagHigh & 0xFF) << 16);

    /// <summary>Bits that this type of prefix reserves and that are set.</summary>
    public uint ReservedBits => Type switch
    {
        TlpPrefixType.Pasid => Value & 0x00300000,
        TlpPrefixType.Tph => Value & 0x00000FFF, // ST, AMA and AV end with byte 2 bit 4
        _ => 0,
    };
}
