using System.Runtime.CompilerServices;

namespace Sim.Core;

/// <summary>
/// A point of simulated time: whole femtoseconds since the start of the simulation.
/// </summary>
/// <remarks>
/// The femtosecond is chosen so that the fastest link keeps its byte time almost exactly (a Gen6 x16 link moves a byte in 7812.5 fs) while
/// 63 bits still reach about 2.5 hours. Integers make runs repeatable on every machine.
/// </remarks>
/// <param name="Femtoseconds">Femtoseconds since the start, 0 or more.</param>
public readonly record struct SimTime(long Femtoseconds) : IComparable<SimTime>
{
    /// <summary>The start of the simulation.</summary>
    public static SimTime Zero => default;

    /// <summary>The latest representable time, about 2.56 hours; used as "never".</summary>
    public static SimTime MaxValue => new(long.MaxValue);

    /// <summary>The time <paramref name="value"/> ps after the start.</summary>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    public static SimTime FromPicoseconds(long value) => new(SimDuration.FromPicoseconds(value).Femtoseconds);

    /// <summary>The time <paramref name="value"/> ns after the start.</summary>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    public static SimTime FromNanoseconds(long value) => new(SimDuration.FromNanoseconds(value).Femtoseconds);

    /// <summary>The time <paramref name="value"/> µs after the start.</summary>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    public static SimTime FromMicroseconds(long value) => new(SimDuration.FromMicroseconds(value).Femtoseconds);

    /// <summary>The time <paramref name="value"/> ms after the start.</summary>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    public static SimTime FromMilliseconds(long value) => new(SimDuration.FromMilliseconds(value).Femtoseconds);

    /// <summary>The time <paramref name="value"/> s after the start.</summary>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    public static SimTime FromSeconds(long value) => new(SimDuration.FromSeconds(value).Femtoseconds);

    /// <summary>The distance from the start of the simulation.</summary>
    public SimDuration SinceStart => new(Femtoseconds);

    /// <summary>The later of two times.</summary>
    public static SimTime Max(SimTime a, SimTime b) => a.Femtoseconds >= b.Femtoseconds ? a : b;

    /// <summary>The earlier of two times.</summary>
    public static SimTime Min(SimTime a, SimTime b) => a.Femtoseconds <= b.Femtoseconds ? a : b;

    /// <inheritdoc/>
    public int CompareTo(SimTime other) => Femtoseconds.CompareTo(other.Femtoseconds);

    /// <summary>The time a distance later.</summary>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimTime operator +(SimTime time, SimDuration distance) => new(checked(time.Femtoseconds + distance.Femtoseconds));

    /// <summary>The time a distance earlier.</summary>
    /// <exception cref="OverflowException">The result does not fit.</exception>
    public static SimTime operator -(SimTime time, SimDuration distance) => new(checked(time.Femtoseconds - distance.Femtoseconds));

    /// <summary>The distance between two times; negative when the right one is later.</summary>
    public static SimDuration operator -(SimTime left, SimTime right) => new(checked(left.Femtoseconds - right.Femtoseconds));

    /// <summary>Whether the left time is earlier.</summary>
    public static bool operator <(SimTime left, SimTime right) => left.Femtoseconds < right.Femtoseconds;

    /// <summary>Whether the left time is later.</summary>
    public static bool operator >(SimTime left, SimTime right) => left.Femtoseconds > right.Femtoseconds;

    /// <summary>Whether the left time is not later.</summary>
    public static bool operator <=(SimTime left, SimTime right) => left.Femtoseconds <= right.Femtoseconds;

    /// <summary>Whether the left time is not earlier.</summary>
    public static bool operator >=(SimTime left, SimTime right) => left.Femtoseconds >= right.Femtoseconds;

    /// <summary>The exact time in the largest unit that it reaches, such as <c>1.25us</c>.</summary>
    public override string ToString() => TimeText.Format(Femtoseconds);
}
