using Scenarios.Language;
using Scenarios.Results;

namespace Scenarios.Output;

internal sealed partial class HtmlReport
{
    // What one verdict rests on. Open where something did not hold, or where there is only one.
    private void Variant(int index, JudgedVariant judged)
    {
        var r = judged.Result;
        var open = !judged.Passed || _result.Variants.Count == 1 ? " open" : "";
        Add($"<details class=\"variant\" id=\"v{index}\"{open}>");
        Add($"<summary><span class=\"name\">{E(r.Variant.Name)}</span> {HostGrade(r)} {Grade(r.Migration.Word())}</summary>");
        Add($"<p class=\"because\">{E(r.Failure ?? r.Because)}</p>");
        foreach (var complaint in judged.Complaints) Add($"<p class=\"complaint\">{E(complaint)}</p>");
        if (Running.LoadStatistics.InWords(r) is { } loads) Add($"<p class=\"note\">{E(loads)}</p>");
        Table("The registers that decided", ["component", "register", "field", "value", "so"],
            r.Registers.Select(f => (string[])[f.Component, f.Register, f.Field, ValueOf(f), f.Effect]));
        foreach (var path in r.Paths)
        {
            Chain(path.Title, path.Steps);
            Add($"<p class=\"note\">{E(path.Way)}</p>");
        }

        Table("IOMMU groups", ["group", "Functions"], r.IommuGroups.Select((g, i) => (string[])[$"{i}", g]));
        foreach (var chain in r.Chains) Chain(chain.Title, chain.Steps);
        Table("Differences between source and destination", ["what", "where", "source", "destination", "caused by"],
            r.Differences.Select(d => (string[])[d.What, d.Where, d.Source, d.Destination, d.Cause ?? ""]));
        foreach (var name in (string[])[RunFiles.StoppedOf(r), RunFiles.MigrationOf(r), RunFiles.TimelineOf(r)])
            if (_figures.TryGetValue(name, out var figure)) Add($"<figure>{figure}</figure>");
        Add($"<h4>Kernel log</h4>");
        if (r.Dmesg.Count == 0) Add($"<p class=\"note\">Nothing was logged.</p>");
        else Add($"<pre>{E(string.Join("\n", r.Dmesg.Select(DmesgLog.Line)))}</pre>");
        Table("Counters", ["counter", "value"], r.Counters.Select(c => (string[])[c.Name, $"{c.Value}"]));
        if (r.Tlps.Count > 0)
        {
            var count = (int)Math.Max(r.TlpCount, r.Tlps.Count);
            var shown = count > MostTlps ? $", the last {MostTlps} shown" : "";
            Add($"<details><summary>{Count(count, "TLP")}{shown}</summary>");
            Table("", ["time", "link", "TLP", "header"], r.Tlps.Skip(Math.Max(0, r.Tlps.Count - MostTlps))
                .Select(t => (string[])[$"{t.Time}", t.Link, t.Summary, string.Join(' ', t.Header.Select(dw => $"{dw:x8}"))]));
            Add($"</details>");
        }
        Add($"</details>");
    }

    private void Chain(string title, IReadOnlyList<ChainStep> steps)
    {
        Add($"<h4>{E(title)}</h4>\n<ol class=\"chain\">");
        foreach (var step in steps)
        {
            Put($"<li><span class=\"when\">{E($"{step.Time}")}</span> <b>{E(step.Component)}</b> {E(step.What)}");
            if (step.Fields.Count > 0) Put($"<ul>");
            foreach (var f in step.Fields)
                Put($"<li><code>{E(Of(f, step.Component))} = {E(ValueOf(f))}</code> {E(f.Section ?? "")}</li>");
            if (step.Fields.Count > 0) Put($"</ul>");
            Add($"</li>");
        }
        Add($"</ol>");
    }

    private static string Of(DecidingField f, string component) => f.Component == component ? f.Path : $"{f.Component}: {f.Path}";

    private void Table(string title, IReadOnlyList<string> heads, IEnumerable<string[]> rows)
    {
        var all = rows.ToList();
        if (all.Count == 0) return;
        if (title.Length > 0) Add($"<h4>{E(title)}</h4>");
        Add($"<div class=\"scroll\"><table><tr>{string.Concat(heads.Select(h => $"<th>{E(h)}</th>"))}</tr>");
        foreach (var row in all)
        {
            Put($"<tr>");
            foreach (var cell in row) Put($"<td>{E(cell)}</td>");
            Add($"</tr>");
        }

        Add($"</table></div>");
    }

    private static string ValueOf(DecidingField f) => f.ValueText + (f.From is { } from ? $" (from {from})" : "");
}
