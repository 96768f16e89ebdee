using System.Runtime.CompilerServices;

namespace Sim.Core;

/// <summary>
/// A value that a process awaits and an event sets, once. The process goes on inside <see cref="Set"/>. After <see cref="Reset"/> it can
/// be used anew.
/// </summary>
/// <typeparam name="T">The value.</typeparam>
public sealed class SimCompletion<T>
{
    private T _value = default!;
    private Action? _waiter;

    /// <summary>Whether the value is there.</summary>
    public bool IsSet { get; private set; }

    /// <summary>Whether a process waits for the value.</summary>
    public bool IsAwaited => _waiter is not null;

    /// <summary>Sets the value and resumes the waiting process, which runs until it waits again before this returns.</summary>
    /// <exception cref="InvalidOperationException">A value is set already.</exception>
    public void Set(T value)
    {
        if (!TrySet(value))
            throw new InvalidOperationException("The completion is set already; Reset makes it usable again.");
    }

    /// <summary>Like <see cref="Set"/>, where a value that comes too late is simply dropped.</summary>
    /// <returns>False when a value is set already.</returns>
    public bool TrySet(T value)
    {
        if (IsSet)
            return false;
        _value = value;
        IsSet = true;
        var waiter = _waiter;
        _waiter = null;
        waiter?.Invoke();
        return true;
    }

    /// <summary>Forgets the value.</summary>
    /// <exception cref="InvalidOperationException">A process is waiting: it would wait for another event than it meant.</exception>
    public void Reset()
    {
        if (_waiter is not null)
            throw new InvalidOperationException("A process waits for this completion; it cannot be reset.");
        IsSet = false;
        _value = default!;
    }

    /// <summary>Waits for the value, but not longer than a timeout.</summary>
    /// <param name="simulator">Whose time counts.</param>
    /// <param name="timeout">Zero or more.</param>
    /// <returns>On await: true when the value is set, false when the timeout came first.</returns>
    /// <exception cref="InvalidOperationException">The timeout is negative, or another process waits already.</exception>
    public CompletionTimeout<T> Within(Simulator simulator, SimDuration timeout)
    {
        if (timeout < SimDuration.Zero)
            throw new InvalidOperationException($"A process cannot wait for {timeout}.");
        ThrowIfAwaited();
        return new(simulator, this, timeout);
    }

    /// <summary>Part of the await pattern: gives the value.</summary>
    /// <exception cref="InvalidOperationException">Another process waits already; <see cref="SimSignal"/> serves several.</exception>
    public Awaiter GetAwaiter()
    {
        // Checked here and not in OnCompleted, whose exceptions would be thrown on the thread pool.
        ThrowIfAwaited();
        return new(this);
    }

    internal void SetWaiter(Action? continuation) => _waiter = continuation;

    private void ThrowIfAwaited()
    {
        if (_waiter is not null)
            throw new InvalidOperationException("Another process waits for this completion already; SimSignal serves several.");
    }

    /// <summary>Part of the await pattern.</summary>
    public readonly struct Awaiter : ICriticalNotifyCompletion
    {
        private readonly SimCompletion<T> _completion;

        internal Awaiter(SimCompletion<T> completion) => _completion = completion;

        /// <summary>Whether there is no need to wait.</summary>
        public bool IsCompleted => _completion.IsSet;

        /// <summary>The value.</summary>
        /// <exception cref="InvalidOperationException">The value is not set.</exception>
        public T GetResult() => _completion.IsSet ? _completion._value : throw new InvalidOperationException("The completion is not set.");

        /// <inheritdoc/>
        public void OnCompleted(Action continuation) => _completion.SetWaiter(continuation);

        /// <inheritdoc/>
        public void UnsafeOnCompleted(Action continuation) => _completion.SetWaiter(continuation);
    }
}
