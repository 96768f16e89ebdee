using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sim.Core;

/// <summary>
/// A timing wheel. Time is cut into buckets of a power of two femtoseconds; a bucket is an unordered list threaded through the event
/// nodes, so that adding and removing cost the same however many events are pending. Only the bucket at hand is sorted: the near entries.
/// </summary>
/// <remarks>
/// What fits neither goes to a heap: events beyond the wheel's horizon, and those that would have to be inserted deep into the near entries
/// (which guards against a bucket that grows large). The first of all is then the smaller of two heads, so that entries never need
/// to move from the heap into the wheel. <see cref="WheelTuning"/> chooses the width and the number of buckets from what happens.
/// While no more events are pending than <see cref="FewEvents"/> holds, the wheel stands still and they are there.
/// </remarks>
internal sealed class EventWheel : EventQueue
{
    // What EventNode.Next says besides the next slot of the bucket.
    private const int EndOfBucket = -1;
    private const int IsNear = -2;
    private const int IsInHeap = -3;
    private const int IsOfFew = -4;

    private const int MaxNearMoves = 32;

    private readonly EventTable _table;
    private readonly EventHeap _heap;
    private int[] _bucketHeads;
    private BucketMap _occupied;
    private int _shift;
    private WheelTuning _tuning;

    // Near entries, ascending in [_nearHead, _nearTail): all of bucket _current, and later additions to it or to a bucket before.
    private EventEntry[] _near = new EventEntry[64];
    private int _nearHead;
    private int _nearTail;

    // All events, while they are few; the wheel and the heap are empty then.
    private FewEvents _few = new();
    private bool _areFew = true;

    // Room to rebuild a small wheel in: a simulation of not many events never meets the array pool.
    private readonly EventEntry[] _room = new EventEntry[64];
    private long _current = -1;

    // A slot of the bucket after _current, as far as LookAhead has come; only a guess once that bucket changes.
    private int _ahead = EndOfBucket;

    // No live entry of the heap is due before this.
    private long _heapFloor = long.MaxValue;

    public EventWheel(EventTable table)
    {
        _table = table;
        _heap = new(table);
        _shift = WheelTuning.InitialShift;
        _bucketHeads = new int[WheelTuning.MinBuckets];
        _occupied = new(WheelTuning.MinBuckets);
        _tuning = new();
    }

    /// <summary>Log2 of the bucket width in femtoseconds; for tests of the tuning.</summary>
    internal int Shift => _shift;

    /// <summary>The number of buckets; for tests of the tuning.</summary>
    internal int Buckets => _bucketHeads.Length;

    /// <summary>Whether the wheel stands still because few events are pending; for tests.</summary>
    internal bool AreFew => _areFew;

    /// <inheritdoc/>
    public override void Add(ref EventNode node, int slot, long time, long sequence)
    {
        node.Time = time;
        node.Sequence = sequence;
        Count++;
        if (_areFew)
        {
            if (_few.HasRoom)
            {
                node.Next = IsOfFew;
                _few.Add(slot, time);
                return;
            }

            SetWheelGoing();
        }

        AddToWheel(ref node, slot);
    }

    private void AddToWheel(ref EventNode node, int slot)
    {
        var time = node.Time;
        var ahead = (time >> _shift) - _current;
        if (ahead <= 0)
            AddNear(ref node, slot);
        else if (ahead < _bucketHeads.Length)
            Link(ref node, slot);
        else
            AddFar(ref node, slot, ahead);
    }

    /// <inheritdoc/>
    public override void Remove(int slot)
    {
        ref var node = ref _table.Nodes[slot];
        Count--;
        if (node.Next == IsOfFew)
            _few.Remove(slot);
        else if (node.Next == IsInHeap)
            _heap.Remove(slot);
        else if (node.Next >= EndOfBucket)
            Unlink(ref node);
        node.Sequence = 0;
    }

    /// <inheritdoc/>
    public override int Take(long limit)
    {
        if (!_areFew) return TakeFromWheel(limit);
        if (!_few.IsDue(limit)) return Nothing;
        Count--;
        return _few.Take();
    }

