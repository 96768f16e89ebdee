namespace Sim.Core;

/// <summary>
/// A discrete-event simulator: one clock, one set of pending events, one thread. Events fire in the order (due time, order of scheduling),
/// which makes a run a function of its seed and inputs alone.
/// </summary>
public sealed partial class Simulator
{
    /// <summary>Events between two looks at the cancellation token and the progress observer.</summary>
    private const int CheckInterval = 4096;

    private readonly EventTable _table = new();
    private readonly EventQueue _queue;
    private readonly Dictionary<string, RandomStream> _randomStreams = [];
    private readonly Dictionary<Type, object> _shared = [];
    private long _now;
    private long _sequence;
    private long _eventsFired;
    private bool _running;

    // Set when the loop must look up between two events: a stop, a failed process, a posted continuation.
    private bool _attention;
    private bool _stopped;
    private Action<SimProgress>? _progress;
    private long _progressInterval;
    private long _progressDue = long.MaxValue;

    /// <summary>Makes a simulator at time zero with nothing to do.</summary>
    /// <param name="seed">What all random streams derive from.</param>
    /// <param name="queue">The pending-event set; it changes the speed only.</param>
    public Simulator(ulong seed = 1, EventQueueKind queue = EventQueueKind.Wheel)
    {
        Seed = seed;
        _queue = queue switch
        {
            EventQueueKind.Wheel => new EventWheel(_table),
            EventQueueKind.ReferenceHeap => new EventHeap(_table),
            _ => throw new ArgumentOutOfRangeException(nameof(queue), queue, "No such event queue."),
        };
        _context = new(this);
    }

    /// <summary>The present simulated time.</summary>
    public SimTime Now => new(_now);

    /// <summary>The seed that all random streams derive from.</summary>
    public ulong Seed { get; }

    /// <summary>Events fired so far.</summary>
    public long EventsFired => _eventsFired;

    /// <summary>Events that wait to fire.</summary>
    public int PendingEvents => _queue.Count;

    /// <summary>Whether <see cref="Run"/>, <see cref="RunUntil"/> or <see cref="Step"/> is at work.</summary>
    public bool IsRunning => _running;

    /// <summary>Fires events until none is left or <see cref="Stop"/> is called.</summary>
    /// <param name="cancellation">Looked at every few thousand events; the simulator stays whole and can go on.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="SimProcessException">A process failed.</exception>
    /// <exception cref="InvalidOperationException">The simulator is running already.</exception>
    public void Run(CancellationToken cancellation = default) => Loop(long.MaxValue, long.MaxValue, cancellation);

    /// <summary>Fires everything that is due at <paramref name="limit"/> or before, then moves the clock to the limit.</summary>
    /// <param name="limit">Now or later.</param>
    /// <param name="cancellation">Looked at every few thousand events; the simulator stays whole and can go on.</param>
    /// <returns>True when the limit was reached, false when <see cref="Stop"/> ended the run before.</returns>
    /// <inheritdoc cref="Run" path="/exception"/>
    public bool RunUntil(SimTime limit, CancellationToken cancellation = default)
    {
        if (limit.Femtoseconds < _now)
            throw new InvalidOperationException($"Cannot run until {limit}: it is {Now} already.");
        Loop(limit.Femtoseconds, long.MaxValue, cancellation);
        if (_stopped)
            return false;
        _now = limit.Femtoseconds;
        return true;
    }

    /// <summary>Fires one event.</summary>
    /// <returns>False when none was pending.</returns>
    /// <inheritdoc cref="Run" path="/exception"/>
    public bool Step()
    {
        var before = _eventsFired;
        Loop(long.MaxValue, before + 1, default);
        return _eventsFired != before;
    }

    /// <summary>Ends the run after the present event. What is pending stays pending; running again goes on from here.</summary>
    public void Stop()
    {
        _stopped = true;
        _attention = true;
    }

