using Scenarios.Model;
using Scenarios.Results;
using Scenarios.Traces;

namespace Scenarios.Output;

/// <summary>
/// Where the traces of a run go: a run of one variant leaves trace.pcapng and trace.perfetto.json; a matrix leaves a pair for each variant
/// below traces/, if they are asked for. All of it, and the event log, compressed if that is asked for.
/// </summary>
internal sealed class RunTraces(StagedFolder folder, ScriptFile file, bool asked, bool compressed) : IDisposable
{
    private readonly EventLog _log = new(folder[LogName(compressed)], folder[".parts"]);

    private readonly string _ending = compressed ? OutputFile.Compressed : "";

    private readonly bool _single = file.Variants.Count == 1;

    /// <summary>The script, each variant with the files that it streams to.</summary>
    public ScriptFile Traced => file with
    {
        Variants = [.. file.Variants.Select((v, i) => v with
        {
            Traces = new TraceTarget(_log, i)
            {
                Pcapng = Place(v.Variant, "pcapng"),
                Perfetto = Place(v.Variant, "perfetto.json"),
            },
        })],
    };

    /// <summary>Completes the event log.</summary>
    /// <returns>The names of all files that were streamed.</returns>
    public IReadOnlyList<string> Finish(ScenarioResult result)
    {
        var numbers = file.Variants.Select((v, i) => (v.Variant, i)).ToDictionary(v => v.Variant, v => v.i);
        _log.Finish(result.Variants.Select(v => (numbers[v.Result.Variant],
            (Action<Stream>)(log => EventsJson.Write(log, v.Result, null))))); // Whoever leaves no part keeps its TLPs in the result.
        var finished = result.Variants.Select(v => v.Result.Variant).ToHashSet();
        foreach (var cut in file.Variants.Select(v => v.Variant).Where(v => !finished.Contains(v)))
            foreach (var place in new[] { Place(cut, "pcapng"), Place(cut, "perfetto.json") })
                if (place is not null) File.Delete(place); // Interrupted in the middle of it.
        return [LogName(compressed), .. finished.SelectMany(v => new[] { Name(v, "pcapng"), Name(v, "perfetto.json") }).OfType<string>()
            .Where(n => File.Exists(folder[n]))];
    }

    /// <summary>Closes the log of a run that came to nothing.</summary>
    public void Dispose() => _log.Dispose();

    private static string LogName(bool compressed) => $"events.jsonl{(compressed ? OutputFile.Compressed : "")}";

    private string? Place(Variant variant, string kind) => Name(variant, kind) is { } name ? folder[name] : null;

    private string? Name(Variant variant, string kind) =>
        _single ? $"trace.{kind}{_ending}" : asked ? $"traces/{variant.FileName}.{kind}{_ending}" : null;
}
