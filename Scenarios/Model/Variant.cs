using Scenarios.Platforms;
using Scenarios.Running;
using Scenarios.Traces;

namespace Scenarios.Model;

/// <summary>One combination of the matrix: a value for each axis, in the order of the axes.</summary>
public sealed record Variant(IReadOnlyList<(string Axis, string Value)> Coordinates)
{
    public static readonly Variant Only = new([]);

    /// <summary>Unique within the script: <c>mlx5 / native-aer / zap</c>.</summary>
    public string Name { get; } = Coordinates.Count == 0 ? "the run" : string.Join(" / ", Coordinates.Select(c => c.Value));

    /// <summary>The name as a part of a file name.</summary>
    public string FileName { get; } = Coordinates.Count == 0 ? "run" : string.Join("-", Coordinates.Select(c => c.Value));

    internal bool Matches(Expectation expectation) => expectation.Where.Items.All(w =>
        Coordinates.Any(c => c.Axis == w.Name && w.Value.Contains(c.Value)));
}

/// <summary>A script with one combination of its matrix and its presets laid over it: what a variant runs.</summary>
public sealed record ResolvedScript(Variant Variant, Script Script, ulong Seed)
{
    /// <summary>The real machine that it runs on, if one was given.</summary>
    internal Seat? Platform { get; init; }

    /// <summary>What that machine's host software sets; null if the script says it.</summary>
    internal HostSetup? Host { get; init; }

    /// <summary>The script as the destination of a migration has it; null if that is a host of the same kind.</summary>
    internal Script? Destination { get; init; }

    /// <summary>The files that its TLPs are streamed to; null to keep them in the result.</summary>
    internal TraceTarget? Traces { get; init; }

    /// <summary>Its TLPs are put into words and files beside the simulation, for which there is a core.</summary>
    internal bool TracesBeside { get; init; }

    /// <summary>Told how far its simulations are; null if nobody wants to know.</summary>
    internal ProgressMeter? Meter { get; init; }

    /// <summary>Registers set after everything else.</summary>
    internal IReadOnlyList<RegisterChange> Changes { get; init; } = [];
}

/// <summary>A whole script file: its variants in a fixed order (the last axis turns fastest).</summary>
public sealed record ScriptFile(string Path, IReadOnlyList<ResolvedScript> Variants)
{
    /// <summary>Name of the file without folder and ending.</summary>
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>Title, question and expectations, which no variant may change.</summary>
    public Script Script => Variants[0].Script;

    /// <summary>The real machine that the script runs on, if one was given.</summary>
    internal Seat? Platform => Variants[0].Platform;

    /// <summary>What that machine's host software sets; null if the script says it.</summary>
    internal HostSetup? Host => Variants[0].Host;

    /// <summary>Axes by which the script says what its platform is, where it runs on another one.</summary>
    internal IReadOnlyList<string> ElsewhereAxes { get; init; } = [];

    /// <summary>The script says outside of its matrix what its platform is, and runs on another one.</summary>
    internal bool IsElsewhere { get; init; }

    /// <summary>
    /// Whether an expectation is asked: one that speaks of a platform of the script's own says nothing about the machine it runs on.
    /// </summary>
    internal bool Asks(Expectation expectation) =>
        !IsElsewhere && !expectation.Where.Names.Any(ElsewhereAxes.Contains);

    /// <summary>The same script on a real machine, with the script's own platform as its host software.</summary>
    internal ScriptFile On(Seat platform) => this with { Variants = [.. Variants.Select(v => v with { Platform = platform })] };

    public IReadOnlyList<string> Axes => [.. Script.Matrix.Names];
}
