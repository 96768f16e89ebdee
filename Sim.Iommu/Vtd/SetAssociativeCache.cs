using System.Numerics;
using Sim.Core;

namespace Sim.Iommu.Vtd;

/// <summary>A cache of sets and ways. The caller names the set, which says what the index bits are. Allocates nothing after
/// construction.</summary>
/// <typeparam name="T">What a line holds.</typeparam>
internal sealed class SetAssociativeCache<T>
    where T : struct
{
    private readonly Line[] _lines;
    private readonly int _ways;
    private readonly int _setMask;
    private readonly ReplacementPolicy _policy;
    private readonly RandomStream? _random;
    private ulong _clock;

    /// <summary>Makes a cache.</summary>
    /// <param name="entries">Lines; 0 for a cache that holds nothing.</param>
    /// <param name="ways">Lines in a set.</param>
    /// <param name="policy">What a full set gives up.</param>
    /// <param name="random">For <see cref="ReplacementPolicy.Arbitrary"/>.</param>
    public SetAssociativeCache(
        int entries, int ways, ReplacementPolicy policy = ReplacementPolicy.LeastRecentlyUsed, RandomStream? random = null)
    {
        ways = Math.Clamp(ways, 1, Math.Max(entries, 1));
        var sets = entries / ways;
        if (entries > 0 && (sets * ways != entries || !BitOperations.IsPow2(sets)))
            throw new ArgumentException($"{entries} entries in {ways} ways are not a power of two of sets.", nameof(entries));
        (_lines, _ways, _setMask, _policy, _random) = (new Line[entries], ways, sets - 1, policy, random);
    }

    /// <summary>Finds a line.</summary>
    /// <returns>The value in place, or a null reference.</returns>
    public ref T Find(ulong key, ulong set)
    {
        if (_lines.Length == 0) return ref System.Runtime.CompilerServices.Unsafe.NullRef<T>();
        var first = (int)(set & (uint)_setMask) * _ways;
        foreach (ref var line in _lines.AsSpan(first, _ways))
        {
            if (line.Key != key || !line.IsValid) continue;
            if (_policy == ReplacementPolicy.LeastRecentlyUsed) line.Stamp = ++_clock;
            return ref line.Value;
        }

        return ref System.Runtime.CompilerServices.Unsafe.NullRef<T>();
    }

    /// <summary>Takes a line in, over the one with its key or over what the policy gives up.</summary>
    public void Insert(ulong key, ulong set, in T value)
    {
        if (_lines.Length == 0) return;
        var lines = _lines.AsSpan((int)(set & (uint)_setMask) * _ways, _ways);
        ref var victim = ref Victim(lines, key);
        victim = new Line { Key = key, Value = value, Stamp = ++_clock, IsValid = true };
    }

    /// <summary>Drops the lines of which <paramref name="matches"/> says so.</summary>
    public void Invalidate<TArgument>(TArgument argument, Func<TArgument, ulong, T, bool> matches)
    {
        foreach (ref var line in _lines.AsSpan())
            if (line.IsValid && matches(argument, line.Key, line.Value)) line.IsValid = false;
    }

    /// <summary>Drops everything.</summary>
    public void Clear() => Array.Clear(_lines);

    private ref Line Victim(Span<Line> lines, ulong key)
    {
        var oldest = 0;
        var free = -1;
        for (var way = 0; way < lines.Length; way++)
        {
            if (lines[way].IsValid && lines[way].Key == key) return ref lines[way];
            if (!lines[way].IsValid) free = free < 0 ? way : free;
            if (lines[way].Stamp < lines[oldest].Stamp) oldest = way;
        }

        if (free >= 0) return ref lines[free];
        return ref lines[_policy == ReplacementPolicy.Arbitrary ? (int)_random!.NextBelow((uint)lines.Length) : oldest];
    }

    private struct Line
    {
        public ulong Key;
        public ulong Stamp;
        public bool IsValid;
        public T Value;
    }
}
