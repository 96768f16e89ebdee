namespace Sim.Core;

/// <summary>A process has failed; <see cref="Exception.InnerException"/> says how.</summary>
/// <param name="processName">The name the process was started with.</param>
/// <param name="time">When it failed.</param>
/// <param name="inner">What it threw.</param>
public sealed class SimProcessException(string processName, SimTime time, Exception inner)
    : Exception($"The process '{processName}' failed at {time}: {inner.Message}", inner)
{
    /// <summary>The name the process was started with.</summary>
    public string ProcessName { get; } = processName;

    /// <summary>When it failed.</summary>
    public SimTime Time { get; } = time;
}
