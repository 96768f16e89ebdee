using Scenarios.Language;
using Scenarios.Model;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Vfio.Iommufd;
using Sim.Vfio.VfioPci;
using Sim.Vfio.Virtualization;
using Vmm = Sim.Vfio.Virtualization.Vmm;

namespace Scenarios.Platforms;

/// <summary>The actors of a script on one machine: guests in their virtual machines, processes with their mappings.</summary>
internal sealed class Cast
{
    // A guest that the script gives no work still has its driver, which does a little now and then.
    private static readonly SimDuration IdlePeriod = SimDuration.FromMilliseconds(10);

    private static readonly SimDuration SetUpPoll = SimDuration.FromNanoseconds(100);

    private static readonly SimDuration SetUpLimit = SimDuration.FromMilliseconds(100);

    private readonly Machine _machine;
    private readonly Script _script;
    private readonly Dictionary<string, VfioPciDevice> _opened = [];
    private readonly Dictionary<string, (UserProcess Process, VfioMapping Mapping)> _processes = [];

    private Cast(Machine machine, Script script) => (_machine, _script) = (machine, script);

    /// <summary>The virtual machine, with its guest's name; null if no actor is a guest.</summary>
    public Vmm? Vmm { get; private set; }

    /// <summary>The device that the guest drives, the first if it has several.</summary>
    public DeviceUnit? GuestDevice { get; private set; }

    /// <summary>The functions that the guest has, in its order.</summary>
    public IReadOnlyList<EndpointFunction> GuestFunctions { get; private set; } = [];

    public static async Task<Cast> AssembleAsync(Machine machine, Script script, ulong guestBase)
    {
        var cast = new Cast(machine, script);
        foreach (var (name, _, actor) in script.Actors.Items)
        {
            foreach (var function in actor.Functions) await cast.OpenAsync(name, function);
            if (actor.Kind == ActorKind.Guest) await cast.AddGuestAsync(name, actor, guestBase);
            else cast._processes.Add(name, (new UserProcess(machine.Kernel, name, actor.HandlesSigbus), cast.Opened(actor.Maps)!.Map(0)));
        }

        return cast;
    }

    /// <summary>Lets the guest set its device up, and stops it again.</summary>
    public async Task PrepareGuestAsync()
    {
        if (Vmm is null || GuestDevice!.Personality.IsReady(Vmm.Cpu.Program)) return;
        Vmm.Run();
        var deadline = _machine.Sim.Now + SetUpLimit;
        while (!GuestDevice.Personality.IsReady(Vmm.Cpu.Program))
        {
            if (Vmm.Cpu.IsDead || _machine.Sim.Now > deadline)
            {
                var problems = GuestDevice.Personality.Report(Vmm.Cpu.Program).Problems;
                throw new InvalidOperationException($"the guest could not set its device up: {string.Join(", ", problems)}");
            }

            await _machine.Sim.Delay(SetUpPoll);
        }

        await Vmm.PauseAsync();
    }

    /// <summary>The opened device behind a function that somebody maps.</summary>
    public VfioPciDevice? Opened(FunctionName function) => _opened.GetValueOrDefault(function.ToString());

    /// <summary>Every opened device.</summary>
    public IEnumerable<VfioPciDevice> AllOpened => _opened.Values;

    public bool IsGuest(string actor) => Vmm?.Name == actor;

    /// <summary>Whether a process was killed; its further accesses do not exist.</summary>
    public bool IsKilled(string actor) => _processes.TryGetValue(actor, out var p) && p.Process.IsKilled;

    /// <summary>A store or load of an actor; null if it is not there to make one: a vCPU that stands, a killed process.</summary>
    public async Task<ProcessAccess?> AccessAsync(string actor, EndpointFunction function, int bar, ulong offset, ulong? stored, int bytes)
    {
        if (IsGuest(actor))
        {
            var (cpu, index) = (Vmm!.Cpu, Array.IndexOf([.. GuestFunctions], function));
            if (cpu.IsPaused || cpu.IsDead) return null;
            return stored is { } v ? await cpu.StoreAsync(index, bar, offset, v, bytes) : await cpu.LoadAsync(index, bar, offset, bytes);
        }

        var (process, mapping) = _processes[actor];
        if (!process.IsAlive) return null;
        var access = stored is { } value
            ? await process.StoreAsync(mapping, offset, value, bytes)
            : await process.LoadAsync(mapping, offset, bytes);
        if (process.IsKilled && _script.Actors.Find(actor)!.Value.Kind == ActorKind.Vmm) Vmm?.Abort($"{actor} was killed by SIGBUS");
        return access;
    }

