using System.Globalization;
using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Results;

namespace Scenarios.Figures;

/// <summary>The plots that a script asks for: a counter over an axis of its matrix, with what others published beside it.</summary>
internal static class CounterPlots
{
    private const string TheOnly = "this machine";

    public static IReadOnlyList<PlotFigure> Of(ScenarioResult result) => [.. result.File.Script.Plots.Select(p => Of(result, p))];

    private static PlotFigure Of(ScenarioResult result, PlotItem plot)
    {
        var script = result.File.Script;
        var chosen = result.Variants.Select(v => v.Result)
            .Where(v => plot.Where.Items.All(w => w.Value.Contains(Value(v, w.Name)))).ToList();
        var lines = plot.Series is { } series ? script.Matrix.Find(series.Name)!.Value.Names.ToList() : [TheOnly];
        List<PlotSeries> drawn = [];
        foreach (var line in lines)
        {
            var points = chosen.Where(v => plot.Series is not { } s || Value(v, s.Name) == line)
                .Select(v => (X: Value(v, plot.X.Name), Y: Height(chosen, plot, v)))
                .Where(p => p.Y is not null)
                .Select(p => new PlotPoint(SpaceChecks.XOf(p.X)!.Value, p.Y!.Value, Tip(line, p.X, p.Y.Value)))
                .OrderBy(p => p.X).ToList();
            var name = plot.Series is { } axis ? $"{axis.Name}: {line}" : line;
            drawn.Add(new PlotSeries(name, Palette.Series[drawn.Count % Palette.Series.Count], points) { Joined = true });
        }

        var published = plot.Published.Items
            .Select(p => new PlotPoint(SpaceChecks.XOf(p.Name)!.Value, p.Value, Tip("published", p.Name, p.Value))).ToList();
        if (published.Count > 0) drawn.Add(new PlotSeries("published", Palette.Series[4], published));
        var sizes = script.Matrix.Find(plot.X.Name)!.Value.Names.All(n => Units.Size(n) is not null);
        var all = drawn.SelectMany(s => s.Points).Select(p => p.X).ToList();
        var spread = all.Count > 0 && all.Min() > 0 && all.Max() > 15 * all.Min();
        var y = plot.PercentOf is { } whole ? $"{plot.Y}, % of {plot.Series!.Value.Name} {whole}" : plot.Y;
        return new PlotFigure(plot.Title, new PlotAxis(sizes ? $"{plot.X.Name}, KiB" : plot.X.Name, AxisQuantity.Number, spread),
            new PlotAxis(y, AxisQuantity.Number), drawn)
        {
            Subtitle = script.Title,
        };
    }

    private static double? Height(List<VariantResult> variants, PlotItem plot, VariantResult variant)
    {
        if (variant.Counter(plot.Y) is not { } value) return null;
        if (plot.PercentOf is not { } whole) return value;
        var base100 = variants.FirstOrDefault(v => v.Variant.Coordinates.All(c =>
            c.Axis == plot.Series!.Value.Name ? c.Value == whole : c.Value == Value(variant, c.Axis)));
        return base100?.Counter(plot.Y) is > 0 and var hundred ? 100.0 * value / hundred : null;
    }

    private static string Value(VariantResult variant, string axis) =>
        variant.Variant.Coordinates.FirstOrDefault(c => c.Axis == axis).Value ?? "";

    private static string Tip(string line, string x, double y) => string.Create(CultureInfo.InvariantCulture, $"{line}, {x}: {y:0.#}");
}
