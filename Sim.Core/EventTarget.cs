namespace Sim.Core;

/// <summary>
/// A component that has one event of its own, and no object between that event and itself: for components of which there are many and whose
/// events are most of a simulation's. Others use <see cref="SimEvent"/>.
/// </summary>
public abstract class EventTarget
{
    /// <summary>The event has come; it is idle again by now and may be scheduled anew.</summary>
    protected internal abstract void OnEvent();
}

/// <summary>The event of an <see cref="EventTarget"/>, for its owner to keep; as with a <see cref="SimEvent"/>, at most one firing is
/// pending.</summary>
public readonly struct OwnEvent
{
    private readonly Simulator _simulator;
    private readonly int _slot;

    /// <summary>Makes an idle event.</summary>
    /// <param name="simulator">The simulator that fires it.</param>
    /// <param name="target">Whose event it is.</param>
    public OwnEvent(Simulator simulator, EventTarget target)
    {
        ArgumentNullException.ThrowIfNull(simulator);
        ArgumentNullException.ThrowIfNull(target);
        _simulator = simulator;
        _slot = simulator.Register(target);
    }

    /// <inheritdoc cref="SimEvent.IsPending"/>
    public bool IsPending => _simulator.IsPending(_slot);

    /// <inheritdoc cref="SimEvent.Due"/>
    public SimTime Due => _simulator.DueOf(_slot);

    /// <inheritdoc cref="SimEvent.ScheduleAt"/>
    public void ScheduleAt(SimTime time) => _simulator.Schedule(_slot, time.Femtoseconds);

    /// <inheritdoc cref="SimEvent.ScheduleAfter"/>
    public void ScheduleAfter(SimDuration delay) => _simulator.Schedule(_slot, checked(_simulator.Now.Femtoseconds + delay.Femtoseconds));

    /// <inheritdoc cref="SimEvent.RescheduleAt"/>
    public void RescheduleAt(SimTime time) => _simulator.Reschedule(_slot, time.Femtoseconds);

    /// <inheritdoc cref="SimEvent.RescheduleAfter"/>
    public void RescheduleAfter(SimDuration delay) =>
        _simulator.Reschedule(_slot, checked(_simulator.Now.Femtoseconds + delay.Femtoseconds));

    /// <summary>Has it fire at <paramref name="time"/>, whether it is pending or not. Where it is pending for then already nothing changes,
    /// its turn among others of that time neither.</summary>
    /// <param name="time">Now or later.</param>
    /// <exception cref="InvalidOperationException">The time is past.</exception>
    public void MoveTo(SimTime time) => _simulator.Move(_slot, time.Femtoseconds);

    /// <inheritdoc cref="SimEvent.Cancel"/>
    public bool Cancel() => _simulator.Cancel(_slot);
}
