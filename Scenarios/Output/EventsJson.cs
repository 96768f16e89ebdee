using System.Text;
using System.Text.Json;
using Scenarios.Results;

namespace Scenarios.Output;

/// <summary>events.jsonl: one event a line, variant by variant, in order of time.</summary>
internal static class EventsJson
{
    private static readonly JsonWriterOptions OneLine =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of(ScenarioResult result)
    {
        var text = new StringBuilder();
        foreach (var variant in result.Variants.Select(v => v.Result))
            foreach (var (time, write) in Events(variant).OrderBy(e => e.Time)) // A stable sort: equals stay in the order recorded.
            {
                using var stream = new MemoryStream();
                using (var json = new Utf8JsonWriter(stream, OneLine))
                {
                    json.WriteStartObject();
                    json.WriteString("variant", variant.Variant.Name);
                    json.WriteNumber("t_fs", time);
                    write(json);
                    json.WriteEndObject();
                }
                text.Append(Encoding.UTF8.GetString(stream.ToArray())).Append('\n');
            }
        return text.ToString();
    }

    private static IEnumerable<(long Time, Action<Utf8JsonWriter> Write)> Events(VariantResult variant)
    {
        foreach (var tlp in variant.Tlps)
            yield return (tlp.Time.Femtoseconds, json =>
            {
                Members(json, ("event", "tlp"), ("link", tlp.Link), ("summary", tlp.Summary));
                json.WriteStartArray("header");
                foreach (var dw in tlp.Header) json.WriteStringValue($"{dw:x8}");
                json.WriteEndArray();
            }
            );
        foreach (var lane in variant.Lanes)
        {
            foreach (var span in lane.Spans)
                yield return (span.From.Femtoseconds, json =>
                {
                    Members(json, ("event", "span"), ("lane", lane.Name), ("kind", $"{span.Kind}"), ("label", span.Label));
                    json.WriteNumber("until_fs", span.To.Femtoseconds);
                }
                );
            foreach (var instant in lane.Instants)
                yield return (instant.Time.Femtoseconds, json =>
                    Members(json, ("event", "instant"), ("lane", lane.Name), ("kind", $"{instant.Kind}"), ("label", instant.Label)));
        }
        foreach (var load in variant.Loads)
            yield return (load.Issued.Femtoseconds, json =>
            {
                Members(json, ("event", "load"), ("actor", load.Actor), ("outcome", load.Outcome));
                json.WriteNumber("latency_fs", load.Latency.Femtoseconds);
                json.WriteBoolean("device_stopped", load.DeviceStopped);
            }
            );
        foreach (var (chain, step) in variant.Chains.SelectMany(c => c.Steps.Select(s => (c, s))))
            yield return (step.Time.Femtoseconds, json =>
                Members(json, ("event", "decision"), ("chain", chain.Title), ("component", step.Component), ("what", step.What)));
        foreach (var line in variant.Dmesg)
            yield return (line.Time.Femtoseconds, json => Members(json, ("event", "dmesg"), ("level", line.Level), ("text", line.Text)));
    }

    private static void Members(Utf8JsonWriter json, params ReadOnlySpan<(string Name, string Value)> members)
    {
        foreach (var (name, value) in members) json.WriteString(name, value);
    }
}
