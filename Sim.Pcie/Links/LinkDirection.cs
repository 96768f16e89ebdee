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

/// <summary>A TLP that was handed to a link, in the order of handing over.</summary>
/// <param name="Direction">The link direction that took it.</param>
/// <param name="Tlp">The TLP; its body is only valid during the callback.</param>
/// <param name="Holder">The direction whose receive buffer it occupies until it leaves; null if it originates here.</param>
public readonly record struct TlpAccepted(LinkDirection Direction, Tlp Tlp, LinkDirection? Holder);

/// <summary>
/// One direction of a link: what waits for it, serialiser, wire, and the transmitter's view of the receiver's credits.
/// </summary>
/// <remarks>
/// <para>
/// What is handed over waits in the line of its flow class. Whenever the serialiser is free, the TLP goes that can go first: that is
/// ready, has its credits, and passes nothing that it must not pass (§2.4.1); among those that could go at once, the oldest.
/// </para>
/// <para>
/// That choice follows from times alone: when the serialiser is free, from when a TLP is ready, from when its credits count. So it need not
/// be taken at the moment it is about, only before anything follows from it, and the arrival of the TLP before it serves: one pending event
/// for a direction, whatever waits or is on its way. A choice whose time has not come is taken anew when something earlier is handed over.
/// </para>
/// <para>
/// What follows soonest is that a forwarded TLP's receive buffer is free from its last symbol on, and that the credits for it count at the
/// far end of that link a credit return latency later. A flight longer than the shortest such latency would learn it too late; such a
/// direction has an event at the last symbol as well.
/// </para>
/// </remarks>
public sealed class LinkDirection : EventTarget
{
    private const int Classes = 3;
    private const int None = -1;

    private readonly Simulator _sim;
    private readonly DataRate _rate;
    private readonly SimDuration _flight;
    private readonly SimDuration _creditReturn;
    private readonly OwnEvent _next;
    private readonly bool _returnsCredits;
    private readonly int _framing;

    // Bytes of a TLP of each class besides its payload, if they are the same for all; else -1.
    private readonly Overheads _fixedOverheads;
    private Lanes _lanes;
    private int _waiting;
    private ulong _order;

    // The TLP on the serialiser, or the next one: the head of its class's line, its first and its last symbol.
    private int _chosen = None;
    private SimTime _start;
    private SimTime _end;

    // When the last symbol of the TLP before it left.
    private SimTime _free;

    // Waiting TLPs that an attribute lets pass: none, usually.
    private int _relaxed;
    private bool _isDown;

    // From the last symbol to the event: the flight, unless something could follow sooner.
    private SimDuration _lag;

    // Made when somebody asks for them: unobserved, nothing of them is touched.
    private Probe<TlpHop>? _arrived;
    private Probe<TlpAccepted>? _accepted;
    private RingQueue<OnTheWire>? _wire;
    private SimEvent? _arrival;

