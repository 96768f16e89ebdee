using System.Globalization;
using Sim.Core;

namespace Scenarios.Language;

/// <summary>A whole number or a range of them, as an expectation writes it.</summary>
public readonly record struct Comparison(long Least, long Most, string Written)
{
    public bool Holds(long value) => value >= Least && value <= Most;

    public override string ToString() => Written;

    internal static Comparison? Parse(string text) => Ranges.Parse(text, t =>
        long.TryParse(t, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var v) ? v : null) is { } r
        ? new Comparison(r.Least, r.Most, text) : null;
}

/// <summary>A time or a range of times, as an expectation writes it.</summary>
public readonly record struct TimeComparison(SimDuration Least, SimDuration Most, string Written)
{
    public bool Holds(SimDuration value) => value.Femtoseconds >= Least.Femtoseconds && value.Femtoseconds <= Most.Femtoseconds;

    public override string ToString() => Written;

    internal static TimeComparison? Parse(string text) => Ranges.Parse(text, t => Units.Duration(t)?.Femtoseconds) is { } r
        ? new TimeComparison(new SimDuration(r.Least), new SimDuration(r.Most), text) : null;
}

/// <summary>Reads <c>5</c>, <c>&gt;= 5</c>, <c>&gt; 5</c>, <c>&lt;= 5</c>, <c>&lt; 5</c> and <c>2..5</c>.</summary>
internal static class Ranges
{
    public static (long Least, long Most)? Parse(string text, Func<string, long?> number)
    {
        if (text.Split("..") is [var low, var high])
            return number(low.Trim()) is { } l && number(high.Trim()) is { } h && l <= h ? (l, h) : null;
        foreach (var (sign, range) in Signs)
            if (text.StartsWith(sign, StringComparison.Ordinal))
                return number(text[sign.Length..].Trim()) is { } v ? range(v) : null;
        return number(text.Trim()) is { } exact ? (exact, exact) : null;
    }

    private static readonly (string Sign, Func<long, (long, long)?> Range)[] Signs =
    [
        (">=", v => (v, long.MaxValue)),
        ("<=", v => (long.MinValue, v)),
        (">", v => v == long.MaxValue ? null : (v + 1, long.MaxValue)),
        ("<", v => v == long.MinValue ? null : (long.MinValue, v - 1)),
    ];
}
