namespace Sim.Core;

/// <summary>
/// An owned, reusable event: a component makes it once and schedules it as often as it likes; scheduling and firing allocate nothing.
/// At most one firing is pending at a time.
/// </summary>
/// <remarks>Events fire in the order of (due time, order of scheduling). An event stays registered for the life of its simulator.</remarks>
public sealed class SimEvent : EventTarget
{
    private readonly OwnEvent _own;
    private readonly Action _handler;

    /// <summary>Makes an idle event.</summary>
    /// <param name="simulator">The simulator that fires it.</param>
    /// <param name="handler">What to do when it fires; the event is idle again by then and may be scheduled anew.</param>
    public SimEvent(Simulator simulator, Action handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        _handler = handler;
        _own = new OwnEvent(simulator, this);
    }

    /// <summary>Whether a firing is pending.</summary>
    public bool IsPending => _own.IsPending;

    /// <summary>When the event fires, or <see cref="SimTime.MaxValue"/> while nothing is pending.</summary>
    public SimTime Due => _own.Due;

    /// <summary>What fires, for messages.</summary>
    internal string HandlerName => $"{_handler.Method.DeclaringType?.Name}.{_handler.Method.Name}";

    /// <summary>Schedules an idle event.</summary>
    /// <param name="time">Now or later. At Now, it fires after everything that is already scheduled for Now.</param>
    /// <exception cref="InvalidOperationException">The event is pending already, or the time is in the past.</exception>
    public void ScheduleAt(SimTime time) => _own.ScheduleAt(time);

    /// <summary>Schedules an idle event a distance from now.</summary>
    /// <param name="delay">Zero or more.</param>
    /// <exception cref="InvalidOperationException">The event is pending already, or the delay is negative.</exception>
    public void ScheduleAfter(SimDuration delay) => _own.ScheduleAfter(delay);

    /// <summary>
    /// Moves a pending event, or schedules an idle one. It takes its place behind what is already scheduled for that time.
    /// </summary>
    /// <param name="time">Now or later.</param>
    /// <exception cref="InvalidOperationException">The time is in the past; a pending firing stays as it was.</exception>
    public void RescheduleAt(SimTime time) => _own.RescheduleAt(time);

    /// <summary>Moves a pending event to a distance from now, or schedules an idle one.</summary>
    /// <param name="delay">Zero or more.</param>
    /// <exception cref="InvalidOperationException">The delay is negative; a pending firing stays as it was.</exception>
    public void RescheduleAfter(SimDuration delay) => _own.RescheduleAfter(delay);

    /// <summary>Takes a pending firing back; does nothing to an idle event.</summary>
    /// <returns>Whether a firing was pending.</returns>
    public bool Cancel() => _own.Cancel();

    /// <inheritdoc/>
    protected internal override void OnEvent() => _handler();
}
