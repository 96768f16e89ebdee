using Sim.Core;

namespace Benchmarks;

/// <summary>A whole simulation to measure. Add one to the list in Program.cs and it takes part in everything.</summary>
internal interface IWorkload
{
    /// <summary>The word on the command line.</summary>
    string Name { get; }

    /// <summary>What the numbers behind the name mean, with their defaults.</summary>
    string Usage { get; }

    /// <summary>Builds the simulation, outside of what is measured.</summary>
    /// <param name="numbers">The numbers behind the name; fewer than expected means defaults.</param>
    /// <param name="queue">The engine's pending-event set.</param>
    IPreparedRun Prepare(IReadOnlyList<long> numbers, EventQueueKind queue);

    /// <summary>Numbers for a short run that has the JIT compile everything at its best.</summary>
    IReadOnlyList<long> WarmUp(IReadOnlyList<long> numbers);
}

/// <summary>A simulation that is ready to go.</summary>
internal interface IPreparedRun
{
    /// <summary>The measured part.</summary>
    RunResult Run();
}

/// <summary>What a run did, to be compared with the baselines: the same work gives the same checks.</summary>
/// <param name="Events">Events fired.</param>
/// <param name="Operations">Round trips or transactions; 0 if the workload knows only events.</param>
/// <param name="Check">The final simulated time in ps.</param>
/// <param name="Check2">The sum of latencies in ps, or 0.</param>
internal readonly record struct RunResult(long Events, long Operations, long Check, long Check2 = 0);
