using System.Numerics;

namespace Sim.Core;

/// <summary>One bit per bucket and one summary bit per 64 of them, to find the next occupied bucket in a few steps.</summary>
internal readonly struct BucketMap
{
    private readonly ulong[] _bits;
    private readonly ulong[] _summary;

    /// <param name="buckets">A power of two, 4096 or more.</param>
    public BucketMap(int buckets)
    {
        _bits = new ulong[buckets / 64];
        _summary = new ulong[buckets / 4096];
    }

    /// <summary>Marks a bucket as occupied and tells whether it was empty.</summary>
    public bool Set(int bucket)
    {
        ref var word = ref _bits[bucket >> 6];
        var before = word;
        word = before | 1UL << bucket;
        if (before == 0)
            _summary[bucket >> 12] |= 1UL << (bucket >> 6);
        return word != before;
    }

    /// <summary>Whether a bucket is marked as occupied.</summary>
    public bool IsSet(int bucket) => (_bits[bucket >> 6] >> bucket & 1) != 0;

    /// <summary>Marks a bucket as empty.</summary>
    public void Clear(int bucket)
    {
        if ((_bits[bucket >> 6] &= ~(1UL << bucket)) == 0)
            _summary[bucket >> 12] &= ~(1UL << (bucket >> 6));
    }

    /// <summary>The first occupied bucket at or after one, going round; -1 when all are empty.</summary>
    public int FindFrom(int bucket)
    {
        var word = bucket >> 6;
        var rest = _bits[word] & (ulong.MaxValue << bucket);
        if (rest != 0)
            return (word << 6) + BitOperations.TrailingZeroCount(rest);
        // The words after this one, then round to it again: its lower bits come last.
        word = (word + 1) & (_bits.Length - 1);
        var group = word >> 6;
        var words = _summary[group] & (ulong.MaxValue << word);
        for (var left = _summary.Length; words == 0; left--)
        {
            if (left == 0)
                return -1;
            group = (group + 1) & (_summary.Length - 1);
            words = _summary[group];
        }
        word = (group << 6) + BitOperations.TrailingZeroCount(words);
        return (word << 6) + BitOperations.TrailingZeroCount(_bits[word]);
    }
}
