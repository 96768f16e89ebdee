using System.Runtime.CompilerServices;
using Sim.Core;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Links;

/// <summary>A TLP that has arrived, as a bus analyser on the wire sees it.</summary>
/// <param name="Direction">The link direction it travelled.</param>
/// <param name="Started">When its first symbol left the transmitter.</param>
/// <param name="Tlp">The TLP; its body is only valid during the callback.</param>
public readonly record struct TlpHop(LinkDirection Direction, SimTime Started, Tlp Tlp);

/// <summary>
/// One direction of a link: serialiser, wire and the transmitter's view of the receiver's credits.
/// </summary>
/// <remarks>
/// <para>
/// A TLP whose predecessors have all been committed and whose credits are there is committed at once, with the time at which the serialiser
/// will take it. Arbitration is oldest-first, so nothing that arrives later could win the wire before it: the early decision is the
/// decision that would be taken when the serialiser becomes free. Whatever lacks credits waits in its flow class, where TLPs that may pass
/// it, do (§2.4.1).
/// </para>
/// <para>
/// A link keeps order, so one pending event serves every TLP in flight. Returned credits are entries with the time from which they count;
/// they need an event only while a TLP waits for them.
/// </para>
/// </remarks>
public sealed class LinkDirection
{
    private const int Classes = 3;

    private readonly Simulator _sim;
    private readonly LinkProfile _profile;
    private readonly DataRate _rate;
    private readonly SimDuration _flight;
    private readonly SimDuration _creditReturn;
    private readonly SimEvent _arrival;
    private readonly SimEvent _creditEvent;
    private readonly RingQueue<InFlight> _wire = new();
    private readonly RingQueue<Waiting>[] _waiting = [new(), new(), new()];
    private readonly CreditPool _credits;
    private readonly bool _returnsCredits;
    private readonly int[] _held = new int[Classes];
    private readonly int[] _stale = new int[Classes];
    private SimTime _serializerFree;
    private ulong _order;
    private int _waitingCount;

    internal LinkDirection(Link link, Port from, Port to, DataRate rate)
    {
        Link = link;
        From = from;
        To = to;
        _rate = rate;
        _sim = from.Sim;
        _profile = link.Profile;
        _flight = _profile.Propagation;
        _creditReturn = _profile.CreditReturnLatency;
        _credits = new CreditPool(to.Advertised);
        _returnsCredits = !_credits.AllInfinite;
        _arrival = new SimEvent(_sim, OnArrival);
        _creditEvent = new SimEvent(_sim, Pump);
    }

    /// <summary>The link this is one direction of.</summary>
    public Link Link { get; }

    /// <summary>Transmitting port.</summary>
    public Port From { get; }

    /// <summary>Receiving port.</summary>
    public Port To { get; }

    /// <summary>Rate of bytes on the wire.</summary>
    public DataRate Rate => _rate;

    /// <summary>Every TLP that arrives, at its arrival, before the receiver acts on it.</summary>
    public Probe<TlpHop> Arrived { get; } = new();

    /// <summary>TLPs that were lost because the link went down while they were on it or waited for it.</summary>
    public long Lost { get; private set; }

    /// <summary>TLPs delivered.</summary>
    public long Delivered { get; private set; }

    /// <summary>Bytes put on the wire, framing included.</summary>
    public long BytesSent { get; private set; }

    /// <summary>TLPs that wait for credits.</summary>
    public int WaitingTlps => _waitingCount;

    /// <summary>TLPs committed and not yet arrived.</summary>
    public int InFlightTlps => _wire.Count;

    /// <summary>Whether every credit ever consumed has come back (or is on its way): true when nothing is in flight, waiting or
    /// held.</summary>
    public bool CreditsWhole => _credits.Whole;

