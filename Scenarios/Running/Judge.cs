using System.Text.RegularExpressions;
using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Results;

namespace Scenarios.Running;

/// <summary>Holds a script's expectations against a result.</summary>
internal static class Judge
{
    public static JudgedVariant Hold(ScriptFile file, VariantResult result) => new(result,
        [.. file.Script.Expect.Where(file.Asks).Where(result.Variant.Matches).Select(e => new ExpectationOutcome(e.Position,
            result.Failure is null ? [.. Failures(e, result)] : ["not judged: the simulation failed"]))])
    {
        AsksLess = file.Script.Expect.Any(e => !file.Asks(e)),
    };

    private static IEnumerable<string> Failures(Expectation expected, VariantResult result)
    {
        if (expected.Host.Count > 0 && !expected.Host.Contains(result.Host))
            yield return $"host is {result.Host.Word()}; expected {Either(expected.Host.Select(h => h.Word()))}";
        if (expected.Migration.Count > 0 && !expected.Migration.Contains(result.Migration))
            yield return $"migration is {result.Migration.Word()}; expected {Either(expected.Migration.Select(m => m.Word()))}";
        foreach (var text in expected.Because.Where(t => !result.Because.Contains(t, StringComparison.Ordinal)))
            yield return $"because is '{result.Because}'; expected it to contain '{text}'";
        if (expected.BecauseMatches is { } pattern && !Regex.IsMatch(result.Because, pattern))
            yield return $"because is '{result.Because}'; expected it to match '{pattern}'";
        if (expected.Difference is { } difference)
        {
            var first = result.Differences.Count > 0 ? result.Differences[0].ToString() : "none";
            if (!first.Contains(difference, StringComparison.Ordinal))
                yield return $"the first migration difference is '{first}'; expected it to contain '{difference}'";
        }
        foreach (var text in expected.Differences
            .Where(t => !result.Differences.Any(d => d.ToString().Contains(t, StringComparison.Ordinal))))
            yield return $"none of {result.Differences.Count} migration differences contains '{text}'; expected one that does";
        foreach (var text in expected.Dmesg.Where(t => !Logged(result, t)))
            yield return $"the kernel log of {result.Dmesg.Count} lines lacks '{text}'; expected a line that contains it";
        foreach (var text in expected.NoDmesg.Where(t => Logged(result, t)))
            yield return $"the kernel log contains '{text}'; expected it not to";
        foreach (var text in expected.Path.Where(t => !result.Paths.Any(p => p.Contains(t))))
            yield return $"none of {result.Paths.Count} paths contains '{text}'; expected one that does";
        foreach (var text in expected.Explained.Where(t => !result.Chains.Any(c => c.Contains(t))))
            yield return $"none of {result.Chains.Count} chains of errors contains '{text}'; expected one that does";
        foreach (var group in expected.IommuGroups.Where(g => !result.IommuGroups.Contains(g)))
            yield return result.IommuGroups.Count == 0
                ? "there are no IOMMU groups, as there is no IOMMU; expected 'iommu: {}' in the script"
                : $"no IOMMU group is '{group}'; expected one of {string.Join(" | ", result.IommuGroups)}";
        foreach (var counter in expected.Counters.Items)
        {
            if (result.Counter(counter.Name) is not { } value)
                yield return $"no counter is called '{counter.Name}'{NearestWord.Hint(counter.Name, result.Counters.Select(c => c.Name))}; "
                    + $"expected one of {Words.Listed(result.Counters.Select(c => c.Name))}";
            else if (!counter.Value.Holds(value))
                yield return $"'{counter.Name}' is {value}; expected {counter.Value}";
        }
        foreach (var latency in expected.LoadLatency.Items)
        {
            if (LoadStatistics.Of(result, latency.Name) is not { } value)
                yield return $"there were no loads; expected {latency.Name} {latency.Value}";
            else if (!latency.Value.Holds(value)) yield return $"{latency.Name} of the loads' latency is {value}; expected {latency.Value}";
        }
    }

    private static bool Logged(VariantResult result, string text) => result.Dmesg.Any(l => l.Text.Contains(text, StringComparison.Ordinal));

    private static string Either(IEnumerable<string> words) => string.Join(" or ", words);
}
