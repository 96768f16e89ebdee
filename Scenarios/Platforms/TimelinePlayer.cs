using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Results;
using Sim.Pcie.Endpoints;
using Sim.Vfio.Migration;
using Sim.Vfio.Virtualization;

namespace Scenarios.Platforms;

/// <summary>Plays a script's timeline on the source machine: every entry is a process of its own that waits for its moment.</summary>
internal sealed class TimelinePlayer(Machine machine, Script script, Cast cast, Spaces spaces, Recorder recorder, Points points)
{
    private const ulong AllOnes32 = uint.MaxValue;
    private const int MissesUntilCompromised = 3;
    private const ulong ConfigBytes = 4096;

    private readonly ErrorPlayer _errors = new(machine);
    private readonly AccessTable _table = new(machine, cast, recorder);
    private LiveMigration? _migration;
    private readonly TlpPlayer _tlps = new(machine, recorder);

    /// <summary>The ways of the TLPs that were sent.</summary>
    public IReadOnlyList<RoutePath> Paths => _tlps.Paths;

    /// <summary>What the migration gave at the source; null if the script migrates nothing or it has not ended.</summary>
    public LiveMigrationResult? Migration { get; private set; }

    /// <summary>The same, or as far as one that has not ended got; null if the script migrates nothing.</summary>
    public LiveMigrationResult? MigrationSoFar => Migration ?? _migration?.SoFar;

    /// <summary>Plays all entries.</summary>
    public Task PlayAsync() => Task.WhenAll(script.Timeline.Select((entry, i) =>
        machine.Sim.Start($"timeline[{i}] {entry.Do}", () => PlayAsync(entry))));

    private async Task PlayAsync(TimelineEntry entry)
    {
        await points.WaitAsync(entry.At);
        switch (entry)
        {
            case WorkEntry or StreamEntry:
                cast.Vmm!.Run();
                points.Reach(MigrationPoint.Start);
                break;
            case MigrateEntry:
                var options = HostPolicies.Migration(script, () => points.Reach(MigrationPoint.Saved));
                Migration = await (_migration = new LiveMigration(cast.Vmm!, options)).RunAsync();
                break;
            case SetStateEntry states:
                foreach (var state in states.To) await SetStateAsync(states.Of, state);
                await RemapAsync();
                break;
            case ResetEntry reset:
                recorder.Count($"resets of {reset.Of}: {await cast.Opened(reset.Of)!.ResetAsync()}");
                await RemapAsync();
                if (cast.Opened(reset.Of)!.Migration is { } reached)
                    recorder.Count($"{reset.Of} after a reset: {reached.State.UapiName()}");
                break;
            case SetIrqsEntry irqs:
                recorder.Count($"set-irqs of {irqs.Of}: {await cast.SetIrqsAsync(irqs.Of)}");
                break;
            case StoreEntry { Via: not AccessPath.Mmap } store:
                await RepeatAsync(entry, _ => KernelAccessAsync(store.By.Name, store.To, store.Via, store.Value, (int)store.Bytes.Bytes));
                break;
            case LoadEntry { Via: not AccessPath.Mmap } load:
                await RepeatAsync(entry, _ => KernelAccessAsync(load.By.Name, load.From, load.Via, null, (int)load.Bytes.Bytes));
                break;
            case TrafficEntry traffic:
                await RepeatAsync(entry, _ => new TrafficRun(machine, traffic, recorder).RunAsync());
                break;
            case StoreEntry store:
                await RepeatAsync(entry, _ => AccessAsync(store.By.Name, store.To, store.Value, (int)store.Bytes.Bytes));
                break;
            case LoadEntry load:
                await RepeatAsync(entry, _ => AccessAsync(load.By.Name, load.From, null, (int)load.Bytes.Bytes));
                break;
            case HarassEntry harass:
                await HarassAsync(harass);
                break;
            case PollHealthEntry poll:
                await PollAsync(poll);
                break;
            case InjectEntry inject:
                await RepeatAsync(entry, _ => Now(() => _errors.Inject(inject)));
                break;
            case AerInjectEntry inject:
                await RepeatAsync(entry, _ => Now(() => _errors.Inject(inject)));
                break;
            case LinkFaultEntry fault:
                await RepeatAsync(entry, _ => Now(() => _errors.Break(fault)));
                break;
            case SendTlpEntry send:
                await RepeatAsync(entry, _ => Now(() => _tlps.Send(send)));
                break;
            case WriteConfigEntry write:
                await RepeatAsync(entry, _ => WriteConfigAsync(write));
                break;
            default:
                await RepeatAsync(entry, _ => spaces.PlayAsync(entry));
                break;
        }
    }

