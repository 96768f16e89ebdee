using System.Numerics;

namespace Sim.Core;

/// <summary>
/// Counts durations in log-linear buckets: each doubling is cut into 128, so that a percentile is right to within 0.4 % however long the
/// tail is. Recording is integer arithmetic and allocates only when a new longest duration appears.
/// </summary>
public sealed class LatencyHistogram
{
    private const int SubBucketBits = 7;
    private const int SubBuckets = 1 << SubBucketBits;

    // Below 2 * SubBuckets fs a bucket holds one value; from there on, octave o (of 128 buckets) has buckets of 2^o fs.
    private long[] _counts = new long[SubBuckets];
    private Int128 _sum;
    private long _min = long.MaxValue;
    private long _max;

    /// <summary>How many durations were recorded.</summary>
    public long Count { get; private set; }

    /// <summary>The shortest, exactly; zero when nothing was recorded.</summary>
    public SimDuration Min => new(Count > 0 ? _min : 0);

    /// <summary>The longest, exactly; zero when nothing was recorded.</summary>
    public SimDuration Max => new(_max);

    /// <summary>The mean, exact to the femtosecond below; zero when nothing was recorded.</summary>
    public SimDuration Mean => new(Count > 0 ? (long)(_sum / Count) : 0);

    /// <summary>Records one duration.</summary>
    /// <param name="duration">Zero or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The duration is negative.</exception>
    public void Record(SimDuration duration)
    {
        var value = duration.Femtoseconds;
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        var index = IndexOf(value);
        if (index >= _counts.Length)
            Grow(index);
        _counts[index]++;
        Count++;
        _sum += value;
        _min = Math.Min(_min, value);
        _max = Math.Max(_max, value);
    }

    /// <summary>The duration that <paramref name="percent"/> % of all do not exceed (nearest rank).</summary>
    /// <param name="percent">0 (the shortest) to 100 (the longest); 99.9 for the last in a thousand.</param>
    /// <returns>The middle of the bucket in question, never outside Min..Max; zero when nothing was recorded.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The percentage is outside 0..100.</exception>
    public SimDuration Percentile(double percent)
    {
        if (!(percent is >= 0 and <= 100))
            throw new ArgumentOutOfRangeException(nameof(percent), percent, "A percentile is between 0 and 100.");
        return AtRank(Math.Clamp((long)Math.Ceiling(percent / 100 * Count), 1, Math.Max(Count, 1)));
    }

    /// <summary>The duration of a rank, 1 (the shortest) to Count (the longest).</summary>
    internal SimDuration AtRank(long rank)
    {
        if (rank <= 1)
            return Min;
        if (rank >= Count)
            return Max;
        foreach (var bin in Bins())
        {
            rank -= bin.Count;
            if (rank <= 0)
                return new(Math.Clamp(bin.From.Femtoseconds + (bin.To - bin.From).Femtoseconds / 2, _min, _max));
        }
        throw new System.Diagnostics.UnreachableException();
    }

    /// <summary>Adds everything another histogram has recorded.</summary>
    public void Merge(LatencyHistogram other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Count == 0)
            return;
        if (other._counts.Length > _counts.Length)
            Grow(other._counts.Length - 1);
        for (var i = 0; i < other._counts.Length; i++)
            _counts[i] += other._counts[i];
        Count += other.Count;
        _sum += other._sum;
        _min = Math.Min(_min, other._min);
        _max = Math.Max(_max, other._max);
    }

    /// <summary>Forgets everything; keeps the room.</summary>
    public void Reset()
    {
        Array.Clear(_counts);
        (Count, _sum, _min, _max) = (0, 0, long.MaxValue, 0);
    }

    /// <summary>The buckets with anything in them, ascending: for plots and exports.</summary>
    public IEnumerable<HistogramBin> Bins()
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            if (_counts[i] != 0)
                yield return new(LowerBound(i), new(LowerBound(i).Femtoseconds + WidthLess1(i)), _counts[i]);
        }
    }

    private static int IndexOf(long value)
    {
        var octave = BitOperations.Log2((ulong)value | (SubBuckets - 1)) - (SubBucketBits - 1);
        octave = Math.Max(octave - 1, 0);
        return (octave << SubBucketBits) + (int)(value >> octave);
    }

    private static SimDuration LowerBound(int index)
    {
        var octave = Math.Max((index >> SubBucketBits) - 1, 0);
        return new((long)(index - (octave << SubBucketBits)) << octave);
    }

    private static long WidthLess1(int index) => (1L << Math.Max((index >> SubBucketBits) - 1, 0)) - 1;

    private void Grow(int index) => Array.Resize(ref _counts, ((index >> SubBucketBits) + 1) << SubBucketBits);
}

/// <summary>One bucket of a <see cref="LatencyHistogram"/>.</summary>
/// <param name="From">The shortest duration it counts.</param>
/// <param name="To">The longest duration it counts.</param>
/// <param name="Count">How many it has counted.</param>
public readonly record struct HistogramBin(SimDuration From, SimDuration To, long Count);