    internal LinkDirection(Link link, Port from, Port to, DataRate rate)
    {
        Link = link;
        From = from;
        To = to;
        _rate = rate;
        _sim = from.Sim;
        _flight = link.Profile.Propagation;
        _creditReturn = link.Profile.CreditReturnLatency;
        _framing = link.Profile.FramingBytes;
        for (var k = 0; k < Classes; k++)
        {
            _lanes[k] = new Lane(to.Advertised, (FlowClass)k);
            _fixedOverheads[k] = link.Profile.FixedOverhead((FlowClass)k) ?? -1;
        }

        _returnsCredits = to.Advertised != FlowControlCredits.Infinite;
        _next = new OwnEvent(_sim, this);
        _sim.Shared(static _ => new CreditReturnTimes()).Add(this, _creditReturn);
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
    public Probe<TlpHop> Arrived => _arrived ??= new();

    /// <summary>Every TLP that the link takes to transmit, in order.</summary>
    public Probe<TlpAccepted> Accepted => _accepted ??= new();

    /// <summary>TLPs that were lost because the link went down while they were on it or waited for it.</summary>
    public long Lost { get; private set; }

    /// <summary>TLPs delivered.</summary>
    public long Delivered { get; private set; }

    /// <summary>Bytes put on the wire, framing included.</summary>
    public long BytesSent { get; private set; }

    /// <summary>TLPs that were handed over and have not arrived: on the wire, or waiting for it or for credits.</summary>
    public int UndeliveredTlps => _waiting + (_wire?.Count ?? 0) + (Faults?.Held ?? 0);

    /// <summary>Whether every credit ever consumed has come back (or is on its way): true when nothing is in flight, waiting or
    /// held.</summary>
    public bool CreditsWhole
    {
        get
        {
            for (var k = 0; k < Classes; k++)
            {
                if (!_lanes[k].Credits.IsWhole) return false;
            }

            return true;
        }
    }

    /// <summary>
    /// Takes a TLP for transmission, not before <paramref name="ready"/>. The link now owns it.
    /// </summary>
    /// <param name="tlp">The TLP.</param>
    /// <param name="ready">Earliest time its first symbol may leave: arrival plus the fixed latency of the room it comes through.</param>
    /// <param name="holder">The direction it came in by, whose receive buffer it occupies until it leaves; null if it originates
    /// here.</param>
    public void Send(in Tlp tlp, SimTime ready, LinkDirection? holder)
    {
        if (_isDown)
        {
            Drop(in tlp, holder);
            return;
        }

        if (_accepted is { IsObserved: true }) _accepted.Emit(_sim.Now, new TlpAccepted(this, tlp, holder));
        if (ready < _sim.Now) ready = _sim.Now;
        var kind = (int)tlp.Header.FlowClass;
        ref var lane = ref _lanes[kind];
        ref var slot = ref lane.Line.Add(kind == (int)FlowClass.Posted, in tlp, ready);
        slot.Order = _order++;
        var payload = tlp.PayloadBytes;
        slot.DataCredits = ByteEnables.DataCredits(payload);
        slot.WireBytes = payload + (_fixedOverheads[kind] >= 0 ? _fixedOverheads[kind] : _framing + tlp.OverheadBytes);
        if (slot.Holder != holder) slot.Holder = holder;
        if (OrderingRules.IsRelaxed(in tlp.Header)) _relaxed++;

        // Alone it is next. Else what goes next has begun, or begins before this one could; or this may go first.
        if (++_waiting == 1) ChooseOnly(kind, ref lane, in slot);
        else if (_chosen == None || ready < _start) Choose();
    }

    /// <summary>Transmitter and receiver.</summary>
    public override string ToString() => $"{From.Name} -> {To.Name}";

    /// <summary>The receiver is done with a TLP that came in by this direction: its buffer space counts again from <paramref name="at"/>
    /// on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ReturnCredits(in Tlp tlp, SimTime at)
    {
        if (!_returnsCredits) return;
        ref var lane = ref _lanes[(int)tlp.Header.FlowClass];
        if (lane.Owes()) Return(ref lane, tlp.DataCredits, at);
    }

    /// <summary>Something may follow from a TLP's leaving so soon: what has left by then must be known.</summary>
    internal void LearnWithin(SimDuration time)
    {
        _lag = _flight <= time ? _flight : SimDuration.Zero;
        if (_chosen != None) _next.MoveTo(SimTime.Max(_sim.Now, _end + _lag));
    }

    internal void OnLinkUp() => _isDown = false;

    internal void OnLinkDown()
    {
        _isDown = true;
        _next.Cancel();
        _arrival?.Cancel();
        (_chosen, _waiting, _relaxed) = (None, 0, 0);
        _free = _sim.Now;
        while (_wire is { Count: > 0 }) Drop(_wire.Dequeue().Tlp, null);
        Faults?.OnLinkDown();
        for (var k = 0; k < Classes; k++)
        {
            ref var lane = ref _lanes[k];
            while (lane.Line.Count > 0)
            {
                var lost = lane.Line.Head;
                lane.Line.DropHead();
                Drop(in lost.Tlp, lost.Holder);
            }

            // What the receiver still holds was received before flow control is initialised anew: its credits are no longer owed.
            lane.Stale += lane.Held;
            lane.Held = 0;
            lane.Credits.Reinitialize();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Return(ref Lane lane, int data, SimTime at)
    {
        var counts = at + _creditReturn;
        lane.Credits.Give(data, counts, _free);
        if (_waiting > 0 && (_chosen == None || counts < _start)) Choose();
    }

    /// <summary>Finds the TLP that goes next and has the event come when that has arrived, or has left.</summary>
    private void Choose()
    {
        var (best, bestStart, bestOrder) = (None, SimTime.MaxValue, ulong.MaxValue);
        if (_relaxed > 0) BringFreeOnesForward();
        for (var k = 0; k < Classes; k++)
        {
            ref var lane = ref _lanes[k];
            if (lane.Line.Count == 0) continue;
            ref var head = ref lane.Line.Head;
            var start = StartOf(ref lane, in head);
            if (start > bestStart || (start == bestStart && head.Order > bestOrder)) continue;
            if (k != (int)FlowClass.Posted && start != SimTime.MaxValue && MustWaitForPosted(in head)) continue;
            (best, bestStart, bestOrder) = (k, start, head.Order);

            // Mostly all that waits is of one class.
            if (lane.Line.Count == _waiting) break;
        }

        // Without its credits none can go: the return of some comes here again.
        if (bestStart == SimTime.MaxValue) ChooseNone();
        else Choose(best, bestStart, _lanes[best].Line.Head.WireBytes);
    }

    /// <summary>As <see cref="Choose()"/>, where all that waits is of one class and none of it may pass another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ChooseOnly(int kind, ref Lane lane, in WaitingTlp head)
    {
        var start = StartOf(ref lane, in head);
        if (start == SimTime.MaxValue) ChooseNone();
        else Choose(kind, start, head.WireBytes);
    }

    private void ChooseNone()
    {
        _chosen = None;
        _next.Cancel();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Choose(int kind, SimTime start, int bytes)
    {
        _chosen = kind;
        _start = start;
        _end = start + _rate.TimeFor(bytes);
        _next.MoveTo(_end + _lag);
    }

    private SimTime StartOf(ref Lane lane, in WaitingTlp tlp)
    {
        var start = SimTime.Max(_free, tlp.Ready);
        return SimTime.Max(start, lane.Credits.AvailableFrom(tlp.DataCredits, _free));
    }

    private bool MustWaitForPosted(in WaitingTlp tlp)
    {
        ref var posted = ref _lanes[(int)FlowClass.Posted].Line;
        for (var i = 0; i < posted.Count; i++)
        {
            // In order but for one that was brought forward.
            if (posted[i].Order > tlp.Order && _relaxed == 0) break;
            if (posted[i].Order < tlp.Order && !OrderingRules.MayPassPosted(in tlp.Tlp.Header, in posted[i].Tlp.Header))
                return true;
        }

        return false;
    }

    /// <summary>Where the first of a line cannot go at once, one behind it goes first that can, and may pass all before it.</summary>
    private void BringFreeOnesForward()
    {
        for (var k = 0; k < Classes; k++)
        {
            ref var lane = ref _lanes[k];
            var first = lane.Line.Count > 1 ? StartOf(ref lane, in lane.Line.Head) : SimTime.Zero;
            if (first != SimTime.Zero && k != (int)FlowClass.Posted && MustWaitForPosted(in lane.Line.Head)) first = SimTime.MaxValue;
            for (var i = 1; i < lane.Line.Count && first > _sim.Now; i++)
            {
                ref var candidate = ref lane.Line[i];
                if (StartOf(ref lane, in candidate) >= first || !MayPassAllBefore(in lane.Line, i)) continue;
                if (k != (int)FlowClass.Posted && MustWaitForPosted(in candidate)) continue;
                lane.Line.BringToHead(i);
                break;
            }
        }
    }

    private static bool MayPassAllBefore(in WaitingLine line, int index)
    {
        for (var i = 0; i < index; i++)
        {
            if (!OrderingRules.MayPass(in line[index].Tlp.Header, in line[i].Tlp.Header)) return false;
        }

        return true;
    }

    /// <summary>The chosen TLP has left: its credits are consumed, the buffer that it came in by is free.</summary>
    protected override void OnEvent()
    {
        var kind = _chosen;
        ref var lane = ref _lanes[kind];

        // Its slot stays as it is while the receiver looks at it: a line never fills its last slot.
        ref var head = ref lane.Line.Head;
        ref readonly var tlp = ref head.Tlp;
        lane.Credits.Consume(head.DataCredits);
        lane.Line.DropHead();
        _waiting--;
        if (_relaxed > 0 && OrderingRules.IsRelaxed(in tlp.Header)) _relaxed--;
        BytesSent += head.WireBytes;
        _free = _end;
        _chosen = None;
        var started = _start;
        if (head.Holder is { _returnsCredits: true } holder)
        {
            ref var held = ref holder._lanes[kind];
            if (held.Owes()) holder.Return(ref held, head.DataCredits, _free);
        }

        if (_waiting > 0)
        {
            if (lane.Line.Count == _waiting && _relaxed == 0) ChooseOnly(kind, ref lane, in lane.Line.Head);
            else Choose();
        }

        if (_lag == _flight) Deliver(kind, in tlp, started);
        else Fly(in tlp, started);
    }

    /// <summary>Injected errors of this direction; null until there is one.</summary>
    internal Inject.LinkFaults? Faults { get; set; }

    /// <summary>A TLP that does not reach its receiver.</summary>
    internal void Lose(in Tlp tlp) => Drop(in tlp, null);

    /// <summary>A TLP that reached a full receiver: it is gone, and no credit with it.</summary>
    internal void Overflow(in Tlp tlp)
    {
        if (_returnsCredits) _lanes[(int)tlp.Header.FlowClass].Held++;
        Lost++;
        To.Drop(in tlp, this);
    }

    private void Deliver(int kind, in Tlp tlp, SimTime started)
    {
        if (Faults is null || !Faults.Takes(in tlp, started)) DeliverNow(kind, in tlp, started);
    }

    internal void DeliverNow(in Tlp tlp, SimTime started) => DeliverNow((int)tlp.Header.FlowClass, in tlp, started);

    private void DeliverNow(int kind, in Tlp tlp, SimTime started)
    {
        Delivered++;
        if (_returnsCredits) _lanes[kind].Held++;
        if (_arrived is { IsObserved: true }) _arrived.Emit(_sim.Now, new TlpHop(this, started, tlp));
        To.Receive(in tlp, this);
    }

    /// <summary>It has left and arrives later: only where the flight is longer than a credit return.</summary>
    private void Fly(in Tlp tlp, SimTime started)
    {
        _wire ??= new();
        _arrival ??= new(_sim, OnArrival);
        _wire.Enqueue(new(tlp, started, _free + _flight));
        if (!_arrival.IsPending) _arrival.ScheduleAt(_wire.Head.Arrives);
    }

    private void OnArrival()
    {
        var arrived = _wire!.Dequeue();
        if (_wire.Count > 0) _arrival!.ScheduleAt(_wire.Head.Arrives);
        Deliver((int)arrived.Tlp.Header.FlowClass, in arrived.Tlp, arrived.Started);
    }

    private void Drop(in Tlp tlp, LinkDirection? holder)
    {
        Lost++;
        holder?.ReturnCredits(in tlp, _sim.Now);
        From.OnLost(in tlp);
    }

    /// <summary>What the link keeps for one flow class.</summary>
    private struct Lane(FlowControlCredits advertised, FlowClass kind)
    {
        public WaitingLine Line = new();
        public CreditCount Credits = new(advertised.Headers(kind), advertised.Data(kind));

        /// <summary>TLPs that the receiver has and whose credits it owes.</summary>
        public int Held;

        /// <summary>TLPs that the receiver has from before the link went down.</summary>
        public int Stale;

        /// <summary>Takes one from what the receiver has; tells whether credits come back for it.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool Owes()
        {
            if (Stale > 0)
            {
                Stale--;
                return false;
            }

            Held--;
            return !Credits.IsInfinite;
        }
    }

    [InlineArray(Classes)]
    private struct Lanes
    {
        private Lane _first;
    }

    [InlineArray(Classes)]
    private struct Overheads
    {
        private int _first;
    }

    private readonly struct OnTheWire(Tlp tlp, SimTime started, SimTime arrives)
    {
        public readonly Tlp Tlp = tlp;
        public readonly SimTime Started = started;
        public readonly SimTime Arrives = arrives;
    }
}