    /// <summary>An access that the kernel makes for a process: what came of it, in a word or two; null if the process is gone.</summary>
    public async Task<string?> KernelAccessAsync(
        string actor, FunctionName of, AccessPath via, int bar, ulong offset, ulong? stored, int bytes)
    {
        if (!_processes[actor].Process.IsAlive) return null;
        var device = Opened(of)!;
        switch (via)
        {
            case AccessPath.IoEventFd:
                return device.FireIoEventFd(bar, offset, stored!.Value, bytes) ? "ok" : "dropped";
            case AccessPath.Config when stored is { } value:
                await device.ConfigWriteAsync((int)offset, bytes, (uint)value);
                return "ok";
            case AccessPath.Config:
                return $"0x{await device.ConfigReadAsync((int)offset, bytes):x}";
            default:
                var result = stored is { } data
                    ? await device.WriteAsync(bar, offset, data, bytes)
                    : await device.ReadAsync(bar, offset, bytes);
                return result.Error == Sim.Vfio.Errno.None ? "ok" : result.Error.ToString();
        }
    }

    /// <summary>SET_IRQS with new handlers for as many vectors as the guest uses.</summary>
    public Task<Sim.Vfio.Errno> SetIrqsAsync(FunctionName of)
    {
        var index = Array.IndexOf([.. GuestFunctions], _machine.Device(of.Device).Function(of.Vf));
        return index < 0 ? Task.FromResult(Sim.Vfio.Errno.EINVAL) : Vmm!.EnableInterruptsAsync(Vmm.Devices[index], index);
    }

    private async Task OpenAsync(string actor, FunctionName name)
    {
        if (_opened.ContainsKey(name.ToString())) return;
        var unit = _machine.Device(name.Device);
        var function = unit.Function(name.Vf);
        var pci = _machine.Kernel[function.Id];
        var migration = name.Vf is { } vf ? await unit.Personality.ProbeMigrationAsync(_machine, pci, vf) : null;
        var policy = HostPolicies.Revoke(_script, function is IMigratableFunction migratable ? migratable.Supports : MigrationSupport.None);
        _opened.Add(name.ToString(), new VfioPciDevice(_machine.Kernel, pci, actor, policy, migration)
        {
            NotifiesResetDone = _script.Kernel.ResetDone,
        });
    }

    private async Task AddGuestAsync(string name, Actor actor, ulong guestBase)
    {
        GuestDevice = _machine.Device(actor.Maps.Device);
        GuestFunctions = [.. actor.Functions.Select(f => _machine.Device(f.Device).Function(f.Vf))];
        var iommu = _machine.Kernel.Iommu!;
        IUserAddressSpace space = _script.Vmm.Space == SpaceKind.Type1 ? new Type1Container(iommu, name) : new IoAddressSpace(iommu, name);
        Vmm = new Vmm(_machine.Kernel, name, guestBase, (ulong)_script.Vmm.GuestMemory.Bytes, Program(name, actor), space);
        foreach (var function in actor.Functions)
        {
            var unit = _machine.Device(function.Device);
            var assigned = await Vmm.AddDeviceAsync(Opened(function)!, unit.Personality.GuestVectors);
            if (actor.Peers.Count > 0 && _script.Vmm.MapPeers) Vmm.MapForPeers(assigned, 0);
        }
    }

    private IGuestProgram Program(string name, Actor actor)
    {
        var personality = GuestDevice!.Personality;
        if (_script.Timeline.OfType<StreamEntry>().FirstOrDefault(s => s.By.Name == name) is { } stream)
        {
            return personality.StreamGuest(GuestFunctions, stream.Times, (int)stream.Bytes.Bytes, stream.Batch, stream.Every)
                ?? throw new ScriptException(stream.By.Position, $"'{name}' has devices that do not stream to each other: "
                    + $"{string.Join(", ", actor.Functions)}; expected devices of one kind, one of which starts DMA");
        }

        var work = _script.Timeline.OfType<WorkEntry>().FirstOrDefault(w => w.By.Name == name);
        return work is null
            ? personality.Guest(0, 64, IdlePeriod)
            : personality.Guest(work.Times, (int)work.Bytes.Bytes, work.Every);
    }
}
