using Sim.Vfio.Migration;

namespace Sim.Mlx5.Driver;

/// <summary>Fewer ranges that cover as much: where a device takes not so many, those with the smallest gap become one.</summary>
public static class RangeMerge
{
    /// <summary>At most <paramref name="limit"/> ranges, in order, that cover all of <paramref name="ranges"/> and what lies in the gaps
    /// that were closed.</summary>
    /// <param name="ranges">Ranges that do not overlap.</param>
    /// <param name="limit">At least 1.</param>
    public static IReadOnlyList<IovaRange> ToAtMost(IReadOnlyList<IovaRange> ranges, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        List<IovaRange> merged = [.. ranges.OrderBy(r => r.Iova)];
        while (merged.Count > limit)
        {
            var nearest = 0;
            for (var i = 1; i < merged.Count - 1; i++)
            {
                if (Gap(merged, i) < Gap(merged, nearest)) nearest = i;
            }

            var (first, second) = (merged[nearest], merged[nearest + 1]);
            merged[nearest] = first with { Length = second.Iova + second.Length - first.Iova };
            merged.RemoveAt(nearest + 1);
        }

        return merged;
    }

    private static ulong Gap(List<IovaRange> ranges, int i) => ranges[i + 1].Iova - ranges[i].Iova - ranges[i].Length;
}
