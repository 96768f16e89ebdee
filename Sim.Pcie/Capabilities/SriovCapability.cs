using Sim.Pcie.Config;
using Sim.Pcie.Spec;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Capabilities;

/// <summary>SR-IOV Extended Capability of a PF (§9.3.3).</summary>
public sealed class SriovCapability
{
    /// <summary>Bytes of the structure.</summary>
    public const int Length = 0x40;

    private const int FirstVfBar = 0x24;
    private readonly Bar?[] _vfBars = new Bar?[6];

    private SriovCapability(ConfigSpace config, int offset, SriovOptions options)
    {
        (Config, Offset, Options) = (config, offset, options);
        foreach (var spec in options.VfBars)
        {
            var last = spec.Kind is BarKind.Memory64 or BarKind.Memory64Prefetchable ? spec.Index + 1 : spec.Index;
            if (spec.Index < 0 || last > 5 || spec.Kind == BarKind.Io)
                throw new ArgumentException($"{config.Name}: VF BAR{spec.Index} ({spec.Kind}) does not exist; VFs have no I/O (§9.3.3.14)");
            _vfBars[spec.Index] = new(config, offset + FirstVfBar + 4 * spec.Index, spec);
        }
        SizeVfBars();
        UpdateLayout();
        config.OnWrite(Control, 2, OnControlWritten);
        config.OnWrite(offset + 0x10, 2, _ => UpdateLayout());
        config.OnWrite(offset + 0x20, 4, OnPageSizeWritten);
        config.OnReset += _ =>
        {
            SizeVfBars();
            UpdateLayout();
            Lock(false);
        };
    }

    /// <summary>Told when VF Enable changes: VFs appear (after 100 ms for configuration, §9.3.3.3.1) or are gone.</summary>
    public event Action<bool>? OnVfEnable;

    /// <summary>The space it is a view of.</summary>
    public ConfigSpace Config { get; }

    /// <summary>Offset of the capability.</summary>
    public int Offset { get; }

    /// <summary>What it was made with.</summary>
    public SriovOptions Options { get; }

    /// <summary>Offset of SR-IOV Control.</summary>
    public int Control => Offset + 0x08;

    /// <summary>VF Enable.</summary>
    public bool VfEnable => Config.Bit(Control, 0);

    /// <summary>VF MSE: memory decode of all VFs.</summary>
    public bool VfMemorySpaceEnable => Config.Bit(Control, 3);

    /// <summary>ARI Capable Hierarchy.</summary>
    public bool AriCapableHierarchy => Config.Bit(Control, 4);

    /// <summary>NumVFs as software set it, no more than TotalVFs: a greater value enables no VF that does not exist.</summary>
    public int NumVfs => Math.Min((int)Config.Read(Offset + 0x10, 2), Options.TotalVfs);

    /// <summary>First VF Offset as it reads now.</summary>
    public int FirstVfOffset => (int)Config.Read(Offset + 0x14, 2);

    /// <summary>VF Stride as it reads now.</summary>
    public int VfStride => (int)Config.Read(Offset + 0x16, 2);

    /// <summary>System Page Size in bytes.</summary>
    public ulong SystemPageSize => (ulong)(Config.Read(Offset + 0x20) & (uint)-(int)Config.Read(Offset + 0x20)) << 12;

    /// <summary>VF BARs by index; Size is one VF's share, Address that of the first VF.</summary>
    public IReadOnlyList<Bar?> VfBars => _vfBars;

    /// <summary>Places the capability and chains it.</summary>
    /// <exception cref="ArgumentException">VF counts or page sizes contradict the specification.</exception>
    public static SriovCapability Add(ConfigSpace config, int offset, SriovOptions options)
    {
        if (options.TotalVfs is < 0 or > 0xFFFF || (options.SupportedPageSizes & 1) == 0)
            throw new ArgumentException($"{config.Name}: {options.TotalVfs} VFs, page sizes {options.SupportedPageSizes:X}h (§9.3.3)");
        var registers = new List<RegisterSpec>
        {
            new(0x04, 32, "SR-IOV Capabilities", "§9.3.3.2",
                new(1, 1, "ARI Capable Hierarchy Preserved", RO, options.LowestNumberedPf ? 1u : 0),
                new(2, 1, "VF 10-Bit Tag Requester Supported", HwInit, options.TenBitTagRequester ? 1u : 0)),
            new(0x08, 16, "SR-IOV Control", "§9.3.3.3",
                new(0, 1, "VF Enable", RW),
                new(1, 1, "VF Migration Enable", RO),
                new(2, 1, "VF Migration Interrupt Enable", RO),
                new(3, 1, "VF MSE", RW),
                new(4, 1, "ARI Capable Hierarchy", options.LowestNumberedPf ? RW : RO, SurvivesFlr: true),
                new(5, 1, "VF 10-Bit Tag Requester Enable", options.TenBitTagRequester ? RW : RO)),
            new(0x0A, 16, "SR-IOV Status", "§9.3.3.4"),
            RegisterSpec.Whole(0x0C, 16, "InitialVFs", "§9.3.3.5", HwInit, (uint)options.TotalVfs),
            RegisterSpec.Whole(0x0E, 16, "TotalVFs", "§9.3.3.6", HwInit, (uint)options.TotalVfs),
            RegisterSpec.Whole(0x10, 16, "NumVFs", "§9.3.3.7", RW),
            RegisterSpec.Whole(0x12, 8, "Function Dependency Link", "§9.3.3.8", HwInit, options.FunctionDependencyLink),
            RegisterSpec.Whole(0x14, 16, "First VF Offset", "§9.3.3.9", RO),
            RegisterSpec.Whole(0x16, 16, "VF Stride", "§9.3.3.10", RO),
            RegisterSpec.Whole(0x1A, 16, "VF Device ID", "§9.3.3.11", HwInit, options.VfDeviceId),
            RegisterSpec.Whole(0x1C, 32, "Supported Page Sizes", "§9.3.3.12", RO, options.SupportedPageSizes),
            RegisterSpec.Whole(0x20, 32, "System Page Size", "§9.3.3.13", RW, 1),
            RegisterSpec.Whole(0x3C, 32, "VF Migration State Array Offset", "§9.3.3.15", RO),
        };
        for (var index = 0; index < 6; index++)
            registers.Add(RegisterSpec.Whole(FirstVfBar + 4 * index, 32, $"VF BAR{index}", "§9.3.3.14", RO));
        config.Place(offset, new("SR-IOV", Length, [.. registers]));
        config.ChainExtendedCapability(ExtendedCapabilityId.SingleRootIov, 1, offset);
        return new(config, offset, options);
    }

