using System.Runtime.ExceptionServices;

namespace Sim.Core;

public sealed partial class Simulator
{
    private readonly SimulationContext _context;
    private readonly LinkedList<string> _processes = [];
    private readonly Stack<DelayTimer> _idleTimers = [];
    private Exception? _failure;

    /// <summary>
    /// The names of the processes that have begun and not ended, in the order of their start: what still waits when a run ends.
    /// </summary>
    public IReadOnlyCollection<string> RunningProcesses => _processes;

    /// <summary>
    /// Starts an asynchronous process: software written as an <c>async</c> method that awaits <see cref="Delay"/>, <see
    /// cref="SimCompletion{T}"/>,
    /// <see cref="SimSignal"/> and other processes. It runs on the simulator's thread only, between events, never on the thread pool.
    /// </summary>
    /// <param name="name">The name in errors and in <see cref="RunningProcesses"/>.</param>
    /// <param name="body">Called by an event of its own at Now.</param>
    /// <returns>A task for other processes to await. An exception also surfaces from <see cref="Run"/>, with the name.</returns>
    public Task Start(string name, Func<Task> body)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(body);
        return RunProcess(name, body);
    }

    /// <summary>A pause of a process. Even a pause of zero lets everything go first that is already scheduled for Now.</summary>
    /// <param name="delay">Zero or more.</param>
    /// <exception cref="InvalidOperationException">The delay is negative.</exception>
    public DelayAwaitable Delay(SimDuration delay) => Until(Now + delay);

    /// <summary>A pause of a process until a time.</summary>
    /// <param name="time">Now or later.</param>
    /// <exception cref="InvalidOperationException">The time is in the past.</exception>
    public DelayAwaitable Until(SimTime time)
    {
        // Checked here and not on await: an exception out of OnCompleted would be thrown on the thread pool.
        if (time < Now)
            throw new InvalidOperationException($"A process cannot wait until {time}: it is {Now} already.");
        return new(this, time);
    }

    internal DelayTimer RentTimer() => _idleTimers.TryPop(out var timer) ? timer : new(this);

    internal void ReturnTimer(DelayTimer timer) => _idleTimers.Push(timer);

    /// <summary>Makes the run loop look up after the present event.</summary>
    internal void RequestAttention() => _attention = true;

    private async Task RunProcess(string name, Func<Task> body)
    {
        var entry = _processes.AddLast(name);
        try
        {
            await Delay(SimDuration.Zero);
            await body();
        }
        catch (Exception exception)
        {
            Fail(new SimProcessException(name, Now, exception));
            throw;
        }
        finally
        {
            _processes.Remove(entry);
        }
    }

    private void Fail(Exception failure)
    {
        _failure ??= failure;
        _attention = true;
    }

    private void ThrowIfProcessFailed()
    {
        if (_failure is not { } failure)
            return;
        _failure = null;
        ExceptionDispatchInfo.Throw(failure);
    }
}
