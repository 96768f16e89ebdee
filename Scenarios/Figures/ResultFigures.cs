using System.Globalization;
using Scenarios.Results;
using Sim.Core;

namespace Scenarios.Figures;

/// <summary>The figures of a result.</summary>
internal static class ResultFigures
{
    /// <summary>Latency of the loads: a row for each variant, or over time if there is one variant only.</summary>
    public static PlotFigure Latency(ScenarioResult result)
    {
        var variants = result.Variants.Select(v => v.Result).ToList();
        var all = variants.SelectMany(v => v.Loads).ToList();
        var outcomes = all.Select(l => l.Outcome).Distinct().Order(StringComparer.Ordinal).ToList();
        var overTime = variants.Count == 1;
        var series = outcomes.Select((outcome, n) => new PlotSeries(outcome, Palette.Series[n % Palette.Series.Count],
            [.. variants.SelectMany((v, row) => v.Loads.Where(l => l.Outcome == outcome).Select(l => overTime
                ? new PlotPoint(l.Issued.Femtoseconds, l.Latency.Femtoseconds, Tip(v, l))
                : new PlotPoint(l.Latency.Femtoseconds, row, Tip(v, l))))])).ToList();
        if (!overTime) series.Add(Medians(variants));
        var logarithmic = all.Count > 0 && all.All(l => l.Latency > SimDuration.Zero)
            && all.Max(l => l.Latency.Femtoseconds) > 15 * all.Min(l => l.Latency.Femtoseconds);
        var latency = new PlotAxis("latency of a load, issue to result", AxisQuantity.Time, logarithmic);
        return new PlotFigure("Latency of the loads",
            overTime ? new PlotAxis("issued at", AxisQuantity.Time) : latency,
            overTime ? latency : new PlotAxis("", AxisQuantity.Number), series)
        {
            Subtitle = $"{result.File.Script.Title} \u2014 {all.Count} loads in {variants.Count} variants",
            Rows = overTime ? [] : [.. variants.Select(v => v.Variant.Name)],
            WhenEmpty = "No load was issued.",
        };
    }

    /// <summary>Bandwidth of the traffic generators against the size of a transfer; null if none was measured.</summary>
    public static PlotFigure? Bandwidth(ScenarioResult result)
    {
        if (result.Variants.All(v => v.Result.Traffic.Count == 0)) return null;
        return new PlotFigure("Bandwidth of DMA", new PlotAxis("bytes of a transfer", AxisQuantity.Number),
            new PlotAxis("Gb/s of payload, in each direction that is used", AxisQuantity.Number), Sweep(result, t => t.Rate * 8 / 1e9,
                t => string.Create(CultureInfo.InvariantCulture, $"{t.Rate * 8 / 1e9:0.00} Gb/s")))
        {
            Subtitle = result.File.Script.Title,
        };
    }

    /// <summary>Median latency of the generators' reads against the size of a transfer.</summary>
    public static PlotFigure ReadLatency(ScenarioResult result) => new(
        "Latency of DMA reads", new PlotAxis("bytes of a transfer", AxisQuantity.Number),
        new PlotAxis("median, issue to data", AxisQuantity.Time),
        Sweep(result, t => t.Median?.Femtoseconds, t => $"median {t.Median}, 99 % {t.P99}"))
    {
        Subtitle = result.File.Script.Title,
        WhenEmpty = "Nothing was read.",
    };

    private static List<PlotSeries> Sweep(ScenarioResult result, Func<TrafficSample, double?> value, Func<TrafficSample, string> says)
    {
        var series = new List<PlotSeries>();
        foreach (var variant in result.Variants.Select(v => v.Result))
        {
            foreach (var of in variant.Traffic.GroupBy(t => t.Function))
            {
                var name = variant.Variant.Coordinates.Count == 0 ? of.Key : $"{variant.Variant.Name}, {of.Key}";
                var points = of.Where(t => value(t) is not null)
                    .Select(t => new PlotPoint(t.Bytes, value(t)!.Value, $"{name}, {t.Bytes} B: {says(t)}"));
                series.Add(new PlotSeries(name, Palette.Series[series.Count % Palette.Series.Count], [.. points]) { Joined = true });
            }
        }

        return series;
    }

    /// <summary>The whole run of a variant in lanes.</summary>
    public static TimelineFigure Timeline(VariantResult result)
    {
        var ends = result.Lanes.SelectMany(l => l.Spans.Select(s => s.To.Femtoseconds).Concat(l.Instants.Select(i => i.Time.Femtoseconds)));
        var end = ends.DefaultIfEmpty(0).Max();
        return new TimelineFigure(result.Variant.Name, SimTime.Zero, new SimTime(end + end / 50), result.Lanes)
        {
            Subtitle = "the whole run",
            WhenEmpty = "No timeline was recorded.",
        };
    }

    /// <summary>The stretch in which the device is stopped, or null if it never is.</summary>
    public static TimelineFigure? Stopped(VariantResult result)
    {
        var stops = result.Lanes.SelectMany(l => l.Spans).Where(s => s.Kind == LaneKind.Stopped).ToList();
        if (stops.Count == 0) return null;
        var from = stops.Min(s => s.From.Femtoseconds);

        // Up to the last access or error: how long a quiet device stands is not what the reader came for.
        var instants = result.Lanes.SelectMany(l => l.Instants).Where(i => i.Kind != LaneKind.Tlp)
            .Select(i => i.Time.Femtoseconds).Where(t => t >= from).ToList();
        if (instants.Count == 0) return null;
        var air = Math.Max(1, (instants.Max() - from) / 12);
        var (start, end) = (new SimTime(Math.Max(0, from - air / 2)), new SimTime(instants.Max() + air));
        return new TimelineFigure(result.Variant.Name, start, end, result.Lanes)
        {
            Subtitle = "while the device is stopped",
        };
    }

    private static PlotSeries Medians(IReadOnlyList<VariantResult> variants) => new("median of the variant", Palette.Median,
        [.. variants.SelectMany((v, row) => Running.LoadStatistics.Of(v, "p50") is { } median
            ? (PlotPoint[])[new(median.Femtoseconds, row, $"{v.Variant.Name}: median {median}")] : [])]);

    private static string Tip(VariantResult variant, LoadSample load) =>
        $"{variant.Variant.Name}: {load.Actor} at {load.Issued}, {load.Latency}, {load.Outcome}"
        + $"{(load.DeviceStopped ? ", device stopped" : "")}";
}