    /// <summary>Has a long run show how far it has come. Who watches must not change the simulation.</summary>
    /// <param name="everyEvents">Events between two calls, 1 or more; rounded up to the next look, which comes every 4096 events.</param>
    /// <param name="observer">Called on the simulation's thread between two events; null ends it.</param>
    /// <exception cref="ArgumentOutOfRangeException">The interval is not positive.</exception>
    public void ObserveProgress(long everyEvents, Action<SimProgress>? observer)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(everyEvents);
        _progress = observer;
        _progressInterval = everyEvents;
        _progressDue = observer is null ? long.MaxValue : _eventsFired + everyEvents;
    }

    /// <summary>
    /// The random stream of a name. Asking again gives the same stream, further on; streams of other names are not disturbed.
    /// </summary>
    /// <param name="componentPath">The name, usually the component's path.</param>
    public RandomStream GetRandomStream(string componentPath)
    {
        if (!_randomStreams.TryGetValue(componentPath, out var stream))
            _randomStreams.Add(componentPath, stream = new(Seed, componentPath));
        return stream;
    }

    /// <summary>The pending-event set, for tests.</summary>
    internal EventQueue Queue => _queue;

    /// <summary>The one object of a kind that components of this simulation share, made when the first of them asks.</summary>
    /// <typeparam name="T">The kind.</typeparam>
    /// <param name="make">Makes it.</param>
    public T Shared<T>(Func<Simulator, T> make) where T : class
    {
        if (!_shared.TryGetValue(typeof(T), out var shared))
            _shared.Add(typeof(T), shared = make(this));
        return (T)shared;
    }

    internal int Register(EventTarget target) => _table.Register(target);

    internal bool IsPending(int slot) => _table.Nodes[slot].Sequence != 0;

    internal SimTime DueOf(int slot)
    {
        ref var node = ref _table.Nodes[slot];
        return node.Sequence != 0 ? new(node.Time) : SimTime.MaxValue;
    }

    internal void Schedule(int slot, long time)
    {
        if (time < _now)
            throw InThePast(slot, time);
        ref var node = ref _table.Nodes[slot];
        if (node.Sequence != 0)
            throw PendingAlready(slot);
        _queue.Add(ref node, slot, time, ++_sequence);
    }

    internal void Reschedule(int slot, long time)
    {
        if (time < _now)
            throw InThePast(slot, time);
        ref var node = ref _table.Nodes[slot];
        if (node.Sequence != 0)
            _queue.Remove(slot);
        _queue.Add(ref node, slot, time, ++_sequence);
    }

    internal void Move(int slot, long time)
    {
        ref var node = ref _table.Nodes[slot];
        if (node.Sequence != 0)
        {
            if (node.Time == time) return;
            Reschedule(slot, time);
            return;
        }

        if (time < _now)
            throw InThePast(slot, time);
        _queue.Add(ref node, slot, time, ++_sequence);
    }

    internal bool Cancel(int slot)
    {
        if (!IsPending(slot))
            return false;
        _queue.Remove(slot);
        return true;
    }

    private InvalidOperationException InThePast(int slot, long time) =>
        new($"{NameOf(slot)} cannot be scheduled at {new SimTime(time)}: it is {Now} already.");

    private InvalidOperationException PendingAlready(int slot) =>
        new($"{NameOf(slot)} is pending for {DueOf(slot)} already; it is {Now}. RescheduleAt moves a pending event.");

    private string NameOf(int slot)
    {
        var target = _table.Nodes[slot].Target;
        return $"The event {(target as SimEvent)?.HandlerName ?? target.ToString()}";
    }

    private void Loop(long limit, long lastEvent, CancellationToken cancellation)
    {
        if (_running)
            throw new InvalidOperationException("The simulator is running already.");
        var outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_context);
        _context.Enter();
        _running = true;
        _stopped = false;
        _attention = true;
        try
        {
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                if (_eventsFired >= _progressDue)
                    ShowProgress();
                if (_attention && !Attend())
                    break;
                var upTo = Math.Min(lastEvent, _eventsFired + CheckInterval);
                if (_eventsFired == upTo || (!Fire(limit, upTo) && !_attention))
                    break;
            }
        }
        finally
        {
            _running = false;
            _context.Leave();
            SynchronizationContext.SetSynchronizationContext(outer);
        }
    }

    /// <summary>Fires events up to a number; returns false when none is due within the limit.</summary>
    private bool Fire(long limit, long upTo)
    {
        while (_eventsFired < upTo && !_attention)
        {
            var slot = _queue.Take(limit);
            if (slot == EventQueue.Nothing)
                return false;
            ref var node = ref _table.Nodes[slot];
            node.Sequence = 0;
            _now = node.Time;
            _eventsFired++;
            node.Target.OnEvent();
        }
        return true;
    }

    private void ShowProgress()
    {
        _progressDue = _eventsFired + _progressInterval;
        _progress!(new(Now, _eventsFired, PendingEvents));
    }

    /// <summary>Runs what was posted and surfaces failures; returns false when the run is to end.</summary>
    private bool Attend()
    {
        _attention = false;
        _context.RunPosted();
        ThrowIfProcessFailed();
        return !_stopped;
    }
}
