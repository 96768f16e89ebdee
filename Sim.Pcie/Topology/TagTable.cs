using System.Runtime.CompilerServices;
using Sim.Core;

namespace Sim.Pcie.Topology;

/// <summary>
/// Tags of one requester and the completion timeout of each outstanding non-posted request (§2.2.6.2, §2.8).
/// One event watches over all: it comes when the oldest request's time is over, or would be had it not completed.
/// </summary>
internal sealed class TagTable
{
    private const int None = -1;

    private readonly Simulator _sim;
    private readonly Action<int> _timedOut;
    private readonly SimEvent _timer;
    private readonly Entry[] _entries;

    // Free tags, a list through the entries: the one that has been free for longest is used next.
    private int _firstFree = None;
    private int _lastFree = None;
    private int _first;
    private int _end;
    private int _outstanding;
    private long _order;

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
        UseRange(0, tags);
    }

    /// <summary>Tags of the table: the most that can ever be outstanding.</summary>
    public int Count => _entries.Length;

    /// <summary>
    /// From now on allocates tags from <paramref name="first"/> up to, not including, <paramref name="end"/>, as far as the table goes: 32
    /// tags, 256 with Extended Tag Field Enable, 256 to 1023 with 10-Bit Tag Requester Enable (§2.2.6.2). What is outstanding stays so.
    /// </summary>
    public void UseRange(int first, int end)
    {
        end = Math.Min(end, _entries.Length);
        if (first >= end) first = 0; // a table too small for 10-bit tags keeps to the others
        if ((first, end) == (_first, _end)) return;
        (_first, _end) = (first, end);
        _firstFree = None;
        for (var tag = first; tag < end; tag++)
        {
            if (!_entries[tag].Busy) Append(tag);
        }
    }

    /// <summary>Completion Timeout Value in force (§7.5.3.16); <see cref="SimDuration.Zero"/> if disabled.</summary>
    public SimDuration Timeout { get; set; } = SimDuration.FromMilliseconds(50);

    public bool Any => _firstFree != None;

    public bool IsOutstanding(int tag) => tag < _entries.Length && _entries[tag].Busy;

    /// <summary>Takes a tag; the caller made sure that there is <see cref="Any"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Allocate()
    {
        var tag = _firstFree;
        ref var e = ref _entries[tag];
        _firstFree = e.Next;
        e.Issued = _sim.Now;
        e.Order = ++_order;
        _outstanding++;
        if (!_timer.IsPending && Timeout > SimDuration.Zero) _timer.ScheduleAt(_sim.Now + Timeout);
        return tag;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Free(int tag)
    {
        ref var e = ref _entries[tag];
        if (!e.Busy) throw NotOutstanding(tag);
        e.Order = 0;
        if (tag >= _first && tag < _end) Append(tag);
        if (--_outstanding == 0) _timer.Cancel();
    }

    private void Append(int tag)
    {
        _entries[tag].Next = None;
        if (_firstFree == None) _firstFree = tag;
        else _entries[_lastFree].Next = tag;
        _lastFree = tag;
    }

    private static InvalidOperationException NotOutstanding(int tag) => new($"tag {tag} is not outstanding");

    /// <summary>Reset: every outstanding request is forgotten; late completions will be unexpected.</summary>
    public void Clear()
    {
        while (Oldest() is { } tag) Free(tag);
    }

    private void OnTimer()
    {
        while (Timeout > SimDuration.Zero && Oldest() is { } tag)
        {
            var due = _entries[tag].Issued + Timeout;
            if (due > _sim.Now)
            {
                // Whoever was told of a timeout may have begun something new, and the timer with it.
                _timer.RescheduleAt(due);
                return;
            }

            Free(tag);
            _timedOut(tag);
        }
    }

    /// <summary>Looks for it among all: once in a timeout, where keeping them in order costs something at every request.</summary>
    private int? Oldest()
    {
        var oldest = -1;
        for (var tag = 0; tag < _entries.Length && _outstanding > 0; tag++)
        {
            if (_entries[tag].Busy && (oldest < 0 || _entries[tag].Order < _entries[oldest].Order)) oldest = tag;
        }

        return oldest < 0 ? null : oldest;
    }

    private struct Entry
    {
        public SimTime Issued;

        /// <summary>Its place in the order of issue; 0 if it is free.</summary>
        public long Order;

        /// <summary>The tag that was freed after it, while both are free.</summary>
        public int Next;

        public readonly bool Busy => Order != 0;
    }
}
