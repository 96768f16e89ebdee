using Scenarios.Results;

namespace Scenarios.Figures.Svg;

/// <summary>Draws lanes over time: stretches as bands, instants as marks whose labels never overlap.</summary>
internal static class SvgTimeline
{
    private const double Band = 20;
    private const double LabelRow = 15;
    private const double MarkRow = 18;
    private const int MostLabelRows = 3;
    private const double Right = 24;
    private const double PanelHead = 22;
    private const double PanelCurves = 62;
    private const double PanelGap = 8;

    public static string Draw(TimelineFigure figure)
    {
        var svg = new SvgWriter();
        var top = SvgRenderer.Heading(svg, figure) + 4;
        var left = 32 + Math.Min(240, figure.Lanes.Max(l => TextWidth.Of(l.Name, 13)));
        var width = SvgRenderer.Width - left - Right;
        var axis = AxisTicks.Linear(figure.From.Femtoseconds, figure.To.Femtoseconds, AxisQuantity.Time, 9);
        var lanes = figure.Lanes.Select(l => new LaneLayout(l, figure, axis, left, width)).ToList();
        var bands = lanes.Sum(l => l.Height);
        var height = bands + figure.Panels.Count * (PanelHead + PanelCurves + PanelGap);

        var y = top;
        for (var i = 0; i < lanes.Count; y += lanes[i++].Height)
            if (i % 2 == 0) svg.Rectangle(16, y, left + width - 16, lanes[i].Height, "#f8f9fb");
        if (figure.Shade is { } shade)
        {
            var (from, to) = (axis.Part(shade.From.Femtoseconds), axis.Part(shade.To.Femtoseconds));
            var colour = Palette.Of(shade.Kind).Mark.Colour;
            svg.Rectangle(left + width * from, top, width * (to - from), height, colour, " fill-opacity=\"0.4\"");
        }

        foreach (var (at, text) in axis.Ticks)
        {
            var x = left + width * axis.Part(at);
            svg.Line(x, top, x, top + height, Palette.Grid);
            svg.Line(x, top + height, x, top + height + 5, Palette.Frame);
            svg.Text(x, top + height + 19, text, 12, Palette.Faint, "middle");
        }
        y = top;
        foreach (var lane in lanes)
        {
            lane.Draw(svg, y);
            y += lane.Height;
        }
        foreach (var panel in figure.Panels)
        {
            Panel(svg, panel, axis, left, y, width);
            y += PanelHead + PanelCurves + PanelGap;
        }
        svg.Rectangle(left, top, width, height, "none", $" stroke=\"{Palette.Frame}\"");
        svg.Text(left + width / 2, top + height + 40, $"simulated time ({axis.Unit})", 13, anchor: "middle");

        var fills = lanes.SelectMany(l => l.Spans).Select(s => s.Kind).Distinct().Order().Select(k => (k, true));
        var marks = lanes.SelectMany(l => l.Instants).Select(s => s.Kind).Distinct().Order().Select(k => (k, false));
        var legend = top + height + 62;
        var legendHeight = svg.Legend(left, legend, width,
            fills.Concat(marks).Select(k => (Palette.Of(k.k).Word, Palette.Of(k.k).Mark, k.Item2)));
        return svg.Document(SvgRenderer.Width, legend + legendHeight - 2, figure.Title);
    }

    private static void Panel(SvgWriter svg, TimelinePanel panel, AxisTicks axis, double left, double top, double width)
    {
        svg.Line(left, top, left + width, top, Palette.Frame);
        svg.Text(left + 8, top + 16, panel.Title, 12);
        var all = panel.Series.SelectMany(s => s.Points).ToList();
        if (all.Count == 0)
        {
            svg.Text(left + width / 2, top + (PanelHead + PanelCurves) / 2 + 4, panel.WhenEmpty, 12, Palette.Faint, "middle");
            return;
        }

        var title = 24 + TextWidth.Of(panel.Title, 12);
        svg.Legend(left + title, top + 12, width - title, panel.Series.Select(s => (s.Name, s.Mark, false)));
        var most = Math.Max(1, all.Max(p => p.Y));
        var y = AxisTicks.Linear(0, most, AxisQuantity.Number, 3);
        foreach (var (at, text) in y.Ticks)
        {
            svg.Line(left, Place(at), left + width, Place(at), Palette.Grid);
            svg.Text(left - 8, Place(at) + 4, text, 11, Palette.Faint, "end");
        }

        foreach (var series in panel.Series)
        {
            var points = series.Points.Select(p => (X: left + width * axis.Part(p.X), p))
                .Where(p => p.X >= left && p.X <= left + width).ToList();
            for (var i = 1; i < points.Count; i++)
                svg.Line(points[i - 1].X, Place(points[i - 1].p.Y), points[i].X, Place(points[i].p.Y), series.Mark.Colour, 1.2);
            foreach (var (x, point) in points) svg.Mark(x, Place(point.Y), series.Mark, 5, point.Tip, 0.75);
        }

        double Place(double value) => top + PanelHead + PanelCurves * (1 - value / most);
    }

