using Sim.Core;

namespace Sim.Vfio;

/// <summary>A mutex of host software: holders follow each other in the order in which they asked.</summary>
public sealed class HostMutex
{
    private readonly Queue<SimCompletion<bool>> _waiters = [];

    /// <summary>Whether somebody holds it.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>Waits for the mutex; dispose what it gives to release it.</summary>
    public async Task<IDisposable> LockAsync()
    {
        if (IsHeld)
        {
            var turn = new SimCompletion<bool>();
            _waiters.Enqueue(turn);
            await turn;
        }

        IsHeld = true;
        return new Holder(this);
    }

    private void Release()
    {
        // Handed over, not opened: whoever asks meanwhile stays behind those who wait.
        if (_waiters.TryDequeue(out var next)) next.Set(true);
        else IsHeld = false;
    }

    private sealed class Holder(HostMutex mutex) : IDisposable
    {
        private HostMutex? _mutex = mutex;

        public void Dispose()
        {
            var held = _mutex;
            _mutex = null;
            held?.Release();
        }
    }
}
