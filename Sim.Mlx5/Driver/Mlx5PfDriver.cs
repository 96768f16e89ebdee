using Sim.Iommu;
using Sim.Mlx5.Spec;
using Sim.Vfio.Kernel;

namespace Sim.Mlx5.Driver;

/// <summary>
/// mlx5_core on a PF: brings it up, enables its VFs, and takes the commands of migration drivers. An error below the same port, even a
/// non-fatal one,
/// makes it enter its error state and ask for a reset: until it is up again its VFs cannot be commanded.
/// </summary>
public sealed class Mlx5PfDriver : PciDriver
{
    /// <summary>Bytes of host memory that it takes.</summary>
    public const ulong MemoryBytes = 16 << 20;

    private const int Slots = 8;
    private const int PageLimit = 64;
    private const int LogEvents = 6;
    private const uint AllOnes = uint.MaxValue;

    private readonly HostKernel _kernel;
    private readonly PciFunction _function;
    private readonly HostPlatform _platform;
    private readonly ulong _memory;
    private readonly List<uint> _enabled = [];
    private readonly SortedSet<ulong> _freePages = [];
    private EventQueueReader _events;
    private Mlx5Startup _startup;
    private uint _eventsTold;

    private Mlx5PfDriver(HostKernel kernel, PciFunction function, ulong memory)
    {
        (_kernel, _function, _memory) = (kernel, function, memory);
        _platform = new HostPlatform(kernel.Root, function.Discovered.Bars[0].Address);
        (Commands, _events, _startup) = NewState();
        for (var page = PagePool; page < memory + MemoryBytes; page += 4096) _freePages.Add(page);
    }

    /// <inheritdoc/>
    public override string Name => "mlx5_core";

    /// <summary>The command interface of the PF.</summary>
    public Mlx5CommandInterface Commands { get; private set; }

    /// <summary>Whether the PF is in its error state, or gone: commands would fail.</summary>
    public bool IsDetached { get; private set; }

    /// <summary>Called when <see cref="IsDetached"/> becomes true: the drivers of its VFs give up what they have in hand.</summary>
    public event Action? Detached;

    /// <summary>Memory and registers of the PF.</summary>
    internal IMlx5Platform Platform => _platform;

    /// <summary>UAR of the driver's own queues.</summary>
    internal uint Uar => _startup.Uar;

    /// <summary>The asynchronous EQ.</summary>
    internal uint EventQueue => _events.Number;

    /// <summary>Protection domain of the driver's own keys.</summary>
    public uint Pd => _startup.Pd;

    private ulong FirmwarePages => _memory + Align(Mlx5CommandInterface.BytesFor(Slots));

    private ulong EventRing => FirmwarePages + (PageLimit * 4096);

    private ulong PagePool => EventRing + 4096;

    /// <summary>Binds the driver to a PF and brings it up.</summary>
    /// <param name="kernel">The host.</param>
    /// <param name="function">The PF, with Bus Master Enable set.</param>
    /// <param name="memory">Page-aligned host physical address of <see cref="MemoryBytes"/> that are its own; its IOMMU domain maps them
    /// and no more.</param>
    /// <exception cref="Mlx5CommandException">A command failed.</exception>
    public static async Task<Mlx5PfDriver> ProbeAsync(HostKernel kernel, PciFunction function, ulong memory)
    {
        var driver = new Mlx5PfDriver(kernel, function, memory);
        if (kernel.Iommu is { } iommu)
        {
            var domain = iommu.CreateDomain($"mlx5_core {function.Id}");
            domain.Map(memory, memory, MemoryBytes, IoPermissions.ReadWrite);
            iommu.Attach(function.Id, domain);
        }

        function.Driver = driver;
        await driver.BringUpAsync();
        return driver;
    }

    /// <summary>ENABLE_HCA for a VF: from now on its firmware takes commands.</summary>
    /// <param name="index">Index of the VF, from 0.</param>
    /// <returns>Its vhca_id.</returns>
    /// <exception cref="Mlx5CommandException">A command failed.</exception>
    public async Task<ushort> EnableVfAsync(int index)
    {
        var functionId = (uint)index + 1;
        var input = CommandInput.Of(CommandOpcode.EnableHca);
        HcaCommands.FunctionId.Set(input, functionId);
        await Commands.ExecuteAsync(input);
        if (!_enabled.Contains(functionId)) _enabled.Add(functionId);
        return await QueryVhcaIdAsync(index);
    }

    /// <summary>QUERY_HCA_CAP of a VF: its vhca_id.</summary>
    /// <exception cref="Mlx5CommandException">The command failed.</exception>
    public async Task<ushort> QueryVhcaIdAsync(int index)
    {
        var output = await Commands.ExecuteAsync(
            CommandInput.QueryCapabilities(HcaCapabilities.Current, (uint)index + 1), HcaCommands.Capability + HcaCapabilities.Size);
        return (ushort)HcaCapabilities.VhcaId.Get(output.AsSpan(HcaCommands.Capability));
    }

