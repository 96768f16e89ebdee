using Scenarios.Language;
using Scenarios.Model;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Vfio.Virtualization;

namespace Scenarios.Platforms;

/// <summary>Plays a script's timeline on the source machine: every entry is a process of its own that waits for its moment.</summary>
internal sealed class TimelinePlayer(Machine machine, Script script, Cast cast, Spaces spaces, Recorder recorder, Points points)
{
    private const ulong AllOnes32 = uint.MaxValue;
    private const int MissesUntilCompromised = 3;

    /// <summary>What the migration gave at the source; null if the script migrates nothing or it has not ended.</summary>
    public LiveMigrationResult? Migration { get; private set; }

    /// <summary>Plays all entries.</summary>
    public Task PlayAsync() => Task.WhenAll(script.Timeline.Select((entry, i) =>
        machine.Sim.Start($"timeline[{i}] {entry.Do}", () => PlayAsync(entry))));

    private async Task PlayAsync(TimelineEntry entry)
    {
        await points.WaitAsync(entry.At);
        switch (entry)
        {
            case WorkEntry:
                cast.Vmm!.Run();
                points.Reach(MigrationPoint.Start);
                break;
            case MigrateEntry:
                var options = new LiveMigrationOptions
                {
                    StopWindow = script.Vmm.StopWindow,
                    AfterWindow = SimDuration.FromMicroseconds(20),
                    TakesReference = false,
                    VcpusStopLast = script.Vmm.VcpusStop == VcpuStop.AfterDevice,
                    Saved = () => points.Reach(MigrationPoint.Saved),
                };
                Migration = await new LiveMigration(cast.Vmm!, options).RunAsync();
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
            case PollHealthEntry poll:
                await PollAsync(poll);
                break;
            default:
                await RepeatAsync(entry, _ => spaces.PlayAsync(entry));
                break;
        }
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
        var unit = machine.Device(place.Function.Device);
        var (bar, offset) = place.Place switch
        {
            "doorbell" => unit.Personality.Doorbell,
            "identity" => unit.Personality.Identity,
            _ => (place.Bar, place.Offset),
        };
        return await AccessAsync(actor, unit.Function(place.Function.Vf), bar, offset, stored, bytes);
    }

    private async Task<ulong?> AccessAsync(string actor, EndpointFunction function, int bar, ulong offset, ulong? stored, int bytes)
    {
        var stopped = function is IMigratableFunction { ResponderSuspended: true };
        if (await cast.AccessAsync(actor, bar, offset, stored, bytes) is not { } access)
        {
            recorder.Count($"accesses that {actor} was not there to make");
            return null;
        }

        recorder.OnActorAccess(actor, cast.IsGuest(actor) ? "vCPU" : actor, stored is null, stopped, in access);
        return access.Value;
    }

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
