using System.Globalization;
using System.Text;
using System.Text.Json;
using Scenarios.Results;
using Scenarios.Traces;

namespace Scenarios.Output;

/// <summary>events.jsonl: one event a line, variant by variant, in order of time. Its schema is what <c>pciesim schema --events</c>
/// prints.</summary>
internal static class EventsJson
{
    internal static readonly JsonWriterOptions OneLine =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The JSON schema of a line.</summary>
    public static string Schema()
    {
        using var stream = typeof(EventsJson).Assembly.GetManifestResourceStream("events.schema.json")!;
        return new StreamReader(stream).ReadToEnd();
    }

    public static string Of(ScenarioResult result)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture);
        Write(text, result, _ => null);
        return text.ToString();
    }

    /// <summary>Writes the log.</summary>
    /// <param name="output">Takes it.</param>
    /// <param name="result">The run.</param>
    /// <param name="tlps">The file to which a variant's TLPs were streamed, each line a time, a tab and the event; null where they were
    /// kept in the result.</param>
    public static void Write(TextWriter output, ScenarioResult result, Func<VariantResult, string?> tlps)
    {
        foreach (var variant in result.Variants.Select(v => v.Result))
        {
            var streamed = tlps(variant);
            using var stream = new MemoryStream();
            using var json = new Utf8JsonWriter(stream, OneLine);
            var events = Events(variant, streamed is null).OrderBy(e => e.Time); // A stable sort: equals stay in the order recorded.
            using var lines = Streamed(streamed).GetEnumerator();
            var more = lines.MoveNext();
            foreach (var (time, write) in events)
            {
                for (; more && lines.Current.Time <= time; more = lines.MoveNext()) output.Write(lines.Current.Line + "\n");
                stream.SetLength(0);
                json.Reset();
                write(json);
                json.Flush();
                output.Write(Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length) + "\n");
            }

            for (; more; more = lines.MoveNext()) output.Write(lines.Current.Line + "\n");
        }
    }

    private static IEnumerable<(long Time, string Line)> Streamed(string? path)
    {
        if (path is null) yield break;
        foreach (var line in File.ReadLines(path))
        {
            var tab = line.IndexOf('\t');
            yield return (long.Parse(line.AsSpan(0, tab), NumberStyles.None, CultureInfo.InvariantCulture), line[(tab + 1)..]);
        }
    }

    private static IEnumerable<(long Time, Action<Utf8JsonWriter> Write)> Events(VariantResult variant, bool withTlps)
    {
        var name = variant.Variant.Name;
        if (withTlps)
            foreach (var tlp in variant.Tlps) yield return (tlp.Time.Femtoseconds, json => TlpEventWriter.Write(json, name, tlp));
        foreach (var lane in variant.Lanes)
        {
            foreach (var span in lane.Spans)
                yield return Event(name, span.From.Femtoseconds, "span", json =>
                {
                    Members(json, ("lane", lane.Name), ("kind", $"{span.Kind}"), ("label", span.Label));
                    json.WriteNumber("until_fs", span.To.Femtoseconds);
                });
            foreach (var instant in lane.Instants)
                yield return Event(name, instant.Time.Femtoseconds, "instant", json =>
                    Members(json, ("lane", lane.Name), ("kind", $"{instant.Kind}"), ("label", instant.Label)));
        }

        foreach (var load in variant.Loads)
            yield return Event(name, load.Issued.Femtoseconds, "load", json =>
            {
                Members(json, ("actor", load.Actor), ("outcome", load.Outcome));
                json.WriteNumber("latency_fs", load.Latency.Femtoseconds);
                json.WriteBoolean("device_stopped", load.DeviceStopped);
            });
        foreach (var (chain, step) in variant.Chains.SelectMany(c => c.Steps.Select(s => (c, s))))
            yield return Event(name, step.Time.Femtoseconds, "decision", json =>
                Members(json, ("chain", chain.Title), ("component", step.Component), ("what", step.What)));
        foreach (var line in variant.Dmesg)
            yield return Event(name, line.Time.Femtoseconds, "dmesg", json => Members(json, ("level", line.Level), ("text", line.Text)));
    }

    private static (long, Action<Utf8JsonWriter>) Event(string variant, long time, string kind, Action<Utf8JsonWriter> write)
    {
        return (time, Whole);

        void Whole(Utf8JsonWriter json)
        {
            json.WriteStartObject();
            json.WriteString("variant", variant);
            json.WriteNumber("t_fs", time);
            json.WriteString("event", kind);
            write(json);
            json.WriteEndObject();
        }
    }

    private static void Members(Utf8JsonWriter json, params ReadOnlySpan<(string Name, string Value)> members)
    {
        foreach (var (name, value) in members) json.WriteString(name, value);
    }
}
