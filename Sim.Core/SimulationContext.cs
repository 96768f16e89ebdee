namespace Sim.Core;

/// <summary>
/// The synchronization context of a run. Awaited tasks that belong to the simulation complete on its thread while this context is current,
/// so their continuations run inline; the few that are posted run before the next event. Nothing reaches the thread pool.
/// </summary>
internal sealed class SimulationContext(Simulator simulator) : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _posted = [];
    private int _thread;
    private volatile bool _foreign;

    public void Enter() => _thread = Environment.CurrentManagedThreadId;

    public void Leave() => _thread = 0;

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (_thread != 0 && _thread != Environment.CurrentManagedThreadId)
        {
            // Not resumed: the continuation would run at an accidental simulated time. The run ends with an error instead.
            _foreign = true;
            simulator.RequestAttention();
            return;
        }
        _posted.Enqueue((d, state));
        simulator.RequestAttention();
    }

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public void RunPosted()
    {
        while (_posted.TryDequeue(out var posted))
            posted.Callback(posted.State);
        if (!_foreign)
            return;
        _foreign = false;
        throw new InvalidOperationException(
            $"At {simulator.Now} a process was resumed from another thread: it awaited something that is not of the simulation.");
    }
}
