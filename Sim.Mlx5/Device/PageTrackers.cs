namespace Sim.Mlx5.Device;

/// <summary>The page trackers of a PF, by their numbers.</summary>
internal sealed class PageTrackers
{
    /// <summary>log2 of their number.</summary>
    public const int LogMaximum = 4;

    private readonly ResourceTable<PageTracker> _table = new(1, 1 << LogMaximum);

    public PageTracker? this[uint id] => _table[id];

    public ReadOnlySpan<PageTracker?> All => _table.Slots;

    public uint? Add(PageTracker tracker)
    {
        if (_table.NextNumber is not { } id) return null;
        _table.Put(id, tracker);
        tracker.Subject.Tracker = tracker;
        return id;
    }

    public bool Remove(uint id)
    {
        if (_table[id] is not { } tracker) return false;
        Stop(tracker);
        return _table.Remove(id);
    }

    public void Reset()
    {
        foreach (var tracker in _table.Slots)
        {
            if (tracker is not null) Stop(tracker);
        }

        _table.Clear();
    }

    private static void Stop(PageTracker tracker)
    {
        tracker.Report?.Cancel();
        tracker.Subject.Tracker = null;
    }
}
