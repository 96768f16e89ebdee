using System.Globalization;

namespace Sim.Core;

/// <summary>Exact conversion between femtoseconds and text with a unit.</summary>
internal static class TimeText
{
    private static readonly (string Unit, long Femtoseconds)[] Units =
    [
        ("s", 1_000_000_000_000_000), ("ms", 1_000_000_000_000), ("us", 1_000_000_000), ("ns", 1_000_000), ("ps", 1_000), ("fs", 1),
    ];

    public static string Format(long femtoseconds)
    {
        if (femtoseconds == 0)
            return "0s";
        var magnitude = femtoseconds < 0 ? 0 - (ulong)femtoseconds : (ulong)femtoseconds;
        foreach (var (unit, size) in Units)
        {
            var (whole, rest) = Math.DivRem(magnitude, (ulong)size);
            if (whole == 0)
                continue;
            var digits = size.ToString(CultureInfo.InvariantCulture).Length - 1;
            var fraction = rest == 0 ? "" : "." + rest.ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0').TrimEnd('0');
            return string.Create(CultureInfo.InvariantCulture, $"{(femtoseconds < 0 ? "-" : "")}{whole}{fraction}{unit}");
        }
        throw new System.Diagnostics.UnreachableException(); // the last unit divides everything
    }

    public static bool TryParse(ReadOnlySpan<char> text, out long femtoseconds)
    {
        femtoseconds = 0;
        text = text.Trim();
        var end = text.IndexOfAnyExcept("+-.0123456789");
        if (end <= 0)
            return false;
        var unit = text[end..].TrimStart();
        foreach (var (name, size) in Units)
        {
            if (!unit.SequenceEqual(name))
                continue;
            const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
            if (!decimal.TryParse(text[..end], Style, CultureInfo.InvariantCulture, out var number))
                return false;
            if (Math.Abs(number) > (decimal)long.MaxValue / size)
                return false;
            // A decimal holds 28 digits: the product of a number of up to 19 digits and a power of ten is exact.
            var product = number * size;
            if (product != decimal.Truncate(product) || Math.Abs(product) > long.MaxValue)
                return false;
            femtoseconds = (long)product;
            return true;
        }
        return false;
    }
}
