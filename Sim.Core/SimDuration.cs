namespace Sim.Core;

/// <summary>A distance between two points of simulated time, in whole femtoseconds; may be negative.</summary>
/// <param name="Femtoseconds">The distance in femtoseconds.</param>
public readonly record struct SimDuration(long Femtoseconds) : IComparable<SimDuration>
{
    /// <summary>No time at all.</summary>
    public static SimDuration Zero => default;

    /// <summary>The longest representable distance, about 2.56 hours.</summary>
    public static SimDuration MaxValue => new(long.MaxValue);

    /// <summary>A distance in picoseconds.</summary>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    public static SimDuration FromPicoseconds(long value) => new(checked(value * 1_000));

    /// <summary>A distance in nanoseconds.</summary>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    public static SimDuration FromNanoseconds(long value) => new(checked(value * 1_000_000));

    /// <summary>A distance in microseconds.</summary>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    public static SimDuration FromMicroseconds(long value) => new(checked(value * 1_000_000_000));

    /// <summary>A distance in milliseconds.</summary>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    public static SimDuration FromMilliseconds(long value) => new(checked(value * 1_000_000_000_000));

    /// <summary>A distance in seconds.</summary>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    public static SimDuration FromSeconds(long value) => new(checked(value * 1_000_000_000_000_000));

    /// <summary>The longer of two distances.</summary>
    public static SimDuration Max(SimDuration a, SimDuration b) => a.Femtoseconds >= b.Femtoseconds ? a : b;

    /// <summary>The shorter of two distances.</summary>
    public static SimDuration Min(SimDuration a, SimDuration b) => a.Femtoseconds <= b.Femtoseconds ? a : b;

    /// <summary>
    /// Reads a number with its unit, such as <c>500ns</c>, <c>1.25us</c> or <c>2 ms</c>. Units: fs, ps, ns, us, ms, s.
    /// </summary>
    /// <param name="text">The text; the unit is required, a blank before it is allowed.</param>
    /// <param name="value">The distance, or zero when the text is not one.</param>
    /// <returns>False when the text is no number with a unit, is finer than a femtosecond, or does not fit.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out SimDuration value)
    {
        var ok = TimeText.TryParse(text, out var femtoseconds);
        value = new(femtoseconds);
        return ok;
    }

    /// <inheritdoc/>
    public int CompareTo(SimDuration other) => Femtoseconds.CompareTo(other.Femtoseconds);

    /// <summary>The sum of two distances.</summary>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    public static SimDuration operator +(SimDuration left, SimDuration right) => new(checked(left.Femtoseconds + right.Femtoseconds));

    /// <summary>The difference of two distances.</summary>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    public static SimDuration operator -(SimDuration left, SimDuration right) => new(checked(left.Femtoseconds - right.Femtoseconds));

    /// <summary>A multiple of a distance.</summary>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    public static SimDuration operator *(SimDuration distance, long factor) => new(checked(distance.Femtoseconds * factor));

    /// <summary>A part of a distance, rounded towards zero.</summary>
    /// <exception cref="DivideByZeroException">The divisor is zero.</exception>
    public static SimDuration operator /(SimDuration distance, long divisor) => new(distance.Femtoseconds / divisor);

    /// <summary>Whether the left distance is shorter.</summary>
    public static bool operator <(SimDuration left, SimDuration right) => left.Femtoseconds < right.Femtoseconds;

    /// <summary>Whether the left distance is longer.</summary>
    public static bool operator >(SimDuration left, SimDuration right) => left.Femtoseconds > right.Femtoseconds;

    /// <summary>Whether the left distance is not longer.</summary>
    public static bool operator <=(SimDuration left, SimDuration right) => left.Femtoseconds <= right.Femtoseconds;

    /// <summary>Whether the left distance is not shorter.</summary>
    public static bool operator >=(SimDuration left, SimDuration right) => left.Femtoseconds >= right.Femtoseconds;

    /// <summary>The exact distance in the largest unit that it reaches, such as <c>1.25us</c>.</summary>
    public override string ToString() => TimeText.Format(Femtoseconds);
}
