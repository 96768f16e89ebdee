using Scenarios.Language;
using Sim.Core;

namespace Scenarios.Platforms;

/// <summary>The points of a run that timeline entries wait for, reached as the migrated devices walk their arcs.</summary>
internal sealed class Points(Simulator sim)
{
    private readonly Dictionary<MigrationPoint, SimTime> _reached = [];
    private readonly SimSignal _changed = new();

    /// <summary>When a point was reached; null if it was not yet.</summary>
    public SimTime? At(MigrationPoint point) => _reached.TryGetValue(point, out var time) ? time : null;

    public void Reach(MigrationPoint point)
    {
        if (_reached.TryAdd(point, sim.Now)) _changed.Release();
    }

    public async Task WaitAsync(Moment moment)
    {
        SimTime from;
        while (At(moment.Point) is not { } time) await _changed;
        from = _reached[moment.Point];
        var due = from + moment.After;
        if (due > sim.Now) await sim.Until(due);
    }
}