    /// <summary>Routing ID of a VF (§9.2.1.2).</summary>
    /// <param name="physical">The PF's Routing ID.</param>
    /// <param name="index">0 for the first VF.</param>
    public RoutingId VfRoutingId(RoutingId physical, int index) => new((ushort)(physical.Value + FirstVfOffset + index * VfStride));

    /// <summary>Address of a VF's share of a VF BAR.</summary>
    /// <param name="bar">VF BAR index.</param>
    /// <param name="index">0 for the first VF.</param>
    public ulong VfBarAddress(int bar, int index) => _vfBars[bar] is { } found
        ? found.Address + found.Size * (ulong)index
        : throw new ArgumentException($"{Config.Name} has no VF BAR{bar}");

    /// <summary>The VF whose share of a VF BAR holds a memory address; false if none, if VF Enable or VF MSE is clear.</summary>
    public bool TryDecode(ulong address, out int index, out int bar, out ulong offset)
    {
        (index, bar, offset) = (0, 0, 0);
        if (!VfEnable || !VfMemorySpaceEnable)
            return false;
        foreach (var candidate in _vfBars)
        {
            if (candidate is null || address - candidate.Address >= candidate.Size * (ulong)NumVfs)
                continue;
            var at = address - candidate.Address;
            (index, bar, offset) = ((int)(at / candidate.Size), candidate.Index, at % candidate.Size);
            return true;
        }
        return false;
    }

    private void OnControlWritten(ConfigWrite write)
    {
        var shift = (Control & 3) * 8;
        UpdateLayout();
        if (((write.Old ^ write.New) >> shift & 1) == 0)
            return;
        Lock(VfEnable);
        OnVfEnable?.Invoke(VfEnable);
    }

    private void OnPageSizeWritten(ConfigWrite write)
    {
        // Exactly one supported size (§9.3.3.13); anything else is undefined there and ignored here.
        if (write.New == 0 || (write.New & (write.New - 1)) != 0 || (write.New & Options.SupportedPageSizes) == 0)
            Config.HwSet(Offset + 0x20, 4, write.Old);
        SizeVfBars();
    }

    // NumVFs, ARI Capable Hierarchy and System Page Size must not change while VF Enable is set (§9.3.3.3.5, §9.3.3.7, §9.3.3.13).
    private void Lock(bool enabled)
    {
        var access = enabled ? RO : RW;
        Config.SetAccess(Offset + 0x10, 2, 0xFFFF, access);
        Config.SetAccess(Offset + 0x20, 4, 0xFFFF_FFFF, access);
        if (Options.LowestNumberedPf)
            Config.SetAccess(Control, 2, 1u << 4, access, survivesFlr: true);
    }

    private void UpdateLayout()
    {
        var ari = AriCapableHierarchy;
        var offset = ari ? Options.FirstVfOffset : Options.FirstVfOffsetWithoutAri ?? Options.FirstVfOffset;
        var stride = ari ? Options.VfStride : Options.VfStrideWithoutAri ?? Options.VfStride;
        foreach (var layout in Options.Layouts)
        {
            if (NumVfs > layout.MaxVfs) continue;
            (offset, stride) = (layout.FirstVfOffset, layout.VfStride);
            break;
        }

        Config.HwSet(Offset + 0x14, 2, (uint)offset);
        Config.HwSet(Offset + 0x16, 2, (uint)stride);
    }

    private void SizeVfBars()
    {
        foreach (var spec in Options.VfBars)
            _vfBars[spec.Index]!.Size = Math.Max(spec.Size, SystemPageSize);
    }
}
