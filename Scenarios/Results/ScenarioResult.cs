using Scenarios.Model;

namespace Scenarios.Results;

/// <summary>One expectation held against one variant.</summary>
/// <param name="Position">Where the expectation is written.</param>
/// <param name="Failures">What did not hold, a line each; empty if all held.</param>
public sealed record ExpectationOutcome(Language.SourcePosition Position, IReadOnlyList<string> Failures)
{
    public bool Held => Failures.Count == 0;
}

/// <summary>A variant with its judgement.</summary>
public sealed record JudgedVariant(VariantResult Result, IReadOnlyList<ExpectationOutcome> Outcomes)
{
    /// <summary>Some expectations speak of another platform than this ran on, and were not asked.</summary>
    public bool AsksLess { get; init; }

    /// <summary>The simulation gave a result and every expectation that names this variant held.</summary>
    public bool Passed => Result.Failure is null && Outcomes.All(o => o.Held);

    public IEnumerable<string> Complaints => (Result.Failure is { } failure ? (string[])[$"the simulation failed: {failure}"] : [])
        .Concat(Outcomes.SelectMany(o => o.Failures.Select(f => $"{o.Position}: {f}")));
}

/// <summary>A whole script run: the variants that were finished, in the order of the matrix.</summary>
public sealed record ScenarioResult(ScriptFile File, IReadOnlyList<JudgedVariant> Variants, bool Interrupted)
{
    /// <summary>What was found out by changing registers, where it was asked.</summary>
    public IReadOnlyList<WhatIfAnswer> WhatIf { get; init; } = [];

    public bool Passed => !Interrupted && Variants.All(v => v.Passed);

    public int ExitCode => Interrupted ? 130 : Passed ? 0 : 1;
}