    /// <summary>
    /// Takes a TLP for transmission, not before <paramref name="ready"/>. The link now owns it.
    /// </summary>
    /// <param name="tlp">The TLP.</param>
    /// <param name="ready">Earliest time its first symbol may leave: arrival plus the fixed latency of the room it comes through.</param>
    /// <param name="holder">The direction it came in by, whose receive buffer it occupies until it leaves; null if it originates
    /// here.</param>
    public void Send(in Tlp tlp, SimTime ready, LinkDirection? holder)
    {
        if (!Link.IsUp)
        {
            Drop(in tlp, holder);
            return;
        }

        var kind = tlp.Header.FlowClass;
        if (_waitingCount == 0 && _credits.TryConsume(kind, tlp.DataCredits, _sim.Now))
        {
            Commit(in tlp, ready, holder, kind);
            return;
        }

        var queue = _waiting[(int)kind];
        ref var slot = ref queue.EnqueueSlot();
        slot.Tlp = tlp;
        slot.Ready = ready;
        slot.Order = _order++;
        slot.Holder = holder;
        _waitingCount++;

        // Behind others of its class and with nothing else waiting it changes nothing: the credit event serves them all.
        if (queue.Count > 1 && queue.Count == _waitingCount && _creditEvent.IsPending) return;
        Pump();
    }

    /// <summary>The receiver is done with a TLP that came in by this direction: its buffer space counts again from <paramref name="at"/>
    /// on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ReturnCredits(in Tlp tlp, SimTime at)
    {
        if (_returnsCredits) Return(tlp.Header.FlowClass, tlp.DataCredits, at);
    }

    internal void OnLinkDown()
    {
        _arrival.Cancel();
        _creditEvent.Cancel();
        while (_wire.Count > 0) Drop(_wire.Dequeue().Tlp, null);
        for (var k = 0; k < Classes; k++)
        {
            while (_waiting[k].Count > 0)
            {
                var w = _waiting[k].Dequeue();
                Drop(in w.Tlp, w.Holder);
            }
        }

        _waitingCount = 0;

        // What the receiver still holds was received before flow control is initialised anew: its credits are no longer owed.
        for (var k = 0; k < Classes; k++)
        {
            _stale[k] += _held[k];
            _held[k] = 0;
        }

        _credits.Reinitialize();
        _serializerFree = _sim.Now;
    }

    private void Return(FlowClass kind, int data, SimTime at)
    {
        if (_stale[(int)kind] > 0)
        {
            _stale[(int)kind]--;
            return;
        }

        _held[(int)kind]--;
        if (!_credits.Give(kind, data, at + _creditReturn)) return;
        if (_waitingCount > 0) ArmCreditEvent();
    }

    private void Commit(in Tlp tlp, SimTime ready, LinkDirection? holder, FlowClass kind)
    {
        var start = _serializerFree > ready ? _serializerFree : ready;
        if (start < _sim.Now) start = _sim.Now;
        var bytes = _profile.WireBytes(in tlp);
        _serializerFree = start + _rate.TimeFor(bytes);
        BytesSent += bytes;
        if (holder is { _returnsCredits: true }) holder.Return(kind, tlp.DataCredits, start);
        var arrives = _serializerFree + _flight;
        ref var slot = ref _wire.EnqueueSlot();
        slot.Arrives = arrives;
        slot.Tlp.Header = tlp.Header;

        // The reference is not even written where it stays null, as in all requests of reads: a store of it runs a write barrier.
        if (slot.Tlp.Body != tlp.Body) slot.Tlp.Body = tlp.Body;
        if (_wire.Count == 1) _arrival.ScheduleAt(arrives);
    }

    private void OnArrival()
    {
        // Copied out of the ring: what the receiver does may take the link down, which clears it.
        ref var head = ref _wire.Head;
        var tlp = head.Tlp;
        _wire.DropHead();
        if (_wire.Count > 0) _arrival.ScheduleAt(_wire.Head.Arrives);
        Delivered++;
        if (_returnsCredits) _held[(int)tlp.Header.FlowClass]++;
        if (Arrived.IsObserved) Arrived.Emit(_sim.Now, new TlpHop(this, StartOf(in tlp), tlp));
        To.Receive(in tlp, this);
    }

