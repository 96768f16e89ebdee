using Sim.Core;

namespace Scenarios.Language;

/// <summary>The points of a run that a timeline may wait for.</summary>
public enum MigrationPoint
{
    [Word("start", "simulated time zero: enumeration and driver set-up are done")] Start,
    [Word("vcpus-stopped", "the guest's vCPUs have stopped for the switch-over")] VcpusStopped,
    [Word("initiator-suspended", "the device issues no new requests (RUNNING_P2P)")] InitiatorSuspended,
    [Word("stopped", "the device's state is STOP")] Stopped,
    [Word("saved", "the device image and the last dirty bitmap have been read at the source")] Saved,
}

/// <summary>When something happens: a point of the run and a time after it.</summary>
public readonly record struct Moment(MigrationPoint Point, SimDuration After)
{
    internal static string Points => Words.Listed(Words.Of(typeof(MigrationPoint)).Select(w => w.Word));

    public override string ToString() => Point == MigrationPoint.Start ? After.ToString() : $"{Point.Word()} + {After}";

    internal static Moment? Parse(string text)
    {
        var parts = text.Split('+', StringSplitOptions.TrimEntries);
        if (parts.Length == 1 && Units.Duration(parts[0]) is { } time) return new Moment(MigrationPoint.Start, time);
        if (parts.Length > 2) return null;
        var after = new SimDuration(0);
        if (parts.Length == 2)
        {
            if (Units.Duration(parts[1]) is not { } written) return null;
            after = written;
        }
        foreach (var (word, _, value) in Words.Of(typeof(MigrationPoint)))
            if (word == parts[0]) return new Moment((MigrationPoint)value, after);
        return null;
    }
}
