using Scenarios.Figures;

namespace Scenarios.Cli;

/// <summary>Which renderer draws the figures: ours, or ScottPlot where it was built in.</summary>
internal static class Renderers
{
#if SCOTTPLOT
    public static IFigureRenderer Chosen() => new Figures.WithScottPlot.ScottPlotRenderer();
#else
    public static IFigureRenderer Chosen() => new Figures.Svg.SvgRenderer();
#endif
}
