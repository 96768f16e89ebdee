using System.Runtime.CompilerServices;
using Sim.Core;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Links;

/// <summary>
/// The TLPs of one flow class that wait for a link, in the order in which they go unless an attribute frees one of them: posted requests as
/// they were handed over (A2a), others by the time from which they are ready.
/// </summary>
/// <remarks>A ring within the link's own memory block but for its slots: what a link touches for a TLP lies close together.</remarks>
internal struct WaitingLine()
{
    private static readonly WaitingTlp[] Unused = new WaitingTlp[1];

    private WaitingTlp[] _ring = Unused;
    private int _head;

    /// <summary>TLPs that wait.</summary>
    public int Count { get; private set; }

    /// <summary>The first to go.</summary>
    public readonly ref WaitingTlp Head
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _ring[_head];
    }

    /// <summary>One of those that wait, counted from the first.</summary>
    public readonly ref WaitingTlp this[int index] => ref _ring[(_head + index) & (_ring.Length - 1)];

    /// <summary>Adds a TLP behind all that must, or may as well, go first.</summary>
    /// <returns>Its slot, where header and times are set.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref WaitingTlp Add(bool isPosted, in Tlp tlp, SimTime ready)
    {
        var (ring, count) = (_ring, Count);
        if (count == ring.Length - 1) ring = Grow();
        var next = _head + count;
        if (!isPosted && count > 0 && ring[(next - 1) & (ring.Length - 1)].Ready > ready) next = MakeRoom(in tlp, ref ready);
        Count = count + 1;
        ref var slot = ref ring[next & (ring.Length - 1)];
        slot.Tlp.Header = tlp.Header;
        slot.Ready = ready;

        // A reference that is there already is not written again: a store of it runs a write barrier.
        if (slot.Tlp.Body != tlp.Body) slot.Tlp.Body = tlp.Body;
        return ref slot;
    }

    /// <summary>Takes the first out. Its slot keeps what it held: a pooled body and a link. A line that runs empty begins anew in front,
    /// but in another slot than the one just left: a line that holds little touches little of the cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void DropHead()
    {
        Count--;
        _head = Count == 0 ? ~_head & 1 : (_head + 1) & (_ring.Length - 1);
    }

    /// <summary>Takes one out from among the others, and has it in front where <see cref="DropHead"/> removes it.</summary>
    public readonly void BringToHead(int index)
    {
        var chosen = this[index];
        for (var i = index; i > 0; i--) this[i] = this[i - 1];
        Head = chosen;
    }

    // What becomes ready later gives way, unless it belongs to the same request: its Completions stay in order (D5b), and the later one is
    // ready no sooner than the one before it.
    private readonly int MakeRoom(in Tlp tlp, ref SimTime ready)
    {
        var place = Count;
        for (; place > 0 && this[place - 1].Ready > ready; place--)
        {
            if (!OrderingRules.MayPass(in tlp.Header, in this[place - 1].Tlp.Header))
            {
                ready = this[place - 1].Ready;
                break;
            }

            this[place] = this[place - 1];
        }

        return _head + place;
    }

    private WaitingTlp[] Grow()
    {
        var ring = new WaitingTlp[Math.Max(16, _ring.Length * 2)];
        for (var i = 0; i < Count; i++) ring[i] = this[i];
        _head = 0;
        return _ring = ring;
    }
}
