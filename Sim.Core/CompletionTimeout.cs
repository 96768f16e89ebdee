using System.Runtime.CompilerServices;

namespace Sim.Core;

/// <summary>What <see cref="SimCompletion{T}.Within"/> gives: to be awaited at once, by one process.</summary>
/// <typeparam name="T">The value waited for.</typeparam>
public readonly struct CompletionTimeout<T> : ICriticalNotifyCompletion
{
    private readonly Simulator _simulator;
    private readonly SimCompletion<T> _completion;
    private readonly SimDuration _timeout;

    internal CompletionTimeout(Simulator simulator, SimCompletion<T> completion, SimDuration timeout)
    {
        _simulator = simulator;
        _completion = completion;
        _timeout = timeout;
    }

    /// <summary>Whether the value is there already.</summary>
    public bool IsCompleted => _completion.IsSet;

    /// <summary>Part of the await pattern.</summary>
    public CompletionTimeout<T> GetAwaiter() => this;

    /// <summary>Whether the value came in time.</summary>
    public bool GetResult() => _completion.IsSet;

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation)
    {
        var completion = _completion;
        var timer = _simulator.RentTimer();
        timer.Start(_simulator.Now + _timeout, () =>
        {
            completion.SetWaiter(null);
            continuation();
        });
        completion.SetWaiter(() =>
        {
            timer.Cancel();
            continuation();
        });
    }
}