    /// <summary>What the PF's capabilities offer for the migration of its VFs.</summary>
    /// <exception cref="Mlx5CommandException">The command failed.</exception>
    public async Task<MigrationCapabilities> QueryMigrationAsync()
    {
        var general = await QueryAsync(HcaCapabilities.General);
        if (!HcaCapabilities.Migration.IsSet(general)) return default;
        var second = HcaCapabilities.HasGeneral2.IsSet(general) ? await QueryAsync(HcaCapabilities.General2) : [];
        var incremental = second.Length > 0 && HcaCapabilities.MigrationMultiLoad.IsSet(second)
            && HcaCapabilities.MigrationTracking.IsSet(second);
        var inChunks = second.Length > 0 && HcaCapabilities.MigrationInChunks.IsSet(second);
        return new MigrationCapabilities(true, incremental, HcaCapabilities.AdvancedVirtualization.IsSet(general), inChunks);
    }

    /// <summary>Uses completion events from now on: MSI-X vector 0, by table stores and a configuration write.</summary>
    public async Task UseEventsAsync()
    {
        const uint msixEnable = 0x8000;
        var target = _kernel.AllocateInterrupt(_function.Id, $"mlx5_async@{_function.Id}", OnInterrupt);
        var table = _function.Discovered.Bars[0].Address + BarLayout.MsixTable;
        _kernel.Root.Store(table, target.Address, 8);
        _kernel.Root.Store(table + 8, target.Data, 4);
        _kernel.Root.Store(table + 12, 0, 4);
        await _function.UpdateAsync(_function.Msix + 2, 2, 0, msixEnable);
        Commands.UsesEvents = true;
    }

    /// <inheritdoc/>
    public override Task<ErrorVote> ErrorDetectedAsync(PciFunction function, ChannelState channel)
    {
        Detach();
        PciFunction[] affected = [function, .. _kernel.Functions.Where(f => f.PhysicalFunction == function)];
        _kernel.Outcome.Record(HostEventKind.DriverUnload, function.Id, affected, $"{Name} stopped working with {function.Id} ({channel})");
        return Task.FromResult(ErrorVote.NeedReset);
    }

    /// <inheritdoc/>
    public override async Task<ErrorVote> SlotResetAsync(PciFunction function) =>
        await _platform.LoadAsync(HealthBuffer.FirmwareVersion) == AllOnes ? ErrorVote.Disconnect : ErrorVote.Recovered;

    /// <inheritdoc/>
    public override async Task ResumeAsync(PciFunction function)
    {
        (Commands, _events, _startup) = NewState();
        await BringUpAsync();
        foreach (var functionId in _enabled.ToArray()) await EnableVfAsync((int)functionId - 1);
    }

    /// <summary>The PF is no longer usable: removed, or in its error state.</summary>
    public void Detach()
    {
        if (IsDetached) return;
        IsDetached = true;
        Detached?.Invoke();
    }

    /// <summary>Takes pages of the driver's memory, not necessarily in one piece.</summary>
    /// <exception cref="InvalidOperationException">There are not so many.</exception>
    internal List<ulong> TakePages(int count)
    {
        if (_freePages.Count < count) throw new InvalidOperationException($"{Name}: {count} pages asked for, {_freePages.Count} left");
        var pages = _freePages.Take(count).ToList();
        _freePages.ExceptWith(pages);
        return pages;
    }

    /// <summary>Takes pages of the driver's memory in one piece.</summary>
    /// <exception cref="InvalidOperationException">There are not so many.</exception>
    internal List<ulong> TakeContiguous(int count)
    {
        List<ulong> run = [];
        foreach (var page in _freePages)
        {
            if (run.Count > 0 && page != run[^1] + 4096) run.Clear();
            run.Add(page);
            if (run.Count < count) continue;
            _freePages.ExceptWith(run);
            return run;
        }

        throw new InvalidOperationException($"{Name}: no {count} pages in one piece are left");
    }

    internal void ReturnPages(IEnumerable<ulong> pages) => _freePages.UnionWith(pages);

    private static ulong Align(ulong bytes) => (bytes + 4095) & ~4095UL;

    private (Mlx5CommandInterface, EventQueueReader, Mlx5Startup) NewState()
    {
        var commands = new Mlx5CommandInterface(_platform, _memory, Slots) { AfterCommand = TakeEvents };
        var events = new EventQueueReader(_platform, EventRing, LogEvents);
        _eventsTold = 0;
        return (commands, events, new Mlx5Startup(_platform, commands, FirmwarePages, PageLimit, events, EventRing, LogEvents));
    }

    private async Task<byte[]> QueryAsync(uint page)
    {
        var input = CommandInput.Of(CommandOpcode.QueryHcaCap, (page << 1) | HcaCapabilities.Current);
        return (await Commands.ExecuteAsync(input, HcaCommands.Capability + HcaCapabilities.Size))[HcaCommands.Capability..];
    }

    private async Task BringUpAsync()
    {
        while (!_startup.IsDone) await _startup.StepAsync();
        IsDetached = false;
    }

    /// <summary>Without interrupts events are only taken, and the device is told in time before the EQ looks full to it.</summary>
    private void TakeEvents()
    {
        if (Commands.UsesEvents || !_startup.IsDone) return;
        Span<byte> eqe = stackalloc byte[Eqe.Size];
        while (_events.TryTake(eqe)) { }

        if (_events.Consumer - _eventsTold < 1u << (LogEvents - 1)) return;
        _eventsTold = _events.Consumer;
        _ = _events.UpdateAsync();
    }

    private void OnInterrupt()
    {
        Span<byte> eqe = stackalloc byte[Eqe.Size];
        var completed = false;
        while (_events.TryTake(eqe)) completed |= eqe[Eqe.Type] == (byte)EventType.CommandCompletion;
        _ = _events.ArmAsync();
        if (completed) Commands.OnCompletionEvent();
    }
}
