using Scenarios.Language;
using Scenarios.Results;

namespace Scenarios.Output;

/// <summary>
/// The verdicts as a table of text that fits a terminal: one row a variant, the 'because' wrapped into what room is left.
/// </summary>
internal sealed class VerdictTable(ScenarioResult result, int width, bool coloured)
{
    private const int LeastBecause = 30;

    public void Write(TextWriter output)
    {
        string[] heads = [.. result.File.Axes, "host", "migration", "expected"];
        var rows = result.Variants.Select(v => (Variant: v, Cells: Cells(v))).ToList();
        var widths = heads.Select((h, i) => rows.Select(r => r.Cells[i].Length).Append(h.Length).Max()).ToArray();
        var room = Math.Max(LeastBecause, width - widths.Sum(w => w + 2));

        Line(output, [.. heads.Select((h, i) => h.PadRight(widths[i]))], "because");
        Line(output, [.. widths.Select(w => new string('-', w))], new string('-', room));
        foreach (var (variant, cells) in rows)
        {
            var because = variant.Result.Failure is { } failure ? $"the simulation failed: {failure}" : variant.Result.Because;
            var lines = Wrap(because, room).ToList();
            Line(output, [.. cells.Select((c, i) => Coloured(c.PadRight(widths[i]), c))], lines[0]);
            foreach (var more in lines.Skip(1)) Line(output, [.. widths.Select(w => new string(' ', w))], more);
        }
    }

    private static string[] Cells(JudgedVariant v) =>
    [
        .. v.Result.Variant.Coordinates.Select(c => c.Value),
        v.Result.Failure is null ? v.Result.Host.Word() : "failed",
        v.Result.Failure is null ? v.Result.Migration.Word() : "failed",
        v.Outcomes.Count == 0 && v.Passed ? (v.AsksLess ? "not asked" : "nothing") : v.Passed ? "held" : "NOT HELD",
    ];

    private static void Line(TextWriter output, IEnumerable<string> cells, string because) =>
        output.WriteLine(string.Concat(cells.Select(c => c + "  ").Append(because)).TrimEnd());

    private string Coloured(string padded, string cell)
    {
        if (!coloured) return padded;
        var code = cell switch
        {
            "intact" or "held" => "32",
            "logged" => "33",
            "contained" => "35",
            "lost" or "failed" or "NOT HELD" => "1;31",
            _ => null,
        };
        return code is null ? padded : $"\u001b[{code}m{padded}\u001b[0m";
    }

    internal static IEnumerable<string> Wrap(string text, int room)
    {
        var line = "";
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var rest = word;
            if (line.Length > 0 && line.Length + 1 + rest.Length > room)
            {
                yield return line;
                line = "";
            }
            for (; rest.Length > room; rest = rest[room..]) yield return rest[..room];
            line = line.Length == 0 ? rest : $"{line} {rest}";
        }
        yield return line;
    }
}