    private SimTime StartOf(in Tlp arrived) => _sim.Now - _flight - _rate.TimeFor(_profile.WireBytes(in arrived));

    /// <summary>Commits, oldest first, every waiting TLP that has its credits and that the ordering rules let go (§2.4.1, Table
    /// 2-42).</summary>
    private void Pump()
    {
        if (!PumpOnlyClass())
        {
            while (_waitingCount > 0 && TryCommitOldest()) { }
        }

        if (_waitingCount > 0) ArmCreditEvent();
    }

    /// <summary>The usual case: all that waits is of one class, so that no ordering rule has a say. False if it is not the case.</summary>
    private bool PumpOnlyClass()
    {
        for (var k = 0; k < Classes; k++)
        {
            var queue = _waiting[k];
            if (queue.Count != _waitingCount) continue;
            while (queue.Count > 0 && _credits.TryConsume((FlowClass)k, queue.Head.Tlp.DataCredits, _sim.Now))
            {
                ref var w = ref queue.Head;
                Commit(in w.Tlp, w.Ready, w.Holder, (FlowClass)k);
                queue.DropHead();
                _waitingCount--;
            }

            return true;
        }

        return false;
    }

    private bool TryCommitOldest()
    {
        var oldestPosted = _waiting[(int)FlowClass.Posted].Count > 0 ? _waiting[(int)FlowClass.Posted].Head.Order : ulong.MaxValue;
        var best = -1;
        var bestOrder = ulong.MaxValue;
        for (var k = 0; k < Classes; k++)
        {
            if (_waiting[k].Count == 0) continue;
            ref var head = ref _waiting[k].Head;
            if (head.Order >= bestOrder) continue;

            // Nothing passes a posted request (column 2 of the table), except a completion or request that relaxed ordering frees.
            if (k != (int)FlowClass.Posted && oldestPosted < head.Order && !MayPassPosted(in head.Tlp)) continue;
            if (!_credits.Covers((FlowClass)k, head.Tlp.DataCredits, _sim.Now)) continue;
            best = k;
            bestOrder = head.Order;
        }

        if (best < 0) return false;
        var w = _waiting[best].Dequeue();
        _waitingCount--;
        var consumed = _credits.TryConsume((FlowClass)best, w.Tlp.DataCredits, _sim.Now);
        System.Diagnostics.Debug.Assert(consumed, "Covers said yes");
        Commit(in w.Tlp, w.Ready, w.Holder, (FlowClass)best);
        return true;
    }

    private static bool MayPassPosted(in Tlp tlp) =>
        tlp.Header.FlowClass == FlowClass.Completion && (tlp.Header.Attributes & TlpAttributes.RelaxedOrdering) != 0;

    private void ArmCreditEvent()
    {
        var next = _credits.NextReturn;
        if (next == SimTime.MaxValue) return;

        // Before the serialiser is free nothing can leave: credits that come back earlier than that are all taken in by one event.
        if (next < _serializerFree) next = _serializerFree;
        if (next < _sim.Now) next = _sim.Now;
        if (!_creditEvent.IsPending) _creditEvent.ScheduleAt(next);
        else if (_creditEvent.Due > next) _creditEvent.RescheduleAt(next);
    }

    private void Drop(in Tlp tlp, LinkDirection? holder)
    {
        Lost++;
        holder?.ReturnCredits(in tlp, _sim.Now);
        From.OnLost(in tlp);
    }

    private struct InFlight
    {
        public SimTime Arrives;
        public Tlp Tlp;
    }

    private struct Waiting
    {
        public Tlp Tlp;
        public SimTime Ready;
        public ulong Order;
        public LinkDirection? Holder;
    }
}
