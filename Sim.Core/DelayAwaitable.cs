using System.Runtime.CompilerServices;

namespace Sim.Core;

/// <summary>What <see cref="Simulator.Delay"/> and <see cref="Simulator.Until"/> give: to be awaited at once, by one process.</summary>
public readonly struct DelayAwaitable : ICriticalNotifyCompletion
{
    private readonly Simulator _simulator;
    private readonly SimTime _due;

    internal DelayAwaitable(Simulator simulator, SimTime due)
    {
        _simulator = simulator;
        _due = due;
    }

    /// <summary>Always false: even a delay of zero lets others go first.</summary>
    public bool IsCompleted => false;

    /// <summary>Part of the await pattern.</summary>
    public DelayAwaitable GetAwaiter() => this;

    /// <summary>Part of the await pattern.</summary>
    public void GetResult()
    {
    }

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation)
    {
        var timer = _simulator.RentTimer();
        timer.Start(_due, continuation);
    }
}

/// <summary>A pooled event that resumes one process.</summary>
internal sealed class DelayTimer
{
    private readonly Simulator _simulator;
    private readonly SimEvent _event;
    private Action? _continuation;

    public DelayTimer(Simulator simulator)
    {
        _simulator = simulator;
        _event = new(simulator, Fire);
    }

    public void Start(SimTime due, Action continuation)
    {
        _event.ScheduleAt(due);
        _continuation = continuation;
    }

    /// <summary>Takes the resumption back and gives the timer to the pool.</summary>
    public void Cancel()
    {
        _event.Cancel();
        _continuation = null;
        _simulator.ReturnTimer(this);
    }

    private void Fire()
    {
        var continuation = _continuation!;
        _continuation = null;
        _simulator.ReturnTimer(this);
        continuation();
    }
}
