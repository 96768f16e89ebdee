using Scenarios.Language;
using Sim.Core;
using Sim.Vfio.Migration;

namespace Scenarios.Platforms;

/// <summary>The points of a run that timeline entries wait for, reached as the migrated device walks its arcs.</summary>
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

    /// <summary>An arc of the migrated device ended.</summary>
    public void OnStep(in MigrationStep step)
    {
        if (step.To is MigrationState.RunningP2P or MigrationState.PreCopyP2P or MigrationState.Stop)
            Reach(MigrationPoint.InitiatorSuspended);
        if (step.To == MigrationState.Stop) Reach(MigrationPoint.Stopped);
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
