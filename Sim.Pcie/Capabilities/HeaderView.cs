using Sim.Pcie.Config;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Capabilities;

/// <summary>Who a Function says it is: the identity registers of its header (§7.5.1.1).</summary>
/// <param name="VendorId">Vendor ID.</param>
/// <param name="DeviceId">Device ID.</param>
/// <param name="ClassCode">Base class, sub-class, programming interface: 020000h is an Ethernet controller.</param>
public sealed record FunctionIdentity(ushort VendorId, ushort DeviceId, uint ClassCode)
{
    /// <summary>Revision ID.</summary>
    public byte RevisionId { get; init; }

    /// <summary>Subsystem Vendor ID; Type 0 only.</summary>
    public ushort SubsystemVendorId { get; init; }

    /// <summary>Subsystem ID; Type 0 only.</summary>
    public ushort SubsystemId { get; init; }

    /// <summary>Interrupt Pin: 0 none, 1 INTA to 4 INTD.</summary>
    public byte InterruptPin { get; init; }

    /// <summary>Header Type bit 7: other Functions may share the Device.</summary>
    public bool MultiFunction { get; init; }
}

/// <summary>The registers that both header types have (§7.5.1.1).</summary>
public abstract class HeaderView
{
    /// <summary>Offset of Command.</summary>
    public const int CommandOffset = 0x04;

    /// <summary>Offset of Status.</summary>
    public const int StatusOffset = 0x06;

    /// <summary>Command bit: I/O Space Enable.</summary>
    public const int IoSpaceEnable = 0;

    /// <summary>Command bit: Memory Space Enable.</summary>
    public const int MemorySpaceEnable = 1;

    /// <summary>Command bit: Bus Master Enable.</summary>
    public const int BusMasterEnable = 2;

    /// <summary>Command bit: Parity Error Response.</summary>
    public const int ParityErrorResponse = 6;

    /// <summary>Command bit: SERR# Enable.</summary>
    public const int SerrEnable = 8;

    /// <summary>Command bit: Interrupt Disable.</summary>
    public const int InterruptDisable = 10;

    /// <summary>Status bit: Signaled System Error.</summary>
    public const int SignaledSystemError = 14;

    /// <summary>Status bit: Signaled Target Abort.</summary>
    public const int SignaledTargetAbort = 11;

    /// <summary>Status bit: Received Target Abort.</summary>
    public const int ReceivedTargetAbort = 12;

    /// <summary>Status bit: Received Master Abort.</summary>
    public const int ReceivedMasterAbort = 13;

    /// <summary>Status bit: Detected Parity Error.</summary>
    public const int DetectedParityError = 15;

    private const int FirstBar = 0x10;
    private readonly Bar?[] _bars = new Bar?[6];

    private protected HeaderView(ConfigSpace config) => Config = config;

    /// <summary>The space it is a view of.</summary>
    public ConfigSpace Config { get; }

    /// <summary>Command.I/O Space Enable.</summary>
    public bool IoEnabled => Config.Bit(CommandOffset, IoSpaceEnable);

    /// <summary>Command.Memory Space Enable.</summary>
    public bool MemoryEnabled => Config.Bit(CommandOffset, MemorySpaceEnable);

    /// <summary>Command.Bus Master Enable.</summary>
    public bool BusMasterEnabled => Config.Bit(CommandOffset, BusMasterEnable);

    /// <summary>Command.SERR# Enable.</summary>
    public bool SerrEnabled => Config.Bit(CommandOffset, SerrEnable);

    /// <summary>Command.Interrupt Disable.</summary>
    public bool InterruptDisabled => Config.Bit(CommandOffset, InterruptDisable);

    /// <summary>BARs by index; null where there is none, or where a 64-bit BAR's upper half lies.</summary>
    public IReadOnlyList<Bar?> Bars => _bars;

    /// <summary>The BAR that claims a memory address, or null. Memory Space Enable is the caller's to check.</summary>
    public Bar? FindMemoryBar(ulong address)
    {
        foreach (var bar in _bars)
            if (bar is { IsIo: false } && bar.Contains(address))
                return bar;
        return null;
    }

