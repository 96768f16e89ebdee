using Scenarios.Results;
using Sim.Core;
using Sim.Vfio.Migration;
using Sim.Vfio.Virtualization;

namespace Scenarios.Platforms;

/// <summary>Writes down what a live migration measures on both sides: rounds, bytes, states, and the jobs that the guest gets done
/// before, during and after.</summary>
internal sealed class MigrationBook
{
    private readonly Recorder _recorder;
    private readonly Cast _source;
    private readonly List<SumAt> _jobs = [];
    private readonly LaneBook _arrivals = new();
    private SimTime? _resumed;

    public MigrationBook(Recorder recorder, Cast source)
    {
        (_recorder, _source) = (recorder, source);
        WatchJobs(source, recorder.Relative);
    }

    /// <summary>The destination, whose clock begins when the stream was complete at the source.</summary>
    public void WatchDestination(Cast cast, SimTime begins, SimTime completed)
    {
        SimTime Clock(SimTime time) => _recorder.Relative(completed) + (time - begins);
        WatchJobs(cast, Clock);
        for (var i = 0; i < cast.GuestFunctions.Count; i++)
        {
            var name = $"{cast.GuestFunctions[i].Name} (destination)";
            cast.Vmm!.Devices[i].Device.Migration!.Stepped.Subscribe((SimTime now, in MigrationStep step) =>
                _arrivals.Enter(name, Clock(now), VariantSimulation.KindOf(step.To), step.To.UapiName()));
        }
    }

    /// <summary>The guest runs on at the destination.</summary>
    public void Arrived(SimTime after, SimTime completed)
    {
        _resumed = _recorder.Relative(completed) + (after - SimTime.Zero);
        _arrivals.Enter("vCPU (destination)", _resumed.Value, LaneKind.Running, "runs");
    }

    /// <summary>All of it; null if nothing was migrated.</summary>
    /// <param name="result">What the source did and saw.</param>
    /// <param name="failure">Why it failed at the destination.</param>
    /// <param name="lanes">The lanes of the source's timeline.</param>
    public MigrationTrace? Finish(LiveMigrationResult? result, string? failure, IReadOnlyList<Lane> lanes)
    {
        if (result is null) return null;
        var dirty = Samples(MigrationQuantity.DirtyPages);
        var trace = new MigrationTrace
        {
            Begun = _recorder.Relative(result.Begun),
            GuestStopped = Reached(result.GuestStopped),
            DevicesStopped = Reached(result.DevicesStopped),
            FinalBitmap = Reached(result.FinalBitmap),
            Completed = Reached(result.Completed),
            Resumed = Reached(result.Recovered) ?? _resumed,
            Failure = result.Failure ?? failure,
            Rounds = [.. dirty.Zip(result.PagesPerRound, (d, sent) => new MigrationRound(d.At, d.Value, sent))],
            ImageBytes = Samples(MigrationQuantity.ImageBytes),
            SentBytes = Samples(MigrationQuantity.SentBytes),
            Jobs = _jobs,
        };
        var end = trace.Window.To;
        var shown = _source.GuestFunctions.Select(f => f.Name).Prepend("vCPU").ToList();
        return trace with
        {
            Lanes = [.. lanes.Where(l => shown.Contains(l.Name)).Select(l => Lasting(l, end)), .. _arrivals.Finish(end)],
        };

        SimTime? Reached(SimTime time) => time > result.Begun ? _recorder.Relative(time) : null;

        IReadOnlyList<SumAt> Samples(MigrationQuantity quantity) =>
            [.. result.Samples.Where(s => s.Quantity == quantity).Select(s => new SumAt(_recorder.Relative(s.Time), s.Value))];
    }

    /// <summary>A lane without what happened in it, whose last state lasts.</summary>
    private static Lane Lasting(Lane lane, SimTime end) => lane with
    {
        Instants = [],
        Spans = [.. lane.Spans.Select((s, i) => i == lane.Spans.Count - 1 ? s with { To = SimTime.Max(s.To, end) } : s)],
    };

    private void WatchJobs(Cast cast, Func<SimTime, SimTime> clock) => cast.Vmm?.Cpu.Stepped.Subscribe((SimTime time, in long _) =>
    {
        var completed = cast.GuestDevice!.Personality.Report(cast.Vmm.Cpu.Program).Completed;
        if (completed > (_jobs.Count == 0 ? 0 : _jobs[^1].Value)) _jobs.Add(new(clock(time), completed));
    });
}
