namespace Sim.Vfio.Kernel;

/// <summary>The AER registers of one Function as software read them (§7.8.4).</summary>
/// <param name="UncorrectableStatus">Uncorrectable Error Status, +04h.</param>
/// <param name="UncorrectableMask">Uncorrectable Error Mask, +08h.</param>
/// <param name="UncorrectableSeverity">Uncorrectable Error Severity, +0Ch.</param>
/// <param name="CorrectableStatus">Correctable Error Status, +10h.</param>
/// <param name="CorrectableMask">Correctable Error Mask, +14h.</param>
/// <param name="Control">Advanced Error Capabilities and Control, +18h; First Error Pointer in 4:0.</param>
/// <param name="Header">Header Log, +1Ch.</param>
public readonly record struct AerRegisters(
    uint UncorrectableStatus,
    uint UncorrectableMask,
    uint UncorrectableSeverity,
    uint CorrectableStatus,
    uint CorrectableMask,
    uint Control,
    HeaderLog Header)
{
    /// <summary>First Error Pointer: the number of the first uncorrectable status bit.</summary>
    public int FirstErrorPointer => (int)(Control & 0x1F);

    /// <summary>Status of the errors that a Message of <paramref name="severity"/> is about.</summary>
    public uint StatusFor(AerSeverity severity) => severity == AerSeverity.Correctable ? CorrectableStatus : UncorrectableStatus;

    /// <summary>Mask of the errors that a Message of <paramref name="severity"/> is about.</summary>
    public uint MaskFor(AerSeverity severity) => severity == AerSeverity.Correctable ? CorrectableMask : UncorrectableMask;

    /// <summary>Whether an unmasked error of that kind is logged.</summary>
    public bool HasUnmasked(AerSeverity severity) => (StatusFor(severity) & ~MaskFor(severity)) != 0;
}

/// <summary>The four DWs of the Header Log registers (§7.8.4.8).</summary>
/// <param name="Dw0">Header bytes 0 to 3, byte 0 in bits 31:24.</param>
/// <param name="Dw1">Header bytes 4 to 7.</param>
/// <param name="Dw2">Header bytes 8 to 11.</param>
/// <param name="Dw3">Header bytes 12 to 15.</param>
public readonly record struct HeaderLog(uint Dw0, uint Dw1, uint Dw2, uint Dw3);
