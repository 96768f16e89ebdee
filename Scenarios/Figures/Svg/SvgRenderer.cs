namespace Scenarios.Figures.Svg;

/// <summary>Our own renderer: plain SVG, nothing needed to draw it.</summary>
public sealed class SvgRenderer : IFigureRenderer
{
    internal const double Width = 1120;

    public string Render(Figure figure) => figure switch
    {
        { IsEmpty: true } => Empty(figure),
        PlotFigure plot => SvgPlot.Draw(plot),
        TimelineFigure timeline => SvgTimeline.Draw(timeline),
        _ => throw new ArgumentException($"{figure.GetType().Name} is no figure of this renderer", nameof(figure)),
    };

    /// <summary>Title and subtitle. Returns where the drawing may begin.</summary>
    internal static double Heading(SvgWriter svg, Figure figure)
    {
        svg.Text(16, 28, TextWidth.Fit(figure.Title, 16, Width - 32), 16, more: " font-weight=\"600\"");
        if (figure.Subtitle.Length == 0) return 46;
        svg.Text(16, 48, TextWidth.Fit(figure.Subtitle, 12, Width - 32), 12, Palette.Faint);
        return 66;
    }

    private static string Empty(Figure figure)
    {
        var svg = new SvgWriter();
        var top = Heading(svg, figure);
        svg.Rectangle(16, top, Width - 32, 70, "#f6f8fa", $" rx=\"4\" stroke=\"{Palette.Grid}\"");
        svg.Text(Width / 2, top + 40, figure.WhenEmpty, 13, Palette.Faint, "middle");
        return svg.Document(Width, top + 86, figure.Title);
    }
}
