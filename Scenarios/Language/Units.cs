using System.Globalization;
using Sim.Core;

namespace Scenarios.Language;

/// <summary>A number of bytes.</summary>
public readonly record struct ByteSize(long Bytes)
{
    public override string ToString() => Bytes switch
    {
        >= 1 << 30 when Bytes % (1 << 30) == 0 => $"{Bytes >> 30}GiB",
        >= 1 << 20 when Bytes % (1 << 20) == 0 => $"{Bytes >> 20}MiB",
        >= 1 << 10 when Bytes % (1 << 10) == 0 => $"{Bytes >> 10}KiB",
        _ => $"{Bytes}B",
    };
}

/// <summary>A link's speed and width as a script writes them: <c>gen4 x16</c>.</summary>
public readonly record struct LinkShape(int Generation, int Lanes)
{
    public override string ToString() => $"gen{Generation} x{Lanes}";

    internal static LinkShape? Parse(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words is not [['g', 'e', 'n', var g and >= '1' and <= '6'], ['x', .. var lanes]]) return null;
        return lanes is "1" or "2" or "4" or "8" or "16" ? new LinkShape(g - '0', int.Parse(lanes, CultureInfo.InvariantCulture)) : null;
    }
}

/// <summary>Numbers with units.</summary>
internal static class Units
{
    private static readonly (string Unit, long Bytes)[] Sizes = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)];

    public static SimDuration? Duration(string text) =>
        SimDuration.TryParse(text, out var value) && value >= SimDuration.Zero ? value : null;

    public static ByteSize? Size(string text)
    {
        foreach (var (unit, bytes) in Sizes)
            if (text.EndsWith(unit, StringComparison.Ordinal) && Whole(text[..^unit.Length]) is { } number
                && number <= long.MaxValue / bytes)
                return new ByteSize(number * bytes);
        return null;
    }

    private static long? Whole(string text) =>
        long.TryParse(text.TrimEnd(' '), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
