using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Results;
using Scenarios.Running;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Vfio.Migration;
using Sim.Vfio.Virtualization;

namespace Scenarios.Platforms;

/// <summary>Runs a variant: boots the source, plays the timeline, carries the migration's bytes to a second machine, and judges what was
/// measured.</summary>
/// <param name="inspect">Looks at each machine when its run is over: what must hold of any machine, whatever was played on it.</param>
/// <param name="trace">Whether TLPs are recorded; verdicts do not depend on it.</param>
internal sealed class SimulatedVariants(
    Action<Machine>? inspect = null, bool trace = true, EventQueueKind queue = EventQueueKind.Wheel) : IVariantRunner
{
    public VariantResult Run(ResolvedScript script, CancellationToken cancellation) =>
        new VariantSimulation(script, inspect, trace, cancellation, queue).Run();
}

internal sealed class VariantSimulation(
    ResolvedScript resolved, Action<Machine>? inspect, bool traced, CancellationToken cancellation,
    EventQueueKind queue = EventQueueKind.Wheel)
{
    private const ulong SourceGuestBase = 0x1000_0000;
    private const ulong DestinationGuestBase = 0x2800_0000;
    private const int OtherInterrupts = 3;
    private static readonly SimDuration Aftermath = SimDuration.FromMilliseconds(300);

    // After a panic no software runs; what was on the wire still arrives.
    private static readonly SimDuration LastTlps = SimDuration.FromMilliseconds(1);

    private static readonly SimDuration DestinationTime = SimDuration.FromMilliseconds(2);

    private readonly Script _script = resolved.Script;

    public VariantResult Run()
    {
        var (machine, cast) = Boot(SourceGuestBase, cast => cast.PrepareGuestAsync());
        var names = new NameBook(machine);
        var recorder = new Recorder(machine, names);
        using var trace = traced ? new TlpTrace(machine, names, resolved.Traces, resolved.Variant, resolved.TracesBeside) : null;
        var watch = new MemoryWatch(machine, cast);
        var points = new Points(machine.Sim);
        GuestSnapshot? reference = null;
        var causes = new Causes(machine, names, recorder);
        var book = new MigrationBook(recorder, cast);
        ShowStates(machine, cast, recorder, points, () =>
        {
            if (reference is not null) return;
            reference = Observe(cast);
            causes.Arm();
        });
        var spaces = new Spaces(machine, _script, cast, recorder, watch);
        var player = new TimelinePlayer(machine, _script, cast, spaces, recorder, points);
        points.Reach(MigrationPoint.Start);
        var played = machine.Sim.Start("timeline", player.PlayAsync);
        Drain(machine, played);

        // Where vCPUs stop last, the switch-over is their stop: what they wrote until then counts.
        if (_script.Vmm.VcpusStop == VcpuStop.AfterDevice && reference is not null && player.Migration?.SwitchOver is { } late)
            reference = late with { Images = reference.Images };
        var incoming = player.Migration is { Error: Sim.Vfio.Errno.None } sent ? Receive(sent, book) : null;
        var migration = new MigrationJudge(machine, cast, causes, reference, player.Migration, incoming).Judge();
        var host = HostJudge.Grade(recorder, watch);
        if (incoming is { } there && there.Host > host) host = there.Host;
        var counters = recorder.Counted.ToList();
        IReadOnlyList<GuestProblem> noticed = [];
        if (incoming is { } arrived)
        {
            counters.Add(("jobs completed by the guest", arrived.Completed));
            counters.Add(("kernel log lines at the destination", arrived.LogLines));
            counters.AddRange(cast.GuestFunctions.Zip(arrived.Buses, (f, bus) => ($"bus of {f.Name} at the destination", (long)bus)));
        }
        else if (cast.Vmm is { } vmm && cast.GuestDevice!.Personality.Report(vmm.Cpu.Program) is var report)
        {
            counters.Add(("jobs completed by the guest", report.Completed));
            counters.Add(("problems the guest noticed", report.Problems.Count));
            if (player.MigrationSoFar is null) noticed = report.Problems;
        }

        if (player.Migration is { Error: Sim.Vfio.Errno.None } done) counters.AddRange(MigrationFacts(done));
        inspect?.Invoke(machine);
        var lanes = recorder.Lanes.Finish(recorder.LastOfInterest());
        return trace?.Finish(Result) ?? Result([]);

        VariantResult Result(IReadOnlyList<TlpRecord> tlps) => new(resolved.Variant)
        {
            Host = host,
            Migration = migration.Verdict,
            Differences = migration.Differences,
            Because = BecauseLine.Of(names, recorder, watch, host, migration.Differences, player.Paths, noticed, incoming?.Because ?? ""),
            Counters = counters,
            Tlps = tlps,
            TlpCount = trace?.Count ?? 0,
            Chains = recorder.Chains(),
            Paths = player.Paths,
            IommuGroups = machine.IommuGroups,
            Loads = recorder.Loads,
            Traffic = recorder.Traffic,
            Lanes = lanes,
            LiveMigration = book.Finish(player.MigrationSoFar, incoming?.Failure, lanes),
            Dmesg = recorder.Dmesg,
            Registers = BecauseLine.DecidingRegisters(recorder),
        };
    }

    /// <summary>Every Function's registers at a moment of the run, as <c>lspci -xxxx</c> prints them; null if it never comes.</summary>
    public string? DumpAt(Moment moment)
    {
        var (machine, cast) = Boot(SourceGuestBase, cast => cast.PrepareGuestAsync());
        var recorder = new Recorder(machine, new NameBook(machine));
        var points = new Points(machine.Sim);
        ShowStates(machine, cast, recorder, points, () => { });
        string? dump = null;
        points.Reach(MigrationPoint.Start);
        machine.Sim.Start("dump", async () =>
        {
            await points.WaitAsync(moment);
            dump = MachineDump.Of(machine);
        });
        var spaces = new Spaces(machine, _script, cast, recorder, new MemoryWatch(machine, cast));
        var played = machine.Sim.Start("timeline", new TimelinePlayer(machine, _script, cast, spaces, recorder, points).PlayAsync);
        for (SimTime? end = null; dump is null && machine.Sim.PendingEvents > 0 && !(machine.Sim.Now > end);)
        {
            machine.Sim.RunUntil(machine.Sim.Now + SimDuration.FromMicroseconds(10), cancellation);
            if (played.IsCompleted) end ??= machine.Sim.Now + Aftermath;
        }

        return dump;
    }

    private (Machine Machine, Cast Cast) Boot(ulong guestBase, Func<Cast, Task> prepare, bool isDestination = false)
    {
        var host = isDestination && resolved.Destination is { } other ? resolved with { Script = other } : resolved;
        var machine = new Machine(host, queue);
        resolved.Meter?.Watch(machine.Sim);
        Cast? cast = null;
        var booted = machine.Sim.Start("boot", async () =>
        {
            await machine.BootAsync();
            if (isDestination) TakeInterrupts(machine);
            cast = await Cast.AssembleAsync(machine, host.Script, guestBase);
            await prepare(cast);
        });
        try
        {
            while (!booted.IsCompleted && machine.Sim.PendingEvents > 0)
                machine.Sim.RunUntil(machine.Sim.Now + SimDuration.FromMilliseconds(1), cancellation);
        }
        catch (SimProcessException e) when (e.InnerException is ScriptException script)
        {
            throw script;
        }

        if (!booted.IsCompletedSuccessfully)
            throw new InvalidOperationException("the machine did not finish booting: something waits for ever");
        return (machine, cast!);
    }

    /// <summary>Another host has other devices: what the source's vectors were, means something else there.</summary>
    private static void TakeInterrupts(Machine machine)
    {
        var owner = machine.Devices[0].Pf.Id;
        for (var i = 0; i < OtherInterrupts; i++) machine.Kernel.AllocateInterrupt(owner, $"another device {i}", () => { });
    }

    /// <summary>Runs until the timeline has been played, and on for what it leaves behind: recovery, resets, timeouts.</summary>
    private void Drain(Machine machine, Task played)
    {
        while (!played.IsCompleted && machine.Sim.PendingEvents > 0 && !machine.Kernel.Outcome.IsPanicked)
            machine.Sim.RunUntil(machine.Sim.Now + SimDuration.FromMicroseconds(100), cancellation);
        machine.Sim.RunUntil(machine.Sim.Now + (machine.Kernel.Outcome.IsPanicked ? LastTlps : Aftermath), cancellation);
    }

    private void ShowStates(Machine machine, Cast cast, Recorder recorder, Points points, Action atStop)
    {
        recorder.Lanes.Declare("vCPU");
        foreach (var port in machine.Root.RootPorts) recorder.Lanes.Declare(port.Name);
        foreach (var sw in machine.Switches) recorder.Lanes.Declare(sw.Name);
        foreach (var device in cast.AllOpened)
        {
            device.Migration?.Stepped.Subscribe((SimTime _, in MigrationStep step) =>
            {
                if (step.To != MigrationState.Error && IsStopped(step.To)) recorder.OnStopped();
            });
        }

        if (cast.Vmm is not { } vmm) return;
        recorder.Lanes.Enter("vCPU", recorder.Now, LaneKind.Running, "runs");
        var standing = false;
        for (var i = 0; i < vmm.Devices.Count; i++)
            if (vmm.Devices[i].Device.Migration is { } migration) Show(migration, cast.GuestFunctions[i].Name);

        void Show(VfioMigration migration, string name)
        {
            recorder.Lanes.Enter(name, recorder.Now, LaneKind.Running, "RUNNING");
            migration.Stepped.Subscribe((SimTime _, in MigrationStep step) => OnStep(in step, name));
        }

        vmm.Cpu.Stepped.Subscribe((SimTime _, in long _) =>
        {
            if (standing) recorder.Lanes.Enter("vCPU", recorder.Now, LaneKind.Running, "runs");
            standing = false;
        });

        void OnStep(in MigrationStep step, string name)
        {
            if (vmm.Cpu.IsPaused && !standing)
            {
                standing = true;
                points.Reach(MigrationPoint.VcpusStopped);
                recorder.Lanes.Enter("vCPU", recorder.Relative(step.Begun), LaneKind.Stopped, "stopped");
            }

            recorder.Lanes.Enter(name, recorder.Now, KindOf(step.To), step.To.UapiName());

            // The switch-over, and what waits for it, come when the last device gets there.
            if (vmm.Devices.All(d => !IsIssuing(d.Device.Migration!.State))) points.Reach(MigrationPoint.InitiatorSuspended);
            if (!vmm.Devices.All(d => IsStopped(d.Device.Migration!.State))) return;
            points.Reach(MigrationPoint.Stopped);
            atStop();
        }
    }

    private static bool IsIssuing(MigrationState state) => state is MigrationState.Running or MigrationState.PreCopy;

    private static bool IsStopped(MigrationState state) => !VfioMigration.RespondsToMmio(state);

    private static IEnumerable<(string Name, long Value)> MigrationFacts(LiveMigrationResult migration) =>
    [
        ("migration: rounds", migration.PagesPerRound.Count), ("migration: pages sent", migration.PagesPerRound.Sum()),
        ("migration: pages sent last", migration.PagesPerRound[^1]), ("migration: image bytes", migration.ImageBytes),
        ("migration: downtime at the source, us", migration.SourceDowntime.Femtoseconds / 1_000_000_000),
        ("migration: total time, us", (migration.Completed - migration.Begun).Femtoseconds / 1_000_000_000),
    ];

    internal static LaneKind KindOf(MigrationState state) => state switch
    {
        MigrationState.Running or MigrationState.PreCopy => LaneKind.Running,
        MigrationState.RunningP2P or MigrationState.PreCopyP2P => LaneKind.Suspended,
        MigrationState.StopCopy => LaneKind.Saving,
        _ => LaneKind.Stopped,
    };

    /// <summary>The guest as it is, looked at without touching the bus: the measuring instrument's view, not host software's.</summary>
    private static GuestSnapshot Observe(Cast cast) => GuestSnapshot.Of(cast.Vmm!, ImagesOf(cast));

    private static IReadOnlyList<byte[]> ImagesOf(Cast cast) => [.. cast.GuestFunctions.Select(f => ((IMigratableFunction)f).SaveImage())];

    /// <summary>The destination: another machine in another simulator, which gets bytes.</summary>
    private Arrival Receive(LiveMigrationResult sent, MigrationBook book)
    {
        var (machine, cast) = Boot(DestinationGuestBase, _ => Task.CompletedTask, isDestination: true);
        var vmm = cast.Vmm!;
        var names = new NameBook(machine);
        var (recorder, watch) = (new Recorder(machine, names), new MemoryWatch(machine, cast));
        IncomingMigrationResult? result = null;
        var images = new byte[vmm.Devices.Count][];
        for (var i = 0; i < images.Length; i++)
        {
            var index = i;
            vmm.Devices[i].Device.Migration!.Stepped.Subscribe((SimTime _, in MigrationStep step) =>
            {
                if (step is { From: MigrationState.Resuming, To: MigrationState.Stop })
                    images[index] ??= ((IMigratableFunction)cast.GuestFunctions[index]).SaveImage();
            });
        }

        var order = HostPolicies.Order(_script.Vmm.ResumeOrder);
        var begins = machine.Sim.Now;
        book.WatchDestination(cast, begins, sent.Completed);
        machine.Sim.Start("incoming migration", async () =>
            result = await IncomingMigration.RunAsync(vmm, sent.Stream, _script.Vmm.Irqs == IrqOrder.AfterLoad, order));
        machine.Sim.RunUntil(machine.Sim.Now + DestinationTime, cancellation);
        inspect?.Invoke(machine);
        if (result is { Failure: null } arrived) book.Arrived(SimTime.Zero + (arrived.Resumed - begins), sent.Completed);
        var (completed, problems) = cast.GuestDevice!.Personality.Report(vmm.Cpu.Program);
        var snapshot = result?.Snapshot is { } s && images.All(i => i is not null) ? s with { Images = images } : null;
        var host = HostJudge.Grade(recorder, watch);
        return new Arrival(result?.Failure ?? (result is null ? "the destination did not resume" : null), snapshot, completed, problems)
        {
            Buses = [.. cast.GuestFunctions.Select(f => (int)f.Id.Bus)],
            Host = host,
            Because = host == HostIntegrity.Intact ? "" : BecauseLine.Of(names, recorder, watch, host, [], [], []),
            LogLines = recorder.Dmesg.Count,
        };
    }
}

/// <summary>What arrived at the destination.</summary>
/// <param name="Failure">Why the guest does not run there; null if it does.</param>
/// <param name="Snapshot">The guest there before it ran on.</param>
/// <param name="Completed">Jobs that its guest has seen completed, on both sides together.</param>
/// <param name="Problems">What its guest noticed when it ran on.</param>
internal sealed record Arrival(string? Failure, GuestSnapshot? Snapshot, int Completed, IReadOnlyList<GuestProblem> Problems)
{
    /// <summary>Bus numbers of the guest's functions there.</summary>
    public IReadOnlyList<int> Buses { get; init; } = [];

    /// <summary>What became of that host.</summary>
    public HostIntegrity Host { get; init; }

    /// <summary>Why, if it is not intact.</summary>
    public string Because { get; init; } = "";

    /// <summary>Lines of its kernel's log.</summary>
    public int LogLines { get; init; }
}