    /// <summary>Sets bits of Status, which software clears by writing 1.</summary>
    /// <param name="bit">Bit number.</param>
    public void SetStatus(int bit) => Config.HwSetBits(StatusOffset, 2, 1u << bit);

    private protected static RegisterSpec[] Common(FunctionIdentity identity, int headerType) =>
    [
        RegisterSpec.Whole(0x00, 16, "Vendor ID", "§7.5.1.1.1", HwInit, identity.VendorId),
        RegisterSpec.Whole(0x02, 16, "Device ID", "§7.5.1.1.2", HwInit, identity.DeviceId),
        new(0x04, 16, "Command", "§7.5.1.1.3",
            new(0, 1, "I/O Space Enable", RW),
            new(1, 1, "Memory Space Enable", RW),
            new(2, 1, "Bus Master Enable", RW),
            new(6, 1, "Parity Error Response", RW),
            new(8, 1, "SERR# Enable", RW),
            new(10, 1, "Interrupt Disable", RW)),
        new(0x06, 16, "Status", "§7.5.1.1.4",
            new(0, 1, "Immediate Readiness", RO),
            new(3, 1, "Interrupt Status", RO),
            new(4, 1, "Capabilities List", RO),
            new(8, 1, "Master Data Parity Error", RW1C),
            new(11, 1, "Signaled Target Abort", RW1C),
            new(12, 1, "Received Target Abort", RW1C),
            new(13, 1, "Received Master Abort", RW1C),
            new(14, 1, "Signaled System Error", RW1C),
            new(15, 1, "Detected Parity Error", RW1C)),
        RegisterSpec.Whole(0x08, 8, "Revision ID", "§7.5.1.1.5", HwInit, identity.RevisionId),
        RegisterSpec.Whole(0x09, 8, "Programming Interface", "§7.5.1.1.6", RO, identity.ClassCode & 0xFF),
        RegisterSpec.Whole(0x0A, 16, "Class Code", "§7.5.1.1.6", RO, identity.ClassCode >> 8),
        RegisterSpec.Whole(0x0C, 8, "Cache Line Size", "§7.5.1.1.7", RW),
        RegisterSpec.Whole(0x0D, 8, "Latency Timer", "§7.5.1.1.8", RO),
        RegisterSpec.Whole(0x0E, 8, "Header Type", "§7.5.1.1.9", RO, (uint)headerType | (identity.MultiFunction ? 0x80u : 0)),
        RegisterSpec.Whole(0x34, 8, "Capabilities Pointer", "§7.5.1.1.11", RO),
        RegisterSpec.Whole(0x3C, 8, "Interrupt Line", "§7.5.1.1.12", RW),
        RegisterSpec.Whole(0x3D, 8, "Interrupt Pin", "§7.5.1.1.13", RO, identity.InterruptPin),
    ];

    private protected static IEnumerable<RegisterSpec> BarRegisters(int count)
    {
        for (var index = 0; index < count; index++)
            yield return RegisterSpec.Whole(FirstBar + 4 * index, 32, $"Base Address Register {index}", "§7.5.1.2.1", RO);
    }

    private protected void AddBars(int count, IEnumerable<BarSpec> bars)
    {
        foreach (var spec in bars)
        {
            var last = spec.Kind is BarKind.Memory64 or BarKind.Memory64Prefetchable ? spec.Index + 1 : spec.Index;
            var upperHalfBefore = spec.Index > 0 && spec.Index <= count && _bars[spec.Index - 1] is { Is64: true };
            if (spec.Index < 0 || last >= count || _bars[spec.Index] is not null || _bars[last] is not null || upperHalfBefore)
                throw new ArgumentException($"{Config.Name}: BAR{spec.Index} ({spec.Kind}) does not fit {count} registers or overlaps");
            _bars[spec.Index] = new(Config, FirstBar + 4 * spec.Index, spec);
        }
    }
}
