using Sim.Core;

namespace Sim.Pcie.Topology;

/// <summary>
/// Tags of one requester and the completion timeout of each outstanding non-posted request (§2.2.6.2, §2.8).
/// Requests are kept in order of issue, so one event watches the oldest and completions need not cancel anything.
/// </summary>
internal sealed class TagTable
{
    private const int None = -1;

    private readonly Simulator _sim;
    private readonly Action<int> _timedOut;
    private readonly SimEvent _timer;
    private readonly RingQueue<int> _free;
    private readonly Entry[] _entries;
    private int _oldest = None;
    private int _newest = None;

    /// <summary>Makes a table.</summary>
    /// <param name="sim">Simulator.</param>
    /// <param name="tags">Number of tags, 1 to 1024.</param>
    /// <param name="timedOut">Called with a tag whose completion timeout passed; the tag is free by then.</param>
    public TagTable(Simulator sim, int tags, Action<int> timedOut)
    {
        _sim = sim;
        _timedOut = timedOut;
        _timer = new SimEvent(sim, OnTimer);
        _entries = new Entry[tags];
        _free = new RingQueue<int>(tags);
        for (var i = 0; i < tags; i++) _free.Enqueue(i);
    }

    /// <summary>Completion Timeout Value in force (§7.5.3.16); <see cref="SimDuration.Zero"/> if disabled.</summary>
    public SimDuration Timeout { get; set; } = SimDuration.FromMilliseconds(50);

    public bool Any => _free.Count > 0;

    public bool IsOutstanding(int tag) => tag < _entries.Length && _entries[tag].Busy;

    /// <summary>Takes a tag; the caller made sure that there is <see cref="Any"/>.</summary>
    public int Allocate()
    {
        var tag = _free.Dequeue();
        ref var e = ref _entries[tag];
        e.Busy = true;
        e.Issued = _sim.Now;
        e.Older = _newest;
        e.Newer = None;
        if (_newest != None) _entries[_newest].Newer = tag;
        else _oldest = tag;
        _newest = tag;
        if (!_timer.IsPending && Timeout > SimDuration.Zero) _timer.ScheduleAt(_sim.Now + Timeout);
        return tag;
    }

    public void Free(int tag)
    {
        ref var e = ref _entries[tag];
        if (!e.Busy) throw new InvalidOperationException($"tag {tag} is not outstanding");
        e.Busy = false;
        if (e.Older != None) _entries[e.Older].Newer = e.Newer;
        else _oldest = e.Newer;
        if (e.Newer != None) _entries[e.Newer].Older = e.Older;
        else _newest = e.Older;
        _free.Enqueue(tag);
        if (_oldest == None) _timer.Cancel();
    }

    /// <summary>Reset: every outstanding request is forgotten; late completions will be unexpected.</summary>
    public void Clear()
    {
        while (_oldest != None) Free(_oldest);
    }

    private void OnTimer()
    {
        while (_oldest != None && Timeout > SimDuration.Zero)
        {
            var due = _entries[_oldest].Issued + Timeout;
            if (due > _sim.Now)
            {
                // Whoever was told of a timeout may have issued anew, which has armed the timer.
                if (!_timer.IsPending) _timer.ScheduleAt(due);
                return;
            }

            var tag = _oldest;
            Free(tag);
            _timedOut(tag);
        }
    }

    private struct Entry
    {
        public SimTime Issued;
        public int Older;
        public int Newer;
        public bool Busy;
    }
}