    private int TakeFromWheel(long limit)
    {
        while (_nearHead < _nearTail || Advance(limit))
        {
            if (_nearHead == _nearTail || _near[_nearHead].Time >= _heapFloor)
            {
                if (HeapIsFirst(out var first))
                {
                    if (first.Time > limit)
                        return Nothing;
                    _heap.TakeFirst();
                    Taken(first.Time);
                    return first.Slot;
                }
                if (_nearHead == _nearTail)
                    continue;
            }
            ref var near = ref _near[_nearHead];
            if (near.Time > limit)
                return Nothing;
            _nearHead++;
            var slot = near.Slot;
            if (_table.Nodes[slot].Sequence != near.Sequence)
                continue; // cancelled, or rescheduled, since it was sorted in
            Taken(near.Time);
            return slot;
        }
        return Nothing;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Taken(long time)
    {
        Count--;
        if (_ahead >= 0)
            LookAhead();
        if (--_tuning.TakesLeft <= 0)
            Tune(time);
    }

    /// <summary>
    /// Has the cache fetch one event of the following bucket for each one taken from this: its node first, then its target.
    /// </summary>
    private void LookAhead()
    {
        ref var node = ref _table.Nodes[_ahead];
        Prefetch.Object(node.Target);
        _ahead = node.Next;
        if (_ahead >= 0)
            Prefetch.Location(ref _table.Nodes[_ahead]);
    }

    private void Link(ref EventNode node, int slot)
    {
        var bucket = (int)(node.Time >> _shift) & (_bucketHeads.Length - 1);
        node.Previous = EndOfBucket;
        node.Next = EndOfBucket;
        if (!_occupied.Set(bucket))
        {
            node.Next = _bucketHeads[bucket];
            _table.Nodes[node.Next].Previous = slot;
        }
        _bucketHeads[bucket] = slot;
    }

    private void Unlink(ref EventNode node)
    {
        var nodes = _table.Nodes;
        if (node.Next != EndOfBucket)
            nodes[node.Next].Previous = node.Previous;
        if (node.Previous != EndOfBucket)
        {
            nodes[node.Previous].Next = node.Next;
            return;
        }
        var bucket = (int)(node.Time >> _shift) & (_bucketHeads.Length - 1);
        if (node.Next == EndOfBucket)
            _occupied.Clear(bucket);
        else
            _bucketHeads[bucket] = node.Next;
    }

    private void AddFar(ref EventNode node, int slot, long ahead)
    {
        _tuning.FarAdds++;
        _tuning.FarOctaves += BitOperations.Log2((ulong)ahead / (ulong)_bucketHeads.Length);
        AddToHeap(ref node, slot);
    }

    private void AddToHeap(ref EventNode node, int slot)
    {
        node.Next = IsInHeap;
        _heap.Add(new EventEntry(node.Time, node.Sequence, slot));
        _heapFloor = Math.Min(_heapFloor, node.Time);
    }

    private void AddNear(ref EventNode node, int slot)
    {
        var entry = new EventEntry(node.Time, node.Sequence, slot);
        if (_nearHead == _nearTail)
            _nearHead = _nearTail = 0;
        else if (_nearTail == _near.Length)
            MakeRoomNear();
        // The new entry has the highest sequence number: times alone decide, and equal times append.
        var near = _near;
        var place = _nearTail;
        while (place > _nearHead && near[place - 1].Time > entry.Time)
        {
            if (_nearTail - place == MaxNearMoves)
            {
                _tuning.NearMoves += MaxNearMoves;
                AddToHeap(ref node, slot);
                return;
            }
            place--;
        }
        _tuning.NearMoves += _nearTail - place;
        // Mostly two or three entries: a call to Array.Copy takes longer than moving them.
        for (var i = _nearTail; i > place; i--)
            near[i] = near[i - 1];
        near[place] = entry;
        _nearTail++;
        node.Next = IsNear;
    }

    /// <summary>
    /// Moves the near entries to the front of their array, without the stale ones; doubles the array if that frees too little.
    /// </summary>
    private void MakeRoomNear()
    {
        var nodes = _table.Nodes;
        var kept = 0;
        for (var i = _nearHead; i < _nearTail; i++)
        {
            if (nodes[_near[i].Slot].Sequence == _near[i].Sequence)
                _near[kept++] = _near[i];
        }
        _nearHead = 0;
        _nearTail = kept;
        if (kept > _near.Length / 2)
            Array.Resize(ref _near, _near.Length * 2);
    }

    /// <summary>Refreshes the heap's floor and tells whether the first of all events is in the heap.</summary>
    private bool HeapIsFirst(out EventEntry first)
    {
        var any = _heap.TryPeek(out first);
        _heapFloor = any ? first.Time : long.MaxValue;
        return any && (_nearHead == _nearTail || first.IsBefore(in _near[_nearHead]));
    }

    /// <summary>
    /// Moves on to the next bucket with an event, of the wheel or the heap, if it begins within the limit; the near entries are used up.
    /// </summary>
    private bool Advance(long limit)
    {
        var buckets = _bucketHeads.Length;
        var from = (int)(_current + 1) & (buckets - 1);
        var bucket = _occupied.FindFrom(from);
        var next = bucket < 0 ? long.MaxValue : _current + 1 + ((bucket - from) & (buckets - 1));
        if (_heapFloor != long.MaxValue)
        {
            HeapIsFirst(out _);
            if (_heapFloor >> _shift < next)
            {
                next = _heapFloor >> _shift;
                bucket = -1;
            }
        }
        if (next > limit >> _shift || next == long.MaxValue)
            return false;
        _current = next;
        if (bucket >= 0)
            LoadNear(bucket);
        return true;
    }

    private void LoadNear(int bucket)
    {
        var slot = _bucketHeads[bucket];
        _occupied.Clear(bucket);
        ref var head = ref _table.Nodes[slot];
        if (head.Next == EndOfBucket)
        {
            // Alone, as most are while few events are pending.
            head.Next = IsNear;
            _near[0] = new(head.Time, head.Sequence, slot);
            (_nearHead, _nearTail) = (0, 1);
        }
        else
        {
            LoadSorted(slot);
        }
        var following = (bucket + 1) & (_bucketHeads.Length - 1);
        if (_occupied.IsSet(following))
        {
            _ahead = _bucketHeads[following];
            Prefetch.Location(ref _table.Nodes[_ahead]);
        }
        _tuning.Loads++;
        _tuning.Loaded += _nearTail - _nearHead;
    }

    private void LoadSorted(int slot)
    {
        const int FewEntries = 16;
        var nodes = _table.Nodes;
        var near = _near;
        // A bucket's list runs from the youngest to the oldest, so that inserting from the back keeps equal times cheap.
        var head = FewEntries;
        while (slot != EndOfBucket && head > 0)
        {
            ref var node = ref nodes[slot];
            var entry = new EventEntry(node.Time, node.Sequence, slot);
            var place = head--;
            for (; place < FewEntries && near[place].IsBefore(in entry); place++)
                near[place - 1] = near[place];
            near[place - 1] = entry;
            slot = node.Next;
            node.Next = IsNear;
        }
        _nearHead = head;
        _nearTail = FewEntries;
        if (slot != EndOfBucket)
            LoadManyNear(slot);
    }

    private void LoadManyNear(int slot)
    {
        var nodes = _table.Nodes;
        while (slot != EndOfBucket)
        {
            if (_nearTail == _near.Length)
                Array.Resize(ref _near, _near.Length * 2);
            ref var node = ref nodes[slot];
            _near[_nearTail++] = new(node.Time, node.Sequence, slot);
            slot = node.Next;
            node.Next = IsNear;
        }
        _near.AsSpan(_nearHead, _nearTail - _nearHead).Sort();
    }

    private void Tune(long now)
    {
        var (shift, buckets) = (_shift, _bucketHeads.Length);
        if (Count <= FewEvents.Capacity / 2)
            SetWheelAside();
        else if (_tuning.Choose(Count, ref shift, ref buckets))
            Rebuild(now, shift, buckets);
    }

    /// <summary>Events have become more than a few.</summary>
    private void SetWheelGoing()
    {
        _areFew = false;
        _current = (_few.LastTaken >> _shift) - 1;
        while (_few.IsDue(long.MaxValue))
        {
            var slot = _few.Take();
            AddToWheel(ref _table.Nodes[slot], slot);
        }
    }

    /// <summary>Events have become few.</summary>
    private void SetWheelAside()
    {
        var all = _room.AsSpan(0, Empty(_room));
        all.Sort();
        _areFew = true;
        foreach (ref var entry in all)
        {
            _table.Nodes[entry.Slot].Next = IsOfFew;
            _few.Add(entry.Slot, entry.Time);
        }
        _tuning.Forget();
    }

    private void Rebuild(long now, int shift, int buckets)
    {
        var room = Count <= _room.Length ? _room : ArrayPool<EventEntry>.Shared.Rent(Count);
        var count = Empty(room);
        _shift = shift;
        if (buckets != _bucketHeads.Length)
        {
            _bucketHeads = new int[buckets];
            _occupied = new(buckets);
        }
        _current = (now >> shift) - 1;
        foreach (ref var entry in room.AsSpan(0, count))
            AddToWheel(ref _table.Nodes[entry.Slot], entry.Slot);
        if (room != _room)
            ArrayPool<EventEntry>.Shared.Return(room);
        _tuning.Forget();
    }

    /// <summary>Takes all events out of wheel and heap, in no order; their nodes keep when they are due.</summary>
    private int Empty(EventEntry[] all)
    {
        var count = 0;
        for (; _nearHead < _nearTail; _nearHead++)
        {
            ref var entry = ref _near[_nearHead];
            if (_table.Nodes[entry.Slot].Sequence == entry.Sequence)
                all[count++] = entry;
        }
        for (var bucket = _occupied.FindFrom(0); bucket >= 0; bucket = _occupied.FindFrom(bucket))
        {
            _occupied.Clear(bucket);
            for (var slot = _bucketHeads[bucket]; slot != EndOfBucket; slot = _table.Nodes[slot].Next)
                all[count++] = new(_table.Nodes[slot].Time, _table.Nodes[slot].Sequence, slot);
        }
        _ahead = EndOfBucket;
        _heapFloor = long.MaxValue;
        return count + _heap.Drain(all.AsSpan(count));
    }
}
