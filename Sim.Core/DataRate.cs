using System.Numerics;

namespace Sim.Core;

/// <summary>
/// A rate of transfer as an exact ratio, so that a transfer's time is rounded once, to the nearest femtosecond, and not per byte.
/// </summary>
public readonly record struct DataRate
{
    private const long FemtosecondsPerSecond = 1_000_000_000_000_000;

    // Femtoseconds per byte as a reduced fraction; _shift is log2 of the denominator where that is a power of two, else -1.
    private readonly long _numerator;
    private readonly long _denominator;
    private readonly long _half;

    // Below this many bytes the product fits; zero where the rate was never set.
    private readonly long _exactBytes;
    private readonly int _shift;

    private DataRate(BigInteger bytes, BigInteger seconds)
    {
        if (bytes.Sign <= 0 || seconds.Sign <= 0)
            throw new ArgumentOutOfRangeException(nameof(bytes), $"A data rate of {bytes}/{seconds} byte/s is not positive.");
        var numerator = seconds * FemtosecondsPerSecond;
        var divisor = BigInteger.GreatestCommonDivisor(numerator, bytes);
        _numerator = (long)(numerator / divisor);
        _denominator = (long)(bytes / divisor);
        _shift = BitOperations.IsPow2(_denominator) ? BitOperations.Log2((ulong)_denominator) : -1;
        _half = _denominator / 2;
        _exactBytes = (long.MaxValue - _half) / _numerator;
    }

    /// <summary>Bytes per second; rounded, for display only.</summary>
    public double BytesPerSecond => _numerator == 0 ? 0 : (double)_denominator * FemtosecondsPerSecond / _numerator;

    /// <summary>A rate of <paramref name="num"/>/<paramref name="den"/> bytes per second.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A part is not positive.</exception>
    /// <exception cref="OverflowException">The reduced ratio does not fit 64 bits.</exception>
    public static DataRate FromBytesPerSecond(long num, long den = 1) => new(num, den);

    /// <summary>A rate of <paramref name="num"/>/<paramref name="den"/> bits per second.</summary>
    /// <inheritdoc cref="FromBytesPerSecond"/>
    public static DataRate FromBitsPerSecond(long num, long den = 1) => new(num, new BigInteger(den) * 8);

    /// <summary>
    /// This rate times <paramref name="num"/>/<paramref name="den"/>: an encoding such as 128b/130b, or a number of lanes.
    /// </summary>
    /// <inheritdoc cref="FromBytesPerSecond"/>
    public DataRate Scaled(long num, long den) =>
        new(new BigInteger(_denominator) * FemtosecondsPerSecond * num, new BigInteger(_numerator) * den);

    /// <summary>The time that <paramref name="bytes"/> bytes take, rounded to the nearest femtosecond (half up).</summary>
    /// <param name="bytes">0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> is negative.</exception>
    /// <exception cref="OverflowException">The time does not fit.</exception>
    /// <exception cref="InvalidOperationException">The rate is <c>default</c>, that is, was never set.</exception>
    public SimDuration TimeFor(long bytes)
    {
        if ((ulong)bytes >= (ulong)_exactBytes)
            return SlowTimeFor(bytes);
        var scaled = bytes * _numerator + _half;
        return new(_shift >= 0 ? scaled >> _shift : scaled / _denominator);
    }

    private SimDuration SlowTimeFor(long bytes)
    {
        if (_denominator == 0)
            throw new InvalidOperationException("The data rate was never set.");
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        return new(checked((long)(((Int128)bytes * _numerator + _denominator / 2) / _denominator)));
    }

    /// <summary>The rate in bytes per second with a decimal prefix, such as <c>7.877GB/s</c>.</summary>
    public override string ToString()
    {
        var rate = BytesPerSecond;
        var (scale, unit) = rate >= 1e9 ? (1e9, "GB/s") : rate >= 1e6 ? (1e6, "MB/s") : rate >= 1e3 ? (1e3, "kB/s") : (1.0, "B/s");
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{rate / scale:0.###}{unit}");
    }
}
