using Scenarios.Results;
using Sim.Core;

namespace Scenarios.Running;

/// <summary>Percentiles of the loads that reached the bus, by nearest rank: every answer is a latency that was measured.</summary>
internal static class LoadStatistics
{
    public static SimDuration? Of(VariantResult result, string statistic)
    {
        var sorted = result.Loads.Select(l => l.Latency.Femtoseconds).Order().ToArray();
        if (sorted.Length == 0) return null;
        return new SimDuration(statistic switch
        {
            "min" => sorted[0],
            "p50" => sorted[Rank(50)],
            "p99" => sorted[Rank(99)],
            "max" => sorted[^1],
            _ => throw new ArgumentOutOfRangeException(nameof(statistic), statistic, "not a statistic of the loads"),
        });

        int Rank(int percent) => (sorted.Length * percent + 99) / 100 - 1;
    }

    /// <summary>The median with its 95 % confidence interval; null without loads.</summary>
    public static Estimate? Median(VariantResult result) => result.Loads.Count == 0
        ? null
        : Statistics.Percentile(result.Loads.Select(l => (double)l.Latency.Femtoseconds).ToArray(), 50);

    /// <summary>"19 loads, median 594ns (95 % between 592ns and 610ns), longest 678ns"; null without loads.</summary>
    public static string? InWords(VariantResult result)
    {
        if (Median(result) is not { } median) return null;
        var count = result.Loads.Count == 1 ? "1 load" : $"{result.Loads.Count} loads";
        return $"{count}, median {Time(median.Value)} (95 % between {Time(median.Low)} and {Time(median.High)}), "
            + $"longest {Of(result, "max")}";

        static string Time(double femtoseconds) => double.IsFinite(femtoseconds)
            ? new SimDuration((long)femtoseconds).ToString()
            : "any value";
    }
}
