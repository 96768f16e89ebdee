using System.Buffers;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Scenarios.Figures;
using Scenarios.Language;
using Scenarios.Platforms;
using Scenarios.Results;
using Sim.Core;

namespace Scenarios.Output;

/// <summary>report.html: one file that needs no other. Verdicts first, then what each of them rests on.</summary>
internal sealed partial class HtmlReport
{
    private const int MostTlps = TlpTrace.Kept;

    // A link to a variant opens it: browsers scroll to a closed <details>, but leave it closed.
    private const string OpenTheTarget =
        "const open = () => document.querySelector(location.hash || '#none')?.setAttribute('open', ''); "
        + "addEventListener('hashchange', open); open();";

    private readonly ArrayBufferWriter<byte> _html = new(1 << 16);
    private readonly ScenarioResult _result;
    private readonly IReadOnlyDictionary<string, Utf8Text> _figures;

    private HtmlReport(ScenarioResult result, IReadOnlyDictionary<string, Utf8Text> figures) => (_result, _figures) = (result, figures);

    /// <param name="result">The run.</param>
    /// <param name="figures">The figures of the whole run, by file name.</param>
    /// <param name="variants">What <see cref="OfVariant"/> gave for each variant.</param>
    public static Utf8Text Of(ScenarioResult result, IReadOnlyDictionary<string, Utf8Text> figures, IReadOnlyList<Utf8Text> variants)
    {
        var report = new HtmlReport(result, figures);
        report.Write();
        var length = report._html.WrittenCount;
        report.End();
        var html = report._html.WrittenMemory;
        return new Utf8Text([html[..length], .. variants.SelectMany(v => v.Parts), html[length..]]);
    }

    /// <summary>A variant's part of the report, with its own figures.</summary>
    public static Utf8Text OfVariant(ScenarioResult result, int index, IReadOnlyDictionary<string, Utf8Text> figures)
    {
        var report = new HtmlReport(result, figures);
        report.Variant(index, result.Variants[index]);
        return new Utf8Text([report._html.WrittenMemory]);
    }

