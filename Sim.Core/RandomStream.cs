using System.Numerics;

namespace Sim.Core;

/// <summary>
/// A stream of pseudo-random numbers of its own (xoshiro256**), seeded from a simulation's seed and a name. Integer arithmetic only, so
/// that every machine draws the same numbers.
/// </summary>
public sealed class RandomStream
{
    private ulong _s0, _s1, _s2, _s3;

    /// <summary>Makes the stream of a name. The same seed and name give the same numbers; another name gives unrelated ones.</summary>
    /// <param name="seed">The seed of the simulation.</param>
    /// <param name="path">The name, usually the component's path.</param>
    public RandomStream(ulong seed, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        // FNV-1a over the UTF-16 units, stirred with the seed; SplitMix64 then fills the state, as the authors of xoshiro advise.
        var hash = 0xCBF29CE484222325;
        foreach (var c in path)
        {
            hash = (hash ^ (byte)c) * 0x100000001B3;
            hash = (hash ^ (byte)(c >> 8)) * 0x100000001B3;
        }
        var state = seed;
        state = SplitMix(ref state) ^ hash;
        _s0 = SplitMix(ref state);
        _s1 = SplitMix(ref state);
        _s2 = SplitMix(ref state);
        _s3 = SplitMix(ref state);
    }

    /// <summary>64 random bits.</summary>
    public ulong NextUInt64()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>32 random bits.</summary>
    public uint NextUInt32() => (uint)(NextUInt64() >> 32);

    /// <summary>A number of 0 to <paramref name="bound"/> - 1, each exactly as likely.</summary>
    /// <param name="bound">1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The bound is not positive.</exception>
    public long NextBelow(long bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        // Multiply and keep the high half; the 2^64 mod bound lowest low halves are drawn again, which makes it exact.
        var high = Math.BigMul(NextUInt64(), (ulong)bound, out var low);
        if (low < (ulong)bound)
        {
            var rejected = (0 - (ulong)bound) % (ulong)bound;
            while (low < rejected)
                high = Math.BigMul(NextUInt64(), (ulong)bound, out low);
        }
        return (long)high;
    }

    /// <inheritdoc cref="NextBelow(long)"/>
    public int NextBelow(int bound) => (int)NextBelow((long)bound);

    /// <summary>True in <paramref name="numerator"/> of <paramref name="denominator"/> cases.</summary>
    /// <param name="numerator">0 (never) to <paramref name="denominator"/> (always).</param>
    /// <param name="denominator">1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The ratio is outside 0..1.</exception>
    public bool NextChance(long numerator, long denominator)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(numerator);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(numerator, denominator);
        return NextBelow(denominator) < numerator;
    }

    /// <summary>Fills bytes with random bits.</summary>
    public void Fill(Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var bits = NextUInt64();
            var count = Math.Min(8, bytes.Length);
            for (var i = 0; i < count; i++)
                bytes[i] = (byte)(bits >> (8 * i));
            bytes = bytes[count..];
        }
    }

    /// <summary>
    /// An exponentially distributed distance, as between arrivals that know nothing of each other. Fixed-point arithmetic on a table: no
    /// libm.
    /// </summary>
    /// <param name="mean">Zero or more.</param>
    /// <returns>The distance, rounded down to a femtosecond; at most about 44 times the mean.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The mean is negative.</exception>
    /// <exception cref="OverflowException">The distance does not fit.</exception>
    public SimDuration NextExponential(SimDuration mean)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(mean.Femtoseconds);
        var deviate = FixedPointLog.MinusLn(NextUInt64());
        return new(checked((long)(((UInt128)(ulong)mean.Femtoseconds * deviate) >> FixedPointLog.FractionBits)));
    }

    private static ulong SplitMix(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