    /// <summary>One lane: what of it is in the window, and on which row each label stands.</summary>
    private sealed class LaneLayout
    {
        private readonly Lane _lane;
        private readonly double _left, _width;
        private readonly Func<long, double> _x;
        private readonly List<(double X, string Text, int Row)> _labels = [];
        private readonly int _rows, _leftOut;

        public LaneLayout(Lane lane, TimelineFigure figure, AxisTicks axis, double left, double width)
        {
            (_lane, _left, _width) = (lane, left, width);
            _x = t => left + width * Math.Clamp(axis.Part(t), 0, 1);
            var (from, to) = (figure.From.Femtoseconds, figure.To.Femtoseconds);
            Spans = [.. lane.Spans.Where(s => s.To.Femtoseconds > from && s.From.Femtoseconds < to)];
            Instants = [.. lane.Instants.Where(i => i.Time.Femtoseconds >= from && i.Time.Femtoseconds <= to)
                .OrderBy(i => i.Time.Femtoseconds)];
            var ends = new double[MostLabelRows];
            Array.Fill(ends, double.MinValue);
            foreach (var (x, text) in Merged())
            {
                var extent = TextWidth.Of(text, 11);
                var at = Math.Min(x + 7, left + width - extent - 4);
                var row = Array.FindIndex(ends, end => end < at - 6);
                // A label moved in from the right edge may stand under its mark; it may not leave the plot.
                if (row < 0 || at < left + 2) _leftOut++;
                else
                {
                    ends[row] = at + extent;
                    _rows = Math.Max(_rows, row + 1);
                    _labels.Add((at, text, row));
                }
            }
        }

        public List<LaneSpan> Spans { get; }
        public List<LaneInstant> Instants { get; }

        public double Height => Math.Max(34, 10 + (Spans.Count > 0 ? Band + 4 : 0) + (Instants.Count > 0 ? MarkRow + _rows * LabelRow : 0));

        public void Draw(SvgWriter svg, double top)
        {
            svg.Text(_left - 12, top + 20, TextWidth.Fit(_lane.Name, 13, _left - 28), 13, anchor: "end");
            if (_leftOut > 0) svg.Text(_left - 12, top + 35, $"+{_leftOut} more", 10.5, Palette.Faint, "end");
            var y = top + 6;
            foreach (var span in Spans)
            {
                var (from, to) = (_x(span.From.Femtoseconds), _x(span.To.Femtoseconds));
                var wide = Math.Max(1.5, to - from);
                svg.Rectangle(from, y, wide, Band, Palette.Of(span.Kind).Mark.Colour, $" stroke=\"{Palette.Frame}\" stroke-width=\"0.7\"",
                    $"{span.Label}: {span.From} to {span.To}");
                var label = TextWidth.Fit(span.Label, 11.5, wide - 10);
                if (label.Length > 0) svg.Text(from + 5, y + 14, label, 11.5);
            }
            if (Spans.Count > 0) y += Band + 4;
            foreach (var instant in Visible())
                svg.Mark(_x(instant.Time.Femtoseconds), y + 8, Palette.Of(instant.Kind).Mark, 9, $"{instant.Time}: {instant.Label}");
            foreach (var (x, text, row) in _labels) svg.Text(x, y + MarkRow + 10 + row * LabelRow - 2, text, 11, Palette.Faint);
        }

        // Marks of a kind that would cover each other are drawn once: a lane full of TLPs stays a lane, and the file small.
        private IEnumerable<LaneInstant> Visible()
        {
            var last = new Dictionary<int, double>();
            foreach (var instant in Instants)
            {
                var x = _x(instant.Time.Femtoseconds);
                if (last.TryGetValue((int)instant.Kind, out var before) && x - before < 2) continue;
                last[(int)instant.Kind] = x;
                yield return instant;
            }
        }

        // Equal labels with less than a label's room between them are one label with a count, whatever stands in between.
        private IEnumerable<(double X, string Text)> Merged()
        {
            var open = new Dictionary<(int Kind, string Label), (int At, double Reach)>();
            var labels = new List<(double X, string Text, int Count)>();
            foreach (var instant in Instants)
            {
                var (key, x) = (((int)instant.Kind, instant.Label), _x(instant.Time.Femtoseconds));
                var reach = x + TextWidth.Of(instant.Label, 11) + 40;
                if (open.TryGetValue(key, out var last) && x < last.Reach)
                    labels[last.At] = labels[last.At] with { Count = labels[last.At].Count + 1 };
                else
                {
                    last.At = labels.Count;
                    labels.Add((x, instant.Label, 1));
                }
                open[key] = (last.At, reach);
            }
            return labels.Select(l => (l.X, l.Count == 1 ? l.Text : $"{l.Text} \u00d7{l.Count}"));
        }
    }
}