    /// <summary>The VMM maps what a revoke took away, where the device is back.</summary>
    private Task RemapAsync() => cast.Vmm?.RemapForPeersAsync() ?? Task.CompletedTask;

    private static Task Now(Action act)
    {
        act();
        return Task.CompletedTask;
    }

    /// <summary>Through the user's view of configuration space: what it may write of the hardware is the kernel's to say.</summary>
    private async Task WriteConfigAsync(WriteConfigEntry write)
    {
        var device = cast.Opened(write.Of)!;
        var config = machine.Device(write.Of.Device).Function(write.Of.Vf).Config;
        if (RegisterField.Find(config, write.Field) is not { } field)
            throw new ScriptException(write.PositionOf("field"), RegisterField.Unknown(write.Of.ToString(), config, write.Field));
        var value = await device.ConfigReadAsync(field.Offset, field.Bytes);
        await device.ConfigWriteAsync(field.Offset, field.Bytes, value & ~field.Mask | (uint)write.Value << field.Lsb & field.Mask);
        recorder.Count($"configuration writes to {write.Of}");
    }

    private async Task RepeatAsync(TimelineEntry entry, Func<int, Task> act)
    {
        var begun = machine.Sim.Now;
        for (var i = 0; i < entry.Times; i++)
        {
            // A slow access delays the next one: an actor has one access under way.
            var due = begun + entry.Every * i;
            if (due > machine.Sim.Now) await machine.Sim.Until(due);
            await act(i);
        }
    }

    private async Task<ulong?> AccessAsync(string actor, MmioPlace place, ulong? stored, int bytes)
    {
        var (bar, offset) = PlaceOf(place);
        var function = machine.Device(place.Function.Device).Function(place.Function.Vf);
        var value = await AccessAsync(actor, function, bar, offset, stored, bytes);
        if (stored is null && value is { } loaded) recorder.Show($"{place} as {actor} saw it last", (long)loaded);
        return value;
    }

    private (int Bar, ulong Offset) PlaceOf(MmioPlace place)
    {
        var personality = machine.Device(place.Function.Device).Personality;
        return place.Place switch
        {
            "doorbell" => personality.Doorbell,
            "identity" => personality.Identity,
            _ => (place.Bar, place.Offset),
        };
    }

    private async Task<ulong?> AccessAsync(string actor, EndpointFunction function, int bar, ulong offset, ulong? stored, int bytes)
    {
        var stopped = function is IMigratableFunction { ResponderSuspended: true };
        var state = _table.StateOf(function);
        if (await cast.AccessAsync(actor, function, bar, offset, stored, bytes) is not { } access)
        {
            recorder.Count($"accesses that {actor} was not there to make");
            return null;
        }

        recorder.OnActorAccess(actor, cast.IsGuest(actor) ? "vCPU" : actor, stored is null, stopped, in access);
        _table.Mapped(state, stored is null, in access);
        return access.Value;
    }

