namespace Scenarios.Figures.Svg;

/// <summary>Draws points over a numeric axis, against numbers or named rows.</summary>
internal static class SvgPlot
{
    private const double RowHeight = 19;
    private const double Right = 24;

    public static string Draw(PlotFigure figure)
    {
        var svg = new SvgWriter();
        var top = SvgRenderer.Heading(svg, figure) + 4;
        var points = figure.Series.SelectMany(s => s.Points).ToArray();
        var x = AxisTicks.Around(points.Select(p => p.X), figure.X, 9);
        var rows = figure.Rows.Count;
        var y = rows > 0 ? null : AxisTicks.Around(points.Select(p => p.Y), figure.Y, 6);
        var left = 32 + (rows > 0
            ? Math.Min(420, figure.Rows.Max(r => TextWidth.Of(r, 12)))
            : 24 + y!.Ticks.Max(t => TextWidth.Of(t.Text, 12)));
        var (width, height) = (SvgRenderer.Width - left - Right, rows > 0 ? rows * RowHeight + 8 : 300);

        if (rows > 0) Rows(svg, figure, left, top, width);
        else Ordinate(svg, figure, y!, left, top, width, height);
        Abscissa(svg, figure.X, x, left, top, width, height);

        foreach (var series in figure.Series)
        {
            var size = series.Mark.Shape == MarkShape.Tick ? 6.5 : series.Joined ? 5 : 7.5;
            for (var i = 1; series.Joined && i < series.Points.Count; i++)
            {
                var (from, to) = (series.Points[i - 1], series.Points[i]);
                svg.Line(left + width * x.Part(from.X), Place(from), left + width * x.Part(to.X), Place(to), series.Mark.Colour, 1.2);
            }

            foreach (var point in series.Points)
                svg.Mark(left + width * x.Part(point.X), Place(point), series.Mark, size, point.Tip, 0.75);
        }

        var legend = top + height + 62;
        var legendHeight = svg.Legend(left, legend, width,
            figure.Series.Where(s => s.Points.Count > 0).Select(s => (s.Name, s.Mark, false)));
        return svg.Document(SvgRenderer.Width, legend + legendHeight - 2, figure.Title);

        double Place(PlotPoint p) => rows > 0 ? top + 4 + (p.Y + 0.5) * RowHeight : top + height * (1 - y!.Part(p.Y));
    }

    private static void Rows(SvgWriter svg, PlotFigure figure, double left, double top, double width)
    {
        for (var i = 0; i < figure.Rows.Count; i++)
        {
            var middle = top + 4 + (i + 0.5) * RowHeight;
            if (i % 2 == 1) svg.Rectangle(16, middle - RowHeight / 2, left + width - 16, RowHeight, "#f6f8fa");
            svg.Text(left - 10, middle + 4, TextWidth.Fit(figure.Rows[i], 12, left - 26), 12, Palette.Ink, "end");
        }
    }

    private static void Abscissa(SvgWriter svg, PlotAxis axis, AxisTicks x, double left, double top, double width, double height)
    {
        foreach (var (at, text) in x.Ticks)
        {
            var place = left + width * x.Part(at);
            svg.Line(place, top, place, top + height, Palette.Grid);
            svg.Line(place, top + height, place, top + height + 5, Palette.Frame);
            svg.Text(place, top + height + 19, text, 12, Palette.Faint, "middle");
        }
        svg.Rectangle(left, top, width, height, "none", $" stroke=\"{Palette.Frame}\"");
        svg.Text(left + width / 2, top + height + 40, Label(axis, x), 13, anchor: "middle");
    }

    private static void Ordinate(SvgWriter svg, PlotFigure figure, AxisTicks y, double left, double top, double width, double height)
    {
        foreach (var (at, text) in y.Ticks)
        {
            var place = top + height * (1 - y.Part(at));
            svg.Line(left, place, left + width, place, Palette.Grid);
            svg.Text(left - 8, place + 4, text, 12, Palette.Faint, "end");
        }
        var middle = top + height / 2;
        svg.Text(24, middle, Label(figure.Y, y), 13, anchor: "middle", more: $" transform=\"rotate(-90 24 {middle})\"");
    }

    private static string Label(PlotAxis axis, AxisTicks ticks)
    {
        var unit = ticks.Unit.Length == 0 ? "" : $" ({ticks.Unit})";
        return axis.Label + unit + (ticks.Logarithmic ? ", logarithmic" : "");
    }
}
