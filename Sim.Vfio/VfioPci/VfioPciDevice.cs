using Sim.Core;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;

namespace Sim.Vfio.VfioPci;

/// <summary>A device opened through vfio-pci: mappings and their revocation, the region read and write path, reset, interrupts,
/// migration.</summary>
public sealed partial class VfioPciDevice
{
    private static readonly SimDuration FaultLatency = SimDuration.FromMicroseconds(1);

    private readonly List<VfioMapping> _mappings = [];
    private readonly HostMutex _memoryLock = new();
    private readonly IVariantDriver? _variant;
    private bool _leavingResponsiveState;
    private bool _virtualMemoryEnable = true;

    /// <summary>Binds the driver and opens the device.</summary>
    /// <param name="kernel">The host.</param>
    /// <param name="function">The Function; from now on its driver is this one.</param>
    /// <param name="context">Who uses it.</param>
    /// <param name="policy">When access is revoked.</param>
    /// <param name="variant">The migration driver; null for plain vfio-pci.</param>
    public VfioPciDevice(
        HostKernel kernel, PciFunction function, string context, RevokePolicy policy = RevokePolicy.None, IVariantDriver? variant = null)
    {
        (Kernel, Function, Policy, _variant) = (kernel, function, policy, variant);
        function.Context = context;
        function.Driver = new VfioPciDriver(this, variant?.Name ?? "vfio-pci");
        DirtyLog = new(variant?.DirtyLog);
        if (variant is null) return;
        Migration = new(kernel.Sim, variant) { BeforeStep = BeforeStepAsync, AfterStep = AfterStepAsync };
    }

    /// <summary>The host.</summary>
    public HostKernel Kernel { get; }

    /// <summary>The Function.</summary>
    public PciFunction Function { get; }

    /// <summary>When access is revoked.</summary>
    public RevokePolicy Policy { get; }

    /// <summary>Its migration states; null without a variant driver.</summary>
    public VfioMigration? Migration { get; }

    /// <summary>Whether the migration driver is told of a reset, as it must be; a driver that is not keeps a state that is no longer
    /// true.</summary>
    public bool NotifiesResetDone { get; init; } = true;

    /// <summary>Its log of DMA writes.</summary>
    public VfioDirtyLog DirtyLog { get; }

    /// <summary>The user's error eventfd: called for every error that recovery tells this driver of.</summary>
    public Action<ChannelState>? ErrorEventFd { get; set; }

    /// <summary>The kernel's memory_enabled: the virtual COMMAND.MEM, which for a VF counts as always set.</summary>
    public bool MemoryEnabled => Function.IsVirtual || _virtualMemoryEnable;

    /// <summary>Whether the revoke policy holds now: the device is in, or on its way to, a state in which it need not respond.</summary>
    public bool IsRevoked => Policy != RevokePolicy.None && Migration is { } migration
        && (_leavingResponsiveState || !VfioMigration.RespondsToMmio(migration.State));

    /// <summary>Host physical address of a BAR.</summary>
    /// <exception cref="ArgumentException">The Function has no such memory BAR.</exception>
    public ulong BarAddress(int bar) => Bar(bar).Address;

    /// <summary>Bytes of a BAR that users see; a variant driver may keep the upper part.</summary>
    public ulong UserBarBytes(int bar) => _variant?.UserBarBytes(bar) ?? Bar(bar).Size;

    /// <summary>mmap() of part of a BAR.</summary>
    /// <returns>EINVAL where the range is not the user's.</returns>
    public (Errno Error, VfioMapping? Mapping) Map(int bar, ulong offset, ulong length)
    {
        if (length == 0 || offset + length > UserBarBytes(bar)) return (Errno.EINVAL, null);
        var mapping = new VfioMapping(this, bar, offset, length);
        _mappings.Add(mapping);
        return (Errno.None, mapping);
    }

    /// <summary>mmap() of all of a BAR that users see.</summary>
    public VfioMapping Map(int bar) => Map(bar, 0, UserBarBytes(bar)).Mapping!;

    /// <summary>Removes the page table entries of every mapping. Accesses already issued go on.</summary>
    public void Zap()
    {
        foreach (var mapping in _mappings) mapping.IsPresent = false;
    }

    /// <summary>The page fault: waits for a reset under way, then installs the mapping's entries or refuses.</summary>
    internal async Task<bool> FaultAsync(VfioMapping mapping)
    {
        await Kernel.Sim.Delay(FaultLatency);
        if (!Kernel.Policy.BlocksDisabledMemory && !IsRevoked)
        {
            // Before 5.8 mmap() itself filled the page tables, for good.
            mapping.IsPresent = true;
            return true;
        }

        using var held = await _memoryLock.LockAsync();
        if (!MemoryEnabled || IsRevoked) return false;
        mapping.IsPresent = true;
        return true;
    }

    internal void SignalError(ChannelState channel)
    {
        Kernel.Outcome.Record(HostEventKind.ErrorNotified, Function.Id, [Function], $"error eventfd of {Function.Id} ({channel})");
        ErrorEventFd?.Invoke(channel);
    }

    private Sim.Pcie.Topology.DiscoveredBar Bar(int index)
    {
        foreach (var bar in Function.Discovered.Bars)
            if (bar.Index == index) return bar;
        throw new ArgumentException($"{Function} has no memory BAR {index}.", nameof(index));
    }

    private async Task BeforeStepAsync(MigrationState from, MigrationState to)
    {
        var stops = VfioMigration.RespondsToMmio(from) && !VfioMigration.RespondsToMmio(to);
        if (Policy == RevokePolicy.None || !stops) return;
        // Before the arc begins: whoever faults during it must not get the mapping back.
        _leavingResponsiveState = true;
        Zap();
        if (Policy is RevokePolicy.RevokeOnNotRunning or RevokePolicy.FenceOnNotRunning) await RevokeDmaBufsAsync();
    }

    private Task AfterStepAsync(MigrationState from, MigrationState to)
    {
        _leavingResponsiveState = false;
        RestoreDmaBufs();
        return Task.CompletedTask;
    }
}
