using System.Buffers;
using System.Text;
using System.Text.Json;
using Scenarios.Language;
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

    /// <summary>The log of a run whose TLPs were kept in its results.</summary>
    public static string Of(ScenarioResult result)
    {
        using var stream = new MemoryStream();
        foreach (var variant in result.Variants) Write(stream, variant.Result, null);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>Writes a variant's part of the log.</summary>
    /// <param name="output">Takes it.</param>
    /// <param name="variant">The variant.</param>
    /// <param name="tlps">The lines of its TLPs; null where they were kept in the result.</param>
    public static void Write(Stream output, VariantResult variant, EventSpool? tlps)
    {
        // A line at a time, because a writer on a stream flushes the stream with itself.
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer, OneLine);
        using var spooled = (tlps?.Read() ?? []).GetEnumerator();
        var more = spooled.MoveNext();
        var name = variant.Variant.Name;
        foreach (var (time, item, of) in Events(variant, tlps is null).OrderBy(e => e.Time)) // Stable: equals stay as recorded.
        {
            for (; more && spooled.Current.Time <= time; more = spooled.MoveNext()) output.Write(spooled.Current.Line.Span);
            Write(json, name, time, item, of);
            json.Flush();
            json.Reset();
            buffer.Write("\n"u8);
            output.Write(buffer.WrittenSpan);
            buffer.ResetWrittenCount();
        }

        for (; more; more = spooled.MoveNext()) output.Write(spooled.Current.Line.Span);
    }

    private static IEnumerable<(long Time, object Item, string Of)> Events(VariantResult variant, bool withTlps)
    {
        if (withTlps)
            foreach (var tlp in variant.Tlps) yield return (tlp.Time.Femtoseconds, tlp, "");
        foreach (var lane in variant.Lanes)
        {
            foreach (var span in lane.Spans) yield return (span.From.Femtoseconds, span, lane.Name);
            foreach (var instant in lane.Instants) yield return (instant.Time.Femtoseconds, instant, lane.Name);
        }

        foreach (var load in variant.Loads) yield return (load.Issued.Femtoseconds, load, "");
        foreach (var chain in variant.Chains)
            foreach (var step in chain.Steps) yield return (step.Time.Femtoseconds, step, chain.Title);
        foreach (var line in variant.Dmesg) yield return (line.Time.Femtoseconds, line, "");
    }

    private static void Write(Utf8JsonWriter json, string variant, long time, object item, string of)
    {
        if (item is TlpRecord tlp)
        {
            TlpEventWriter.Write(json, variant, tlp);
            return;
        }

        json.WriteStartObject();
        json.WriteString("variant", variant);
        json.WriteNumber("t_fs", time);
        switch (item)
        {
            case LaneSpan span:
                Members(json, ("event", "span"), ("lane", of), ("kind", EnumNames<LaneKind>.Of(span.Kind)), ("label", span.Label));
                json.WriteNumber("until_fs", span.To.Femtoseconds);
                break;
            case LaneInstant instant:
                Members(json, ("event", "instant"), ("lane", of), ("kind", EnumNames<LaneKind>.Of(instant.Kind)), ("label", instant.Label));
                break;
            case LoadSample load:
                Members(json, ("event", "load"), ("actor", load.Actor), ("outcome", load.Outcome));
                json.WriteNumber("latency_fs", load.Latency.Femtoseconds);
                json.WriteBoolean("device_stopped", load.DeviceStopped);
                break;
            case ChainStep step:
                Members(json, ("event", "decision"), ("chain", of), ("component", step.Component), ("what", step.What));
                break;
            case LogLine line:
                Members(json, ("event", "dmesg"), ("level", line.Level), ("text", line.Text));
                break;
        }

        json.WriteEndObject();
    }

    private static void Members(Utf8JsonWriter json, params ReadOnlySpan<(string Name, string Value)> members)
    {
        foreach (var (name, value) in members) json.WriteString(name, value);
    }
}
