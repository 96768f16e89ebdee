using System.Text.RegularExpressions;
using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>An expectation that cannot fail is an error: one that names no variant, demands nothing, or cannot be read.</summary>
internal static class ExpectationChecks
{
    internal static readonly string[] Latencies = ["min", "p50", "p99", "max"];

    /// <param name="variants">The variants they are held against.</param>
    /// <param name="errors">Takes what is wrong.</param>
    /// <param name="replaced">Axes that a real machine's host setup has replaced: their values are gone.</param>
    public static void Check(IReadOnlyList<ResolvedScript> variants, ErrorList errors, IReadOnlyList<string> replaced)
    {
        var script = variants[0].Script;
        if (script.Expect.Count == 0) errors.Add(script.PositionOf("expect"), "nothing is expected; expected at least one expectation");
        foreach (var expectation in script.Expect)
        {
            foreach (var where in expectation.Where.Items.Where(w => !replaced.Contains(w.Name)))
            {
                var axis = new Reference(where.Name, where.Position);
                if (!ScriptChecks.Known(errors, "axis", axis, script.Matrix.Names)) continue;
                foreach (var value in where.Value)
                    ScriptChecks.Known(errors, $"value of '{where.Name}'", new Reference(value, expectation.PositionOf("where")),
                        script.Matrix.Find(where.Name)!.Value.Names);
            }
            if (expectation.DemandsNothing)
                errors.Add(expectation.Position, "this expectation demands nothing, so it cannot fail; expected host, migration, because, "
                    + "counters or another condition");
            foreach (var latency in expectation.LoadLatency.Items)
                ScriptChecks.Known(errors, "latency", new Reference(latency.Name, latency.Position), Latencies);
            if (expectation.BecauseMatches is { } pattern && !Compiles(pattern))
                errors.Add(expectation.PositionOf("because_matches"), $"'{pattern}' is no regular expression; expected one");
        }
    }

    private static bool Compiles(string pattern)
    {
        try
        {
            _ = new Regex(pattern);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
