using System.Globalization;
using Scenarios.Results;
using Sim.Core;

namespace Scenarios.Figures;

/// <summary>The figures of live migrations.</summary>
internal static class MigrationFigures
{
    /// <summary>How long the guests of a matrix stood; null if no variant migrates.</summary>
    public static PlotFigure? Downtimes(ScenarioResult result)
    {
        var migrations = result.Variants.Select(v => v.Result).Where(v => v.LiveMigration is not null).ToList();
        if (migrations.Count == 0) return null;
        PlotSeries[] series =
        [
            Series("until its devices stood", 0, t => t.DevicesStopped - t.GuestStopped),
            Series("until its stream was complete", 1, t => t.Completed - t.GuestStopped),
            Series("until it ran on", 2, t => t.Downtime),
        ];
        var times = series.SelectMany(s => s.Points).Select(p => p.X).DefaultIfEmpty(1).ToList();
        return new PlotFigure("Downtime of the guest", new PlotAxis("time", AxisQuantity.Time, times.Max() > 15 * times.Min()),
            new PlotAxis("", AxisQuantity.Number), series)
        {
            Subtitle = $"{result.File.Script.Title} \u2014 from the stop of the vCPU",
            Rows = [.. migrations.Select(v => v.Variant.Name)],
            WhenEmpty = "No guest was stopped.",
        };

        PlotSeries Series(string name, int colour, Func<MigrationTrace, SimDuration?> time) => new(name, Palette.Series[colour],
            [.. migrations.SelectMany((v, row) => time(v.LiveMigration!) is { } t && t > SimDuration.Zero
                ? (PlotPoint[])[new(t.Femtoseconds, row, $"{v.Variant.Name}: {name}, {t}")]
                : [])]);
    }

    /// <summary>A migration over its time: phases and states as bands, pages, bytes and the guest's throughput below; null if the variant
    /// migrates nothing.</summary>
    public static TimelineFigure? Course(VariantResult result)
    {
        if (result.LiveMigration is not { } trace) return null;
        var (from, to) = trace.Window;
        var outcome = trace.Failure is { } failure ? $"failed: {failure}" : trace.Completed is null ? "did not end" : "migrated";
        return new TimelineFigure(result.Variant.Name, from, to, [Phases(trace), .. trace.Lanes])
        {
            Subtitle = $"live migration, {outcome}; {(trace.Downtime is { } d ? $"downtime {InWords(d)}" : "no downtime")}",
            WhenEmpty = $"Nothing was migrated: {trace.Failure}.",
            Shade = trace is { GuestStopped: { } stopped, Resumed: { } resumed }
                ? new LaneSpan(stopped, resumed, LaneKind.Downtime, "")
                : null,
            Panels =
            [
                new("pages of a round",
                [
                    Curve("found dirty", 0, trace.Rounds.Select(r => (r.At, (double)r.Dirty))),
                    Curve("sent", 4, trace.Rounds.Select(r => (r.At, (double)r.Sent))),
                ])
                { WhenEmpty = "no round was begun" },
                new("device images, KiB", [Curve("read so far", 3, trace.ImageBytes.Select(InKib))]) { WhenEmpty = "no image was read" },
                new("stream, KiB", [Curve("sent so far", 5, trace.SentBytes.Select(InKib))]) { WhenEmpty = "nothing was sent" },
                new("jobs per ms", [Curve("completed", 2, trace.Throughput().Select(Middle))]) { WhenEmpty = "the guest has no jobs" },
            ],
        };
    }

    /// <summary>A time to the nanosecond: more digits say nothing.</summary>
    public static string InWords(SimDuration time) => new SimDuration((time.Femtoseconds + 500_000) / 1_000_000 * 1_000_000).ToString();

    private static (SimTime At, double Value) InKib(SumAt sum) => (sum.At, sum.Value / 1024.0);

    private static (SimTime At, double Value) Middle(JobsIn jobs) => (jobs.From + ((jobs.To - jobs.From) / 2), jobs.PerMillisecond);

    private static PlotSeries Curve(string name, int colour, IEnumerable<(SimTime At, double Value)> points) =>
        new(name, Palette.Series[colour], [.. points.Select(p => new PlotPoint(p.At.Femtoseconds, p.Value,
            string.Create(CultureInfo.InvariantCulture, $"{p.At}: {p.Value:0.#} {name}")))])
        {
            Joined = true,
        };

    private static Lane Phases(MigrationTrace trace)
    {
        List<LaneSpan> spans = [];
        var running = trace.Rounds.Where(r => trace.GuestStopped is not { } stopped || r.At < stopped).ToList();
        for (var i = 0; i < running.Count; i++)
            Add(running[i].At, i + 1 < running.Count ? running[i + 1].At : trace.GuestStopped, LaneKind.Sending, $"round {i + 1}");
        Add(trace.GuestStopped, trace.DevicesStopped, LaneKind.Suspended, "devices stop");
        Add(trace.DevicesStopped, trace.FinalBitmap, LaneKind.Saving, "images");
        Add(trace.FinalBitmap, trace.Completed, LaneKind.Sending, "the rest");
        Add(trace.Completed, trace.Resumed, LaneKind.Downtime, "destination loads");
        return new Lane("migration", spans, []);

        void Add(SimTime? from, SimTime? to, LaneKind kind, string label)
        {
            if (from is { } begin && to is { } end && end > begin) spans.Add(new LaneSpan(begin, end, kind, label));
        }
    }
}
