using Scenarios.Platforms;

namespace Scenarios.Model;

/// <summary>One combination of the matrix: a value for each axis, in the order of the axes.</summary>
public sealed record Variant(IReadOnlyList<(string Axis, string Value)> Coordinates)
{
    public static readonly Variant Only = new([]);

    /// <summary>Unique within the script: <c>mlx5 / native-aer / zap</c>.</summary>
    public string Name => Coordinates.Count == 0 ? "the run" : string.Join(" / ", Coordinates.Select(c => c.Value));

    /// <summary>The name as a part of a file name.</summary>
    public string FileName => Coordinates.Count == 0 ? "run" : string.Join("-", Coordinates.Select(c => c.Value));

    internal bool Matches(Expectation expectation) => expectation.Where.Items.All(w =>
        Coordinates.Any(c => c.Axis == w.Name && w.Value.Contains(c.Value)));
}

/// <summary>A script with one combination of its matrix and its presets laid over it: what a variant runs.</summary>
public sealed record ResolvedScript(Variant Variant, Script Script, ulong Seed)
{
    /// <summary>The Root Port of a real machine that stands in for the one above the script's devices, if one was given.</summary>
    internal DumpedPort? Platform { get; init; }
}

/// <summary>A whole script file: its variants in a fixed order (the last axis turns fastest).</summary>
public sealed record ScriptFile(string Path, IReadOnlyList<ResolvedScript> Variants)
{
    /// <summary>Name of the file without folder and ending.</summary>
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>Title, question and expectations, which no variant may change.</summary>
    public Script Script => Variants[0].Script;

    /// <summary>The dumped Root Port of a real machine, if the script runs on one.</summary>
    internal DumpedPort? Platform => Variants[0].Platform;

    /// <summary>The same script on a machine whose Root Port is a dumped one.</summary>
    internal ScriptFile On(DumpedPort platform) => this with { Variants = [.. Variants.Select(v => v with { Platform = platform })] };

    public IReadOnlyList<string> Axes => [.. Script.Matrix.Names];
}
