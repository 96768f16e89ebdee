namespace Sim.Core;

/// <summary>
/// A 4-ary heap of event entries. A cancelled event leaves its entry behind; when the stale ones outnumber the others, all are swept out
/// at once.
/// </summary>
internal sealed class EventHeap(EventTable table) : EventQueue
{
    private EventEntry[] _entries = new EventEntry[64];
    private int _size;

    /// <summary>The number of entries held, stale ones included.</summary>
    internal int Size => _size;

    /// <inheritdoc/>
    public override void Add(ref EventNode node, int slot, long time, long sequence)
    {
        node.Time = time;
        node.Sequence = sequence;
        Add(new(time, sequence, slot));
    }

    /// <summary>Adds an entry whose node is already filled in.</summary>
    public void Add(in EventEntry entry)
    {
        if (_size == _entries.Length)
            Array.Resize(ref _entries, _size * 2);
        SiftUp(_size++, entry);
        Count++;
    }

    /// <inheritdoc/>
    public override void Remove(int slot)
    {
        table.Nodes[slot].Sequence = 0;
        Count--;
        if (_size > 64 && Count < _size / 2)
        {
            Sweep();
            for (var i = (_size - 2) >> 2; i >= 0; i--)
                SiftDown(i, _entries[i]);
        }
    }

    /// <inheritdoc/>
    public override int Take(long limit)
    {
        if (!TryPeek(out var first) || first.Time > limit)
            return Nothing;
        TakeFirst();
        return first.Slot;
    }

    /// <summary>The first pending entry; drops stale ones before it.</summary>
    public bool TryPeek(out EventEntry first)
    {
        var nodes = table.Nodes;
        while (_size > 0)
        {
            first = _entries[0];
            if (nodes[first.Slot].Sequence == first.Sequence)
                return true;
            DropFirst();
        }
        first = default;
        return false;
    }

    /// <summary>Takes out the entry that <see cref="TryPeek"/> has shown; the node stays as it is.</summary>
    public void TakeFirst()
    {
        DropFirst();
        Count--;
    }

    /// <summary>Takes all pending entries out, in no order; the nodes stay as they are.</summary>
    /// <returns>Their number.</returns>
    public int Drain(Span<EventEntry> entries)
    {
        Sweep();
        _entries.AsSpan(0, _size).CopyTo(entries);
        var count = _size;
        _size = Count = 0;
        return count;
    }

    private void DropFirst()
    {
        if (--_size > 0)
            SiftDown(0, _entries[_size]);
    }

    private void SiftUp(int index, EventEntry entry)
    {
        var entries = _entries;
        while (index > 0)
        {
            var parent = (index - 1) >> 2;
            if (!entry.IsBefore(in entries[parent]))
                break;
            entries[index] = entries[parent];
            index = parent;
        }
        entries[index] = entry;
    }

    private void SiftDown(int index, EventEntry entry)
    {
        var entries = _entries.AsSpan(0, _size);
        while (true)
        {
            var child = 4 * index + 1;
            if (child >= entries.Length)
                break;
            var best = child;
            var end = Math.Min(child + 4, entries.Length);
            while (++child < end)
            {
                if (entries[child].IsBefore(in entries[best]))
                    best = child;
            }
            if (!entries[best].IsBefore(in entry))
                break;
            entries[index] = entries[best];
            index = best;
        }
        entries[index] = entry;
    }

    /// <summary>Drops the stale entries; what stays has lost its order.</summary>
    private void Sweep()
    {
        var nodes = table.Nodes;
        var kept = 0;
        for (var i = 0; i < _size; i++)
        {
            if (nodes[_entries[i].Slot].Sequence == _entries[i].Sequence)
                _entries[kept++] = _entries[i];
        }
        _size = kept;
    }
}