    /// <summary>An access that the kernel makes for a user, or refuses.</summary>
    private async Task KernelAccessAsync(string actor, MmioPlace place, AccessPath via, ulong? stored, int bytes)
    {
        var (bar, offset) = PlaceOf(place);
        var what = $"{(stored is null ? "loads" : "stores")} of {actor} via {via.Word()}";
        var state = _table.StateOf(machine.Device(place.Function.Device).Function(place.Function.Vf));
        if (await cast.KernelAccessAsync(actor, place.Function, via, bar, offset, stored, bytes) is { } outcome)
        {
            recorder.Count($"{what}: {outcome}");
            _table.ByKernel(state, via, stored is null, outcome);
        }
        else recorder.Count($"accesses that {actor} was not there to make");
    }

    /// <summary>Loads and stores at random, a quarter of them at the landmarks where something can come of it.</summary>
    private async Task HarassAsync(HarassEntry harass)
    {
        var name = script.Actors.Find(harass.By.Name)!.Value.Maps;
        var unit = machine.Device(name.Device);
        var personality = unit.Personality;
        (int Bar, ulong Offset)[] landmarks = [personality.Doorbell, personality.Identity, personality.Health];
        var random = machine.Sim.GetRandomStream($"harass.{harass.By.Name}");
        var bytes = harass.Via == AccessPath.Config ? ConfigBytes : cast.Opened(name)!.UserBarBytes(0);
        await RepeatAsync(harass, async _ =>
        {
            var isStore = random.NextChance(1, 2) || harass.Via == AccessPath.IoEventFd;
            var (bar, offset) = (0, (ulong)random.NextBelow((long)bytes) & ~7UL);
            if (harass.Via != AccessPath.Config)
            {
                if (random.NextChance(1, 4)) (bar, offset) = landmarks[random.NextBelow(landmarks.Length)];
                if (!personality.IsUserRegister(bar, offset)) return;
            }

            ulong? value = isStore ? random.NextUInt64() : null;
            if (harass.Via == AccessPath.Mmap)
            {
                await AccessAsync(harass.By.Name, unit.Function(name.Vf), bar, offset, value, 4);
                return;
            }

            var what = $"{(isStore ? "stores" : "loads")} of {harass.By.Name} via {harass.Via.Word()}";
            if (await cast.KernelAccessAsync(harass.By.Name, name, harass.Via, bar, offset, value, 4) is not null) recorder.Count(what);
        });
    }

    private async Task SetStateAsync(FunctionName of, DeviceState state)
    {
        var result = await cast.Opened(of)!.Migration!.SetStateAsync(StateOf(state));
        recorder.Count($"{of} to {state.Word()}: {(result.Error == Sim.Vfio.Errno.None ? "ok" : result.Error.ToString())}");
    }

    private static MigrationState StateOf(DeviceState state) => state switch
    {
        DeviceState.Stop => MigrationState.Stop,
        DeviceState.StopCopy => MigrationState.StopCopy,
        DeviceState.Resuming => MigrationState.Resuming,
        DeviceState.RunningP2P => MigrationState.RunningP2P,
        DeviceState.PreCopy => MigrationState.PreCopy,
        DeviceState.PreCopyP2P => MigrationState.PreCopyP2P,
        _ => MigrationState.Running,
    };

    private async Task PollAsync(PollHealthEntry poll)
    {
        var maps = script.Actors.Find(poll.By.Name)!.Value.Maps;
        var unit = machine.Device(maps.Device);
        var (bar, offset) = unit.Personality.Health;
        ulong? last = null;
        var (misses, dead) = (0, false);
        await RepeatAsync(poll, async _ =>
        {
            if (dead) return;
            var value = await AccessAsync(poll.By.Name, unit.Function(maps.Vf), bar, offset, null, 4);
            if (value is null) return;
            recorder.Count("health polls");
            dead = value is AllOnes32 or ulong.MaxValue;
            if (dead) recorder.Count("health: PCI dead");
            misses = value == last ? misses + 1 : 0;
            last = value;
            if (misses == MissesUntilCompromised && !dead) recorder.Count("health: compromised");
        });
    }
}
