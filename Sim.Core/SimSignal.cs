using System.Runtime.CompilerServices;

namespace Sim.Core;

/// <summary>
/// A gate at which any number of processes wait and are released together. It remembers nothing: who comes later waits for the next
/// release.
/// </summary>
public sealed class SimSignal
{
    private readonly RingQueue<Action> _waiters = new(4);

    /// <summary>How many processes wait.</summary>
    public int WaiterCount => _waiters.Count;

    /// <summary>
    /// Resumes everyone who waits now, in the order of their arrival, before it returns. Who waits again meanwhile stays.
    /// </summary>
    public void Release()
    {
        for (var count = _waiters.Count; count > 0; count--)
            _waiters.Dequeue()();
    }

    /// <summary>Part of the await pattern.</summary>
    public Awaiter GetAwaiter() => new(this);

    /// <summary>Part of the await pattern.</summary>
    public readonly struct Awaiter : ICriticalNotifyCompletion
    {
        private readonly SimSignal _signal;

        internal Awaiter(SimSignal signal) => _signal = signal;

        /// <summary>Always false.</summary>
        public bool IsCompleted => false;

        /// <summary>Part of the await pattern.</summary>
        public void GetResult()
        {
        }

        /// <inheritdoc/>
        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        /// <inheritdoc/>
        public void UnsafeOnCompleted(Action continuation) => _signal._waiters.Enqueue(continuation);
    }
}
