namespace Sim.Core;

/// <summary>
/// The state of one <see cref="SimEvent"/>, kept apart from the object so that queues link and sort plain numbers: no write barriers.
/// </summary>
internal struct EventNode
{
    /// <summary>Femtoseconds at which the event is due; meaningful while it is pending.</summary>
    public long Time;

    /// <summary>The sequence number it was scheduled with, or 0 while it is not pending.</summary>
    public long Sequence;

    /// <summary>For the queue: the next slot of the same bucket, or where else the entry is.</summary>
    public int Next;

    /// <summary>For the queue: the previous slot of the same bucket.</summary>
    public int Previous;

    /// <summary>Whose event it is.</summary>
    public EventTarget Target;
}

/// <summary>All event nodes of one simulator, by slot.</summary>
internal sealed class EventTable
{
    private int _count;

    public EventNode[] Nodes = new EventNode[64];

    public int Register(EventTarget target)
    {
        if (_count == Nodes.Length)
            Array.Resize(ref Nodes, _count * 2);
        Nodes[_count].Target = target;
        return _count++;
    }
}

/// <summary>A copy of what orders an event; stale when the node's sequence number is another by now.</summary>
internal readonly record struct EventEntry(long Time, long Sequence, int Slot) : IComparable<EventEntry>
{
    public bool IsBefore(in EventEntry other) => Time < other.Time || (Time == other.Time && Sequence < other.Sequence);

    public int CompareTo(EventEntry other) => IsBefore(in other) ? -1 : other.IsBefore(in this) ? 1 : 0;
}

/// <summary>The set of pending events, ordered by (time, sequence).</summary>
internal abstract class EventQueue
{
    /// <summary>How many events are pending.</summary>
    public int Count { get; protected set; }

    /// <summary>Adds the idle event of a slot.</summary>
    /// <param name="node">The slot's node.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="time">Femtoseconds at which it is due.</param>
    /// <param name="sequence">Higher than that of any event added before.</param>
    public abstract void Add(ref EventNode node, int slot, long time, long sequence);

    /// <summary>Removes the pending event of a slot.</summary>
    public abstract void Remove(int slot);

    /// <summary>What <see cref="Take"/> returns when nothing is due.</summary>
    public const int Nothing = -1;

    /// <summary>Takes the first event out if it is due at <paramref name="limit"/> or before.</summary>
    /// <returns>Its slot; the caller marks its node idle. <see cref="Nothing"/> if none is due.</returns>
    public abstract int Take(long limit);
}
