using Scenarios.Model;
using Scenarios.Results;
using Scenarios.Traces;

namespace Scenarios.Output;

/// <summary>
/// Where the traces of a run go: a run of one variant leaves trace.pcapng and trace.perfetto.json; a matrix leaves a pair for each variant
/// below traces/, if they are asked for. All of it, and the event log, compressed if that is asked for.
/// </summary>
internal sealed class RunTraces(StagedFolder folder, ScriptFile file, bool asked, bool compressed)
{
    private const string Parts = ".parts";

    private readonly string _ending = compressed ? OutputFile.Compressed : "";

    private readonly bool _single = file.Variants.Count == 1;

    /// <summary>The script, each variant with the files that it streams to.</summary>
    public ScriptFile Traced => file with
    {
        Variants = [.. file.Variants.Select(v => v with
        {
            Traces = new TraceTarget(PartOf(v.Variant))
            {
                Pcapng = Place(v.Variant, "pcapng"),
                Perfetto = Place(v.Variant, "perfetto.json"),
            },
        })],
    };

    /// <summary>Puts the event log together and takes its parts away.</summary>
    /// <returns>The names of all files that were streamed.</returns>
    public IReadOnlyList<string> Finish(ScenarioResult result)
    {
        var log = $"events.jsonl{_ending}";
        Directory.CreateDirectory(folder.Path);
        using (var whole = File.Create(folder[log]))
        {
            foreach (var variant in result.Variants.Select(v => v.Result))
            {
                var name = PartOf(variant.Variant);
                if (!File.Exists(name)) // Whoever ran it kept its TLPs in the result.
                    using (var written = OutputFile.Create(name)) EventsJson.Write(written, variant, null);
                using var part = File.OpenRead(name);
                part.CopyTo(whole);
            }
        }

        if (Directory.Exists(folder[Parts])) Directory.Delete(folder[Parts], recursive: true);
        var finished = result.Variants.Select(v => v.Result.Variant).ToHashSet();
        foreach (var cut in file.Variants.Select(v => v.Variant).Where(v => !finished.Contains(v)))
            foreach (var place in new[] { Place(cut, "pcapng"), Place(cut, "perfetto.json") })
                if (place is not null) File.Delete(place); // Interrupted in the middle of it.
        return [log, .. finished.SelectMany(v => new[] { Name(v, "pcapng"), Name(v, "perfetto.json") }).OfType<string>()
            .Where(n => File.Exists(folder[n]))];
    }

    private string PartOf(Variant variant) => folder[$"{Parts}/{variant.FileName}{_ending}"];

    private string? Place(Variant variant, string kind) => Name(variant, kind) is { } name ? folder[name] : null;

    private string? Name(Variant variant, string kind) =>
        _single ? $"trace.{kind}{_ending}" : asked ? $"traces/{variant.FileName}.{kind}{_ending}" : null;
}