    private void Write()
    {
        var script = _result.File.Script;
        Add($"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">");
        Add($"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        Add($"<title>{E(_result.File.Name)} \u2014 PcieSim</title>\n<style>\n{Style()}</style>\n</head>\n<body>\n<header>");
        Add($"<p class=\"kicker\">PcieSim report \u00b7 {E(_result.File.Name)}</p>\n<h1>{E(script.Title)}</h1>");
        if (script.About is { } about) Add($"<p class=\"about\">{E(about)}</p>");
        var questions = script.Question.Count == 0 ? "" : $" \u00b7 question {string.Join(", ", script.Question)}";
        Add($"<p class=\"meta\">{Count(_result.Variants.Count, "variant")} \u00b7 seed {_result.File.Variants[0].Seed}{questions}</p>");
        Outcome();
        Add($"</header>\n<main>");
        if (_result.File.Platform is { } seat) Platform(seat);
        if (_result.File.Axes.Count >= 2) Glance();
        Verdicts();
        WhatIf();
        for (var i = 0; i < script.Plots.Count; i++)
            Add($"<section><h2>{E(script.Plots[i].Title)}</h2>\n{_figures[RunFiles.PlotOf(i)]}</section>");
        if (_figures.TryGetValue("plots/bandwidth.svg", out var bandwidth))
            Add($"<section id=\"traffic\"><h2>Traffic</h2>\n{bandwidth}\n{_figures["plots/read-latency.svg"]}</section>");
        if (_figures.TryGetValue(RunFiles.Downtimes, out var downtimes)) Migrations(downtimes);
        Add($"<section id=\"latency\"><h2>Latency of the loads</h2>\n{_figures["plots/latency.svg"]}</section>");
        Add($"<section id=\"variants\"><h2>Variant by variant</h2>");
    }

    private void End() => Add($"</section>\n</main>\n<script>{OpenTheTarget}</script>\n</body>\n</html>");

    private void Migrations(Utf8Text downtimes)
    {
        Add($"<section id=\"migration\"><h2>Live migration</h2>");
        Table("", ["variant", "rounds", "pages sent", "while the guest stood", "image", "sent", "downtime", "begin to end"],
            _result.Variants.Select(v => v.Result).Where(v => v.LiveMigration is not null)
                .Select(v => Row(v.Variant.Name, v.LiveMigration!)));
        Add($"{downtimes}</section>");

        static string[] Row(string variant, MigrationTrace m) =>
        [
            variant, $"{m.Rounds.Count}", $"{m.Rounds.Sum(r => r.Sent)}",
            m.Rounds.LastOrDefault(r => r.At >= m.GuestStopped) is { } last ? $"{last.Sent}" : "-",
            Last(m.ImageBytes), Last(m.SentBytes), Time(m.Downtime), Time(m.Resumed - m.Begun),
        ];

        static string Last(IReadOnlyList<SumAt> sums) => sums.Count == 0 ? "-" : $"{sums[^1].Value} B";

        static string Time(SimDuration? time) => time is { } t ? MigrationFigures.InWords(t) : "-";
    }

    private void Platform(Seat seat)
    {
        Add($"<section id=\"platform\"><h2>The machine</h2>");
        foreach (var line in MachineWords.Lines(_result.File)) Add($"<p>{E(line)}</p>");
        Add($"<details><summary>Its registers in the dump, and what becomes of them</summary>");
        Table("", ["Function", "register", "in the dump", "in this run"], seat.Parts.SelectMany(p => p.Registers.Select(r =>
            (string[])[p.Function.Id.ToString(), r.Name, r.Hex, r.Says(_result.File.Host)])));
        Add($"</details></section>");
    }

    private void WhatIf()
    {
        if (_result.WhatIf.Count == 0) return;
        Add($"<section id=\"what-if\"><h2>What if registers were different?</h2>");
        Add($"<p class=\"note\">The smallest changes that alter a verdict.</p>\n<pre>");
        foreach (var line in _result.WhatIf.SelectMany(a => a.Lines())) Add($"{E(line)}");
        Add($"</pre></section>");
    }

    private void Outcome()
    {
        var failed = _result.Variants.Count(v => !v.Passed);
        if (_result.Interrupted)
            Add($"<p class=\"outcome bad\">Interrupted: {_result.Variants.Count} of {_result.File.Variants.Count} variants were run.</p>");
        var asked = _result.Variants.Any(v => v.AsksLess) ? "that was asked " : "";
        if (failed > 0) Add($"<p class=\"outcome bad\">Expectations did not hold in {Count(failed, "variant")}.</p>");
        else Add($"<p class=\"outcome good\">Every expectation {asked}held.</p>");
    }

    // The whole matrix on one screen: the first axis down, all others across.
    private void Glance()
    {
        var rows = _result.Variants.Select(Down).Distinct().ToList();
        var columns = _result.Variants.Select(Across).Distinct().ToList();
        if (columns.Count > 16) return;
        Add($"<section id=\"glance\"><h2>At a glance</h2>");
        Add($"<p class=\"note\">Upper word: host integrity. Lower word: migration integrity.</p>");
        Add($"<div class=\"scroll\"><table class=\"glance\">\n<tr><th></th>{string.Concat(columns.Select(c => $"<th>{E(c)}</th>"))}</tr>");
        foreach (var row in rows)
        {
            Add($"<tr><th>{E(row)}</th>");
            foreach (var column in columns)
            {
                var i = _result.Variants.TakeWhile(v => Down(v) != row || Across(v) != column).Count();
                if (i == _result.Variants.Count) Add($"<td class=\"absent\">not run</td>");
                else
                {
                    var r = _result.Variants[i].Result;
                    Add($"<td><a href=\"#v{i}\" title=\"{E(r.Because)}\">{HostGrade(r)}{Grade(r.Migration.Word())}</a></td>");
                }
            }
            Add($"</tr>");
        }
        Add($"</table></div></section>");

        static string Down(JudgedVariant v) => v.Result.Variant.Coordinates[0].Value;
        static string Across(JudgedVariant v) => string.Join(" / ", v.Result.Variant.Coordinates.Skip(1).Select(c => c.Value));
    }

    private void Verdicts()
    {
        Add($"<section id=\"verdicts\"><h2>Verdicts</h2>\n<div class=\"scroll\"><table class=\"verdicts\">");
        string[] heads = [.. _result.File.Axes, "host", "migration", "because", "expected"];
        Add($"<tr>{string.Concat(heads.Select(h => $"<th>{E(h)}</th>"))}</tr>");
        for (var i = 0; i < _result.Variants.Count; i++)
        {
            var (v, r) = (_result.Variants[i], _result.Variants[i].Result);
            var difference = r.Differences.Count > 0 ? $"<br><span class=\"difference\">{E(r.Differences[0].ToString())}</span>" : "";
            Add($"<tr>{string.Concat(r.Variant.Coordinates.Select(c => $"<td><a href=\"#v{i}\">{E(c.Value)}</a></td>"))}");
            Add($"<td>{HostGrade(r)}</td><td>{Grade(r.Migration.Word())}</td>");
            Add($"<td>{E(r.Failure ?? r.Because)}{difference}</td><td>{Expected(v)}</td></tr>");
        }
        Add($"</table></div></section>");
    }

    private static string HostGrade(VariantResult r) => Grade(r.Failure is null ? r.Host.Word() : "failed");

    private static string Expected(JudgedVariant v) =>
        !v.Passed ? "<b class=\"bad\">not held</b>" : v.Outcomes.Count > 0 ? "held" : v.AsksLess ? "not asked" : "nothing";

    private static string Grade(string word) => $"<span class=\"grade {word}\">{word}</span>";

    private static string Count(int n, string what) => n == 1 ? $"1 {what}" : $"{n} {what}s";

    private void Add([InterpolatedStringHandlerArgument("")] Line line) => Text("\n");

    // The same without an end of the line.
    private void Put([InterpolatedStringHandlerArgument("")] Line line)
    {
    }

    private void Text(string text) => Encoding.UTF8.GetBytes(text, _html);

    private static string E(string text) => Figures.Svg.SvgWriter.Escape(text);

    private static string Style()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("report.css")!;
        return new StreamReader(stream).ReadToEnd();
    }

    /// <summary>A line on its way into the report: it never is a string.</summary>
    [InterpolatedStringHandler]
    private readonly ref struct Line
    {
        private readonly HtmlReport _report;

        public Line(int literals, int holes, HtmlReport report) => _report = report;

        public void AppendLiteral(string text) => _report.Text(text);

        public void AppendFormatted(string text) => _report.Text(text);

        public void AppendFormatted(int number)
        {
            var html = _report._html;
            if (number.TryFormat(html.GetSpan(11), out var length, default, CultureInfo.InvariantCulture)) html.Advance(length);
        }

        public void AppendFormatted(ulong number)
        {
            var html = _report._html;
            if (number.TryFormat(html.GetSpan(20), out var length, default, CultureInfo.InvariantCulture)) html.Advance(length);
        }

        public void AppendFormatted(Utf8Text text)
        {
            foreach (var part in text.Parts) _report._html.Write(part.Span);
        }
    }
}
