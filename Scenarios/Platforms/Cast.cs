using Scenarios.Language;
using Scenarios.Model;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Vfio.VfioPci;
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

    /// <summary>The device that the guest drives.</summary>
    public DeviceUnit? GuestDevice { get; private set; }

    /// <summary>The function that the guest drives.</summary>
    public EndpointFunction? GuestFunction { get; private set; }

    public static async Task<Cast> AssembleAsync(Machine machine, Script script, ulong guestBase)
    {
        var cast = new Cast(machine, script);
        foreach (var (name, position, actor) in script.Actors.Items)
        {
            var unit = machine.Device(actor.Maps.Device);
            var function = unit.Function(actor.Maps.Vf);
            var key = actor.Maps.ToString();
            if (!cast._opened.TryGetValue(key, out var device))
            {
                var pci = machine.Kernel[function.Id];
                var migration = actor.Maps.Vf is { } vf ? await unit.Personality.ProbeMigrationAsync(machine, pci, vf) : null;
                cast._opened.Add(key, device = new VfioPciDevice(machine.Kernel, pci, name, HostPolicies.Revoke(script), migration));
            }

            if (actor.Kind == ActorKind.Guest) await cast.AddGuestAsync(name, position, script, unit, function, device, guestBase);
            else cast._processes.Add(name, (new UserProcess(machine.Kernel, name), device.Map(0)));
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

    public bool IsGuest(string actor) => Vmm?.Name == actor;

    /// <summary>Whether a process was killed; its further accesses do not exist.</summary>
    public bool IsKilled(string actor) => _processes.TryGetValue(actor, out var p) && p.Process.IsKilled;

    /// <summary>A store or load of an actor; null if it is not there to make one: a vCPU that stands, a killed process.</summary>
    public async Task<ProcessAccess?> AccessAsync(string actor, int bar, ulong offset, ulong? stored, int bytes)
    {
        if (IsGuest(actor))
        {
            var cpu = Vmm!.Cpu;
            if (cpu.IsPaused || cpu.IsDead) return null;
            return stored is { } v ? await cpu.StoreAsync(0, bar, offset, v, bytes) : await cpu.LoadAsync(0, bar, offset, bytes);
        }

        var (process, mapping) = _processes[actor];
        if (!process.IsAlive) return null;
        var access = stored is { } value
            ? await process.StoreAsync(mapping, offset, value, bytes)
            : await process.LoadAsync(mapping, offset, bytes);
        if (process.IsKilled && _script.Actors.Find(actor)!.Value.Kind == ActorKind.Vmm) Vmm?.Abort($"{actor} was killed by SIGBUS");
        return access;
    }

    private async Task AddGuestAsync(
        string name, SourcePosition position, Script script, DeviceUnit unit, EndpointFunction function, VfioPciDevice device,
        ulong guestBase)
    {
        if (Vmm is not null) throw new ScriptException(position, $"'{name}' is a second guest; expected one guest on a host");
        var work = script.Timeline.OfType<WorkEntry>().FirstOrDefault(w => w.By.Name == name);
        var program = work is null
            ? unit.Personality.Guest(0, 64, IdlePeriod)
            : unit.Personality.Guest(work.Times, (int)work.Bytes.Bytes, work.Every);
        Vmm = new Vmm(_machine.Kernel, name, guestBase, (ulong)script.Vmm.GuestMemory.Bytes, program);
        GuestDevice = unit;
        GuestFunction = function;
        await Vmm.AddDeviceAsync(device, unit.Personality.GuestVectors);
    }
}
