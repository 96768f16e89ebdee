using System.Globalization;

namespace Scenarios.Figures.Svg;

/// <summary>A number with at most two places, as <c>0.##</c> formats it, but without parsing a format for each of the many of a
/// figure.</summary>
internal readonly struct SvgNumber(double value) : ISpanFormattable
{
    private const double Largest = 1e13;

    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        if (!(Math.Abs(value) < Largest))
            return Math.Round(value, 2).TryFormat(destination, out charsWritten, "0.##", CultureInfo.InvariantCulture);
        var hundredths = (long)Math.Round(value * 100);
        var (whole, rest) = Math.DivRem(Math.Abs(hundredths), 100);
        charsWritten = 0;
        if (destination.Length < 20) return false;
        if (double.IsNegative(value)) destination[charsWritten++] = '-';
        whole.TryFormat(destination[charsWritten..], out var digits, default, CultureInfo.InvariantCulture);
        charsWritten += digits;
        if (rest == 0) return true;
        destination[charsWritten++] = '.';
        destination[charsWritten++] = (char)('0' + rest / 10);
        if (rest % 10 != 0) destination[charsWritten++] = (char)('0' + rest % 10);
        return true;
    }

    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public override string ToString()
    {
        Span<char> text = stackalloc char[40];
        return TryFormat(text, out var length, default, null) ? text[..length].ToString() : "";
    }
}
