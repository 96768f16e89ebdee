using Scenarios.Results;
using Sim.Core;

namespace Scenarios.Figures;

/// <summary>Something to draw, in no renderer's words.</summary>
public abstract record Figure(string Title)
{
    /// <summary>A second line under the title.</summary>
    public string Subtitle { get; init; } = "";

    /// <summary>What the figure says in place of a drawing when it has nothing to draw.</summary>
    public string WhenEmpty { get; init; } = "Nothing was recorded.";

    public abstract bool IsEmpty { get; }
}

/// <summary>Points over a numeric x axis, against a numeric y axis or against named rows.</summary>
public sealed record PlotFigure(string Title, PlotAxis X, PlotAxis Y, IReadOnlyList<PlotSeries> Series) : Figure(Title)
{
    /// <summary>Names of the rows of y = 0, 1, 2, ... from the top; empty for a numeric y axis.</summary>
    public IReadOnlyList<string> Rows { get; init; } = [];

    public override bool IsEmpty => Series.All(s => s.Points.Count == 0);
}

/// <summary>A numeric axis. Times are in femtoseconds; the renderer picks the unit.</summary>
public sealed record PlotAxis(string Label, AxisQuantity Quantity, bool Logarithmic = false);

public enum AxisQuantity { Number, Time }

/// <summary>Points of one meaning.</summary>
public sealed record PlotSeries(string Name, SeriesMark Mark, IReadOnlyList<PlotPoint> Points)
{
    /// <summary>A line joins the points in their order.</summary>
    public bool Joined { get; init; }
}

/// <summary>One point, with the text that a reader finds by pointing at it.</summary>
public readonly record struct PlotPoint(double X, double Y, string Tip);

/// <summary>Shape and colour of a series: both differ, so that neither eye nor printer decides.</summary>
public sealed record SeriesMark(MarkShape Shape, string Colour);

public enum MarkShape { Circle, Square, Triangle, Diamond, Cross, Tick }

/// <summary>Lanes over time.</summary>
public sealed record TimelineFigure(string Title, SimTime From, SimTime To, IReadOnlyList<Lane> Lanes) : Figure(Title)
{
    /// <summary>Quantities over the same time, below the lanes.</summary>
    public IReadOnlyList<TimelinePanel> Panels { get; init; } = [];

    /// <summary>A stretch that is shaded through all of it; null for none.</summary>
    public LaneSpan? Shade { get; init; }

    public override bool IsEmpty => To.Femtoseconds <= From.Femtoseconds || Lanes.All(l => l.Spans.Count == 0 && l.Instants.Count == 0);
}

/// <summary>Quantities over a timeline's time: x of each point in femtoseconds.</summary>
public sealed record TimelinePanel(string Title, IReadOnlyList<PlotSeries> Series)
{
    /// <summary>What stands in place of the points when there are none.</summary>
    public string WhenEmpty { get; init; } = "nothing";
}

/// <summary>Draws figures.</summary>
public interface IFigureRenderer
{
    /// <summary>The figure as an SVG document.</summary>
    string Render(Figure figure);
}
