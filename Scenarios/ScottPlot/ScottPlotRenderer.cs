using ScottPlot;
using ScottPlot.TickGenerators;

namespace Scenarios.Figures.WithScottPlot;

/// <summary>Draws the same figures through ScottPlot 5.1. Built with -p:UseScottPlot=true only.</summary>
public sealed class ScottPlotRenderer : IFigureRenderer
{
    private const int Width = 1120;

    public string Render(Figure figure)
    {
        using var plot = new Plot();
        plot.Title(figure.Subtitle.Length == 0 ? figure.Title : $"{figure.Title}\n{figure.Subtitle}");
        var height = 160;
        if (figure.IsEmpty) plot.Add.Annotation(figure.WhenEmpty, Alignment.MiddleCenter);
        else if (figure is PlotFigure points) height = Draw(plot, points);
        else if (figure is TimelineFigure timeline) height = Draw(plot, timeline);
        return plot.GetSvgXml(Width, height);
    }

    private static int Draw(Plot plot, PlotFigure figure)
    {
        var all = figure.Series.SelectMany(s => s.Points).ToArray();
        var x = AxisTicks.Around(all.Select(p => p.X), figure.X, 9);
        Bottom(plot, x, figure.X.Label, p => Position(x, p));
        var rows = figure.Rows.Count;
        var y = rows > 0 ? null : AxisTicks.Around(all.Select(p => p.Y), figure.Y, 6);
        var left = new NumericManual();
        if (y is null)
            for (var i = 0; i < rows; i++) left.AddMajor(-i, figure.Rows[i]);
        else
            foreach (var (at, text) in y.Ticks) left.AddMajor(Position(y, at), $"{text} {y.Unit}");
        plot.Axes.Left.TickGenerator = left;
        foreach (var series in figure.Series.Where(s => s.Points.Count > 0))
        {
            var drawn = plot.Add.ScatterPoints(
                series.Points.Select(p => Position(x, p.X)).ToArray(),
                series.Points.Select(p => y is null ? -p.Y : Position(y, p.Y)).ToArray());
            drawn.Color = Color.FromHex(series.Mark.Colour);
            drawn.MarkerShape = Shape(series.Mark.Shape);
            drawn.LegendText = series.Name;
        }
        plot.ShowLegend(Edge.Right);
        return rows > 0 ? 140 + rows * 19 : 460;
    }

    private static int Draw(Plot plot, TimelineFigure figure)
    {
        var axis = AxisTicks.Linear(figure.From.Femtoseconds, figure.To.Femtoseconds, AxisQuantity.Time, 9);
        Bottom(plot, axis, "simulated time", p => p);
        var left = new NumericManual();
        var named = new HashSet<Results.LaneKind>();
        for (var i = 0; i < figure.Lanes.Count; i++)
        {
            var lane = figure.Lanes[i];
            left.AddMajor(-i, lane.Name);
            foreach (var span in lane.Spans)
            {
                var drawn = plot.Add.Rectangle(span.From.Femtoseconds, span.To.Femtoseconds, -i, -i + 0.4);
                drawn.FillStyle.Color = Color.FromHex(Palette.Of(span.Kind).Mark.Colour);
                if (named.Add(span.Kind)) drawn.LegendText = Palette.Of(span.Kind).Word;
            }
            foreach (var kind in lane.Instants.GroupBy(n => n.Kind))
            {
                var (word, mark) = Palette.Of(kind.Key);
                var drawn = plot.Add.ScatterPoints(
                    kind.Select(n => (double)n.Time.Femtoseconds).ToArray(), kind.Select(_ => -i - 0.2).ToArray());
                drawn.Color = Color.FromHex(mark.Colour);
                drawn.MarkerShape = Shape(mark.Shape);
                if (named.Add(kind.Key)) drawn.LegendText = word;
            }
        }
        for (var i = 0; i < figure.Panels.Count; i++) Draw(plot, left, figure.Panels[i], -figure.Lanes.Count - 2 * i - 1);
        plot.Axes.Left.TickGenerator = left;
        plot.Axes.SetLimitsX(figure.From.Femtoseconds, figure.To.Femtoseconds);
        plot.ShowLegend(Edge.Right);
        return 140 + figure.Lanes.Count * 60 + figure.Panels.Count * 120;
    }

    /// <summary>A panel is two lanes high; its ticks say nothing and the most there is.</summary>
    private static void Draw(Plot plot, NumericManual left, TimelinePanel panel, double bottom)
    {
        const double Height = 1.4;
        bottom -= 1;
        var most = Math.Max(1, panel.Series.SelectMany(s => s.Points).Select(p => p.Y).DefaultIfEmpty(0).Max());
        left.AddMajor(bottom, $"{panel.Title}: 0");
        left.AddMajor(bottom + Height, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{most:0.#}"));
        foreach (var series in panel.Series.Where(s => s.Points.Count > 0))
        {
            var drawn = plot.Add.Scatter(
                series.Points.Select(p => p.X).ToArray(), series.Points.Select(p => bottom + Height * p.Y / most).ToArray());
            drawn.Color = Color.FromHex(series.Mark.Colour);
            drawn.MarkerShape = Shape(series.Mark.Shape);
            drawn.LegendText = $"{panel.Title}: {series.Name}";
        }
    }

    private static void Bottom(Plot plot, AxisTicks axis, string label, Func<double, double> position)
    {
        var bottom = new NumericManual();
        foreach (var (at, text) in axis.Ticks) bottom.AddMajor(position(at), text);
        plot.Axes.Bottom.TickGenerator = bottom;
        plot.XLabel(axis.Unit.Length == 0 ? label : $"{label} ({axis.Unit})");
    }

    // ScottPlot has no logarithmic axis: the values are, and the ticks say what they stand for.
    private static double Position(AxisTicks axis, double value) => axis.Logarithmic ? Math.Log10(value) : value;

    private static MarkerShape Shape(MarkShape shape) => shape switch
    {
        MarkShape.Circle => MarkerShape.FilledCircle,
        MarkShape.Square => MarkerShape.FilledSquare,
        MarkShape.Triangle => MarkerShape.FilledTriangleUp,
        MarkShape.Diamond => MarkerShape.FilledDiamond,
        MarkShape.Cross => MarkerShape.Eks,
        _ => MarkerShape.VerticalBar,
    };
}
