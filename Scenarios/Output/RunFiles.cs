using Scenarios.Figures;
using Scenarios.Results;
using Scenarios.Running;

namespace Scenarios.Output;

/// <summary>Everything a run leaves, by file name. No file says when or where it was made: the same run gives the same bytes.</summary>
internal static class RunFiles
{
    /// <param name="result">The run.</param>
    /// <param name="renderer">Draws the figures; on several threads at once.</param>
    /// <param name="jobs">How many threads.</param>
    /// <param name="streamed">Files of the run that are written already, its event log among them; null if there are none.</param>
    public static IReadOnlyDictionary<string, Utf8Text> Of(
        ScenarioResult result, IFigureRenderer renderer, int jobs = 1, IReadOnlyList<string>? streamed = null)
    {
        var variants = new (IReadOnlyDictionary<string, Utf8Text> Figures, Utf8Text Html, Utf8Text Json)[result.Variants.Count];
        Workers.Each(jobs, variants.Length, i =>
        {
            var figures = FiguresOf(result.Variants[i].Result, renderer);
            variants[i] = (figures, HtmlReport.OfVariant(result, i, figures), ResultsJson.OfVariant(result.Variants[i]));
        });
        var figures = FiguresOf(result, renderer);
        var files = new SortedDictionary<string, Utf8Text>(figures, StringComparer.Ordinal)
        {
            ["report.html"] = HtmlReport.Of(result, figures, [.. variants.Select(v => v.Html)]),
            ["junit.xml"] = new(JUnit.Of([result], [])),
            ["dmesg.log"] = new(DmesgLog.Of(result)),
        };
        foreach (var (name, figure) in variants.SelectMany(v => v.Figures)) files[name] = figure;
        if (streamed is null) files["events.jsonl"] = new(EventsJson.Of(result));
        string[] all = [.. files.Keys, .. streamed ?? [], "results.json"];
        files["results.json"] = ResultsJson.Of(result, [.. all.Order(StringComparer.Ordinal)], [.. variants.Select(v => v.Json)]);
        return files;
    }

    private static Dictionary<string, Utf8Text> FiguresOf(ScenarioResult result, IFigureRenderer renderer)
    {
        var figures = new Dictionary<string, Utf8Text> { ["plots/latency.svg"] = new(renderer.Render(ResultFigures.Latency(result))) };
        if (ResultFigures.Bandwidth(result) is { } bandwidth)
        {
            figures["plots/bandwidth.svg"] = new(renderer.Render(bandwidth));
            figures["plots/read-latency.svg"] = new(renderer.Render(ResultFigures.ReadLatency(result)));
        }

        if (MigrationFigures.Downtimes(result) is { } downtimes) figures[Downtimes] = new(renderer.Render(downtimes));
        foreach (var (n, plot) in CounterPlots.Of(result).Index()) figures[PlotOf(n)] = new(renderer.Render(plot));
        return figures;
    }

    private static Dictionary<string, Utf8Text> FiguresOf(VariantResult variant, IFigureRenderer renderer)
    {
        var figures = new Dictionary<string, Utf8Text> { [TimelineOf(variant)] = new(renderer.Render(ResultFigures.Timeline(variant))) };
        if (ResultFigures.Stopped(variant) is { } stopped) figures[StoppedOf(variant)] = new(renderer.Render(stopped));
        if (MigrationFigures.Course(variant) is { } course) figures[MigrationOf(variant)] = new(renderer.Render(course));
        return figures;
    }

    public const string Downtimes = "plots/downtime.svg";

    public static string PlotOf(int index) => $"plots/plot-{index + 1}.svg";

    public static string TimelineOf(VariantResult variant) => $"plots/timeline-{variant.Variant.FileName}.svg";

    public static string MigrationOf(VariantResult variant) => $"plots/migration-{variant.Variant.FileName}.svg";

    public static string StoppedOf(VariantResult variant) => $"plots/stopped-{variant.Variant.FileName}.svg";
}
