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
}
