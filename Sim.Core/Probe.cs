namespace Sim.Core;

/// <summary>Called at a <see cref="Probe{T}"/>'s point of observation. It must not change the simulation.</summary>
/// <param name="time">When it happened.</param>
/// <param name="value">What happened.</param>
public delegate void ProbeObserver<T>(SimTime time, in T value);

/// <summary>
/// A point at which a component can be watched. Unobserved it costs one check: ask <see cref="IsObserved"/> before building the value.
/// </summary>
/// <typeparam name="T">What is shown; a struct, so that nothing is allocated.</typeparam>
public sealed class Probe<T>
{
    private ProbeObserver<T>? _observers;

    /// <summary>Whether anybody watches.</summary>
    public bool IsObserved => _observers is not null;

    /// <summary>Shows a value to the observers, in the order in which they subscribed.</summary>
    /// <param name="time">The present time.</param>
    /// <param name="value">What happened.</param>
    public void Emit(SimTime time, in T value) => _observers?.Invoke(time, in value);

    /// <summary>Adds an observer.</summary>
    /// <param name="observer">Called for each value from now on.</param>
    /// <returns>Dispose it to stop watching; disposing it twice is harmless.</returns>
    public IDisposable Subscribe(ProbeObserver<T> observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        _observers += observer;
        return new Subscription(this, observer);
    }

    private sealed class Subscription(Probe<T> probe, ProbeObserver<T> observer) : IDisposable
    {
        private ProbeObserver<T>? _observer = observer;

        public void Dispose()
        {
            probe._observers -= _observer;
            _observer = null;
        }
    }
}
