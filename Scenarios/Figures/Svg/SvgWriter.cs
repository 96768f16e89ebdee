using System.Globalization;
using System.Text;

namespace Scenarios.Figures.Svg;

/// <summary>Writes SVG elements with numbers in one short form.</summary>
internal sealed class SvgWriter
{
    public const string Font = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', Helvetica, Arial, sans-serif";
    private readonly StringBuilder _body = new();

    public void Rectangle(double x, double y, double width, double height, string fill, string more = "", string tip = "") =>
        Element($"<rect x=\"{N(x)}\" y=\"{N(y)}\" width=\"{N(width)}\" height=\"{N(height)}\" fill=\"{fill}\"{more}", "rect", tip);

    public void Line(double x1, double y1, double x2, double y2, string colour, double width = 1, string more = "") =>
        _body.Append(CultureInfo.InvariantCulture, $"<line x1=\"{N(x1)}\" y1=\"{N(y1)}\" x2=\"{N(x2)}\" y2=\"{N(y2)}\" ")
            .Append(CultureInfo.InvariantCulture, $"stroke=\"{colour}\" stroke-width=\"{N(width)}\"{more}/>\n");

    public void Text(
        double x, double y, string text, double size, string colour = Palette.Ink, string anchor = "start", string more = "") =>
        _body.Append(CultureInfo.InvariantCulture, $"<text x=\"{N(x)}\" y=\"{N(y)}\" font-size=\"{N(size)}\" fill=\"{colour}\" ")
            .Append(CultureInfo.InvariantCulture, $"text-anchor=\"{anchor}\"{more}>{Escape(text)}</text>\n");

    public void Mark(double x, double y, SeriesMark mark, double size, string tip = "", double opacity = 1)
    {
        var faint = opacity < 1 ? $" fill-opacity=\"{N(opacity)}\"" : "";
        var fill = $" fill=\"{mark.Colour}\" stroke=\"#fff\" stroke-width=\"0.8\"{faint}";
        var s = size / 2;
        switch (mark.Shape)
        {
            case MarkShape.Circle: Element($"<circle cx=\"{N(x)}\" cy=\"{N(y)}\" r=\"{N(s)}\"{fill}", "circle", tip); break;
            case MarkShape.Square: Path($"M{N(x - s)} {N(y - s)}h{N(size)}v{N(size)}h{N(-size)}Z", fill); break;
            case MarkShape.Triangle: Path($"M{N(x)} {N(y - s * 1.1)}l{N(s * 1.1)} {N(s * 2.1)}h{N(s * -2.2)}Z", fill); break;
            case MarkShape.Diamond:
                s *= 1.25;
                Path($"M{N(x)} {N(y - s)}l{N(s)} {N(s)} {N(-s)} {N(s)} {N(-s)} {N(-s)}Z", fill);
                break;
            case MarkShape.Cross:
                Path($"M{N(x - s)} {N(y - s)}L{N(x + s)} {N(y + s)}M{N(x - s)} {N(y + s)}L{N(x + s)} {N(y - s)}",
                    $" fill=\"none\" stroke=\"{mark.Colour}\" stroke-width=\"2.2\" stroke-linecap=\"round\"");
                break;
            case MarkShape.Tick:
                Path($"M{N(x)} {N(y - size)}L{N(x)} {N(y + size)}", $" fill=\"none\" stroke=\"{mark.Colour}\" stroke-width=\"2\"");
                break;
            default: throw new ArgumentOutOfRangeException(nameof(mark), mark.Shape, "is no shape");
        }

        void Path(string d, string style) => Element($"<path d=\"{d}\"{style}", "path", tip);
    }

    /// <summary>The legend, wrapped into the room there is. Returns its height.</summary>
    public double Legend(double x, double y, double room, IEnumerable<(string Word, SeriesMark Mark, bool IsFill)> entries)
    {
        var (at, line) = (x, 0);
        foreach (var (word, mark, isFill) in entries)
        {
            var width = 20 + TextWidth.Of(word, 12) + 14;
            if (at > x && at + width > x + room) (at, line) = (x, line + 1);
            var middle = y + line * 20;
            if (isFill) Rectangle(at, middle - 6, 13, 12, mark.Colour, $" stroke=\"{Palette.Frame}\" stroke-width=\"0.7\"");
            else Mark(at + 7, middle, mark, mark.Shape == MarkShape.Tick ? 6 : 9);
            Text(at + 20, middle + 4, word, 12, Palette.Faint);
            at += width;
        }
        return (line + 1) * 20;
    }

    public string Document(double width, double height, string title) =>
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {N(width)} {N(height)}\" width=\"{N(width)}\" height=\"{N(height)}\" "
        + $"font-family=\"{Font}\" role=\"img\" aria-label=\"{Escape(title)}\">\n"
        + $"<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{_body}</svg>\n";

    public static string Escape(string text) =>
        text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;").Replace("\"", "&quot;");

    private void Element(string open, string name, string tip) =>
        _body.Append(open).Append(tip.Length == 0 ? "/>\n" : $"><title>{Escape(tip)}</title></{name}>\n");

    private static SvgNumber N(double value) => new(value);
}
