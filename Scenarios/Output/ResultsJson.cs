using System.Buffers;
using System.Text.Json;
using Scenarios.Dumps;
using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Platforms;
using Scenarios.Results;
using Scenarios.Running;
using Sim.Core;

namespace Scenarios.Output;

/// <summary>results.json: the verdicts and what they rest on, and the list of the run's files.</summary>
internal static class ResultsJson
{
    internal static readonly JsonWriterOptions Readable =
        new() { Indented = true, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="result">The run.</param>
    /// <param name="files">The files that it leaves.</param>
    /// <param name="variants">What <see cref="OfVariant"/> gave for each variant; null where nobody asked it yet.</param>
    public static Utf8Text Of(ScenarioResult result, IReadOnlyList<string> files, IReadOnlyList<Utf8Text>? variants = null)
    {
        variants ??= [.. result.Variants.Select(OfVariant)];
        var text = new ArrayBufferWriter<byte>(variants.Sum(v => v.Parts[0].Length) + (1 << 16));
        using (var json = new Utf8JsonWriter(text, Readable))
        {
            json.WriteStartObject();
            json.WriteString("script", result.File.Name);
            json.WriteString("title", result.File.Script.Title);
            json.WriteNumber("seed", result.File.Variants[0].Seed);
            if (result.File.Platform is { } seat) Platform(json, seat, result.File);
            json.WriteBoolean("passed", result.Passed);
            json.WriteBoolean("interrupted", result.Interrupted);
            json.WriteNumber("variants_in_matrix", result.File.Variants.Count);
            List(json, "variants", variants, v => json.WriteRawValue(v.Parts[0].Span, skipInputValidation: true));
            if (result.WhatIf.Count > 0) List(json, "what_if", result.WhatIf, a => WhatIf(json, a));
            List(json, "files", files, f => json.WriteStringValue(f));
            json.WriteEndObject();
        }

        text.Write("\n"u8);
        return new Utf8Text([text.WrittenMemory]);
    }

    /// <summary>A variant's part, as deep in the file as it stands.</summary>
    public static Utf8Text OfVariant(JudgedVariant variant)
    {
        var text = new ArrayBufferWriter<byte>(1 << 16);
        using var json = new Utf8JsonWriter(text, Readable);
        json.WriteStartObject();
        json.WriteStartArray("variants");
        json.Flush();
        var before = text.WrittenCount;
        Variant(json, variant);
        json.Flush();
        return new Utf8Text([text.WrittenMemory[before..]]);
    }

    private static void Platform(Utf8JsonWriter json, Seat seat, ScriptFile file)
    {
        var (rootPort, device) = PlatformSetup.NamesIn(file.Script.Topology);
        json.WriteStartObject("platform");
        json.WriteString("dump", seat.File);
        json.WriteString("at", seat.Named.Name());
        if (file.Host is { } host) json.WriteString("host", host.Name);
        if (seat.RootPort is not null) json.WriteString("root_port", rootPort);
        if (seat.Device is not null) json.WriteString("device", device);
        List(json, "functions", seat.Parts, p =>
        {
            json.WriteStartObject();
            json.WriteString("function", p.Function.Name());
            json.WriteString("summary", $"{p.Title}: {p.Traits}");
            List(json, "registers", p.Registers, r => Record(json, ("register", r.Name), ("dump", r.Hex), ("use", r.Says(file.Host))));
            json.WriteEndObject();
        });
        List(json, "notes", seat.Notes, n => json.WriteStringValue(n));
        json.WriteEndObject();
    }

    private static void Variant(Utf8JsonWriter json, JudgedVariant judged)
    {
        var r = judged.Result;
        json.WriteStartObject();
        json.WriteString("name", r.Variant.Name);
        json.WriteStartObject("axes");
        foreach (var (axis, value) in r.Variant.Coordinates) json.WriteString(axis, value);
        json.WriteEndObject();
        json.WriteString("host", r.Host.Word());
        json.WriteString("migration", r.Migration.Word());
        json.WriteString("because", r.Because);
        json.WriteBoolean("passed", judged.Passed);
        List(json, "complaints", judged.Complaints, c => json.WriteStringValue(c));
        List(json, "differences", r.Differences, d =>
        {
            (string, string)[] cause = d.Cause is { } tlp ? [("caused_by", tlp)] : [];
            Record(json, [("what", d.What), ("where", d.Where), ("source", d.Source), ("destination", d.Destination), .. cause]);
        });
        json.WriteStartObject("counters");
        foreach (var (name, value) in r.Counters) json.WriteNumber(name, value);
        json.WriteEndObject();
        List(json, "registers", r.Registers, f => Field(json, f));
        var line = new LineWriter();
        List(json, "error_chains", r.Chains, c =>
        {
            json.WriteStartObject();
            json.WriteString("title", c.Title);
            List(json, "steps", c.Steps, s => Step(json, line, s));
            json.WriteEndObject();
        });
        if (r.Paths.Count > 0)
            List(json, "paths", r.Paths, p =>
            {
                json.WriteStartObject();
                json.WriteString("title", p.Title);
                json.WriteString("way", p.Way);
                List(json, "steps", p.Steps, s => Step(json, line, s));
                json.WriteEndObject();
            });
        if (r.IommuGroups.Count > 0) List(json, "iommu_groups", r.IommuGroups, g => json.WriteStringValue(g));
        if (r.Traffic.Count > 0) List(json, "traffic", r.Traffic, t => Sample(json, t));
        if (r.LiveMigration is { } migration) Migration(json, migration);
        json.WriteStartObject("load_latency_fs");
        json.WriteNumber("count", r.Loads.Count);
        foreach (var name in Model.ExpectationChecks.Latencies)
            if (LoadStatistics.Of(r, name) is { } value) json.WriteNumber(name, value.Femtoseconds);
        if (LoadStatistics.Median(r) is { } median && double.IsFinite(median.Low) && double.IsFinite(median.High))
        {
            json.WriteNumber("p50_low_95", (long)median.Low);
            json.WriteNumber("p50_high_95", (long)median.High);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Migration(Utf8JsonWriter json, MigrationTrace m)
    {
        json.WriteStartObject("live_migration");
        Moment("begun_fs", m.Begun);
        Moment("guest_stopped_fs", m.GuestStopped);
        Moment("devices_stopped_fs", m.DevicesStopped);
        Moment("final_bitmap_fs", m.FinalBitmap);
        Moment("completed_fs", m.Completed);
        Moment("resumed_fs", m.Resumed);
        if (m.Downtime is { } downtime) json.WriteNumber("downtime_fs", downtime.Femtoseconds);
        if (m.Failure is { } failure) json.WriteString("failure", failure);
        List(json, "rounds", m.Rounds, r => Numbers(("t_fs", r.At.Femtoseconds), ("dirty_pages", r.Dirty), ("sent_pages", r.Sent)));
        List(json, "image_bytes", m.ImageBytes, s => Numbers(("t_fs", s.At.Femtoseconds), ("bytes", s.Value)));
        List(json, "sent_bytes", m.SentBytes, s => Numbers(("t_fs", s.At.Femtoseconds), ("bytes", s.Value)));
        List(json, "throughput", m.Throughput(), j =>
            Numbers(("from_fs", j.From.Femtoseconds), ("to_fs", j.To.Femtoseconds), ("jobs", j.Jobs)));
        List(json, "states", m.Lanes.SelectMany(l => l.Spans.Select(s => (l.Name, Span: s))), s =>
        {
            json.WriteStartObject();
            json.WriteString("of", s.Name);
            json.WriteString("state", s.Span.Label);
            json.WriteNumber("from_fs", s.Span.From.Femtoseconds);
            json.WriteNumber("to_fs", s.Span.To.Femtoseconds);
            json.WriteEndObject();
        });
        json.WriteEndObject();

        void Moment(string name, SimTime? time)
        {
            if (time is { } t) json.WriteNumber(name, t.Femtoseconds);
        }

        void Numbers(params ReadOnlySpan<(string Name, long Value)> members)
        {
            json.WriteStartObject();
            foreach (var (name, value) in members) json.WriteNumber(name, value);
            json.WriteEndObject();
        }
    }

    // A line each, which the writer does not indent by itself: most of a large run's results are steps.
    private static void Step(Utf8JsonWriter json, LineWriter line, ChainStep step)
    {
        var inner = line.Start("\n            "u8);
        inner.WriteStartObject();
        inner.WriteNumber("t_fs", step.Time.Femtoseconds);
        inner.WriteString("component", step.Component);
        inner.WriteString("what", step.What);
        List(inner, "fields", step.Fields, f => Field(inner, f));
        inner.WriteEndObject();
        json.WriteRawValue(line.End(), skipInputValidation: true);
    }

    private static void WhatIf(Utf8JsonWriter json, WhatIfAnswer answer)
    {
        json.WriteStartObject();
        json.WriteString("variant", answer.Was.Variant.Name);
        json.WriteNumber("tried", answer.Runs);
        List(json, "alterations", answer.Alterations, a =>
        {
            json.WriteStartObject();
            List(json, "changes", a.Changes, c => json.WriteStringValue(c.ToString()));
            json.WriteString("host", a.Result.Host.Word());
            json.WriteString("migration", a.Result.Migration.Word());
            json.WriteString("because", a.Result.Because);
            json.WriteEndObject();
        });
        json.WriteEndObject();
    }

    private static void Sample(Utf8JsonWriter json, TrafficSample t)
    {
        json.WriteStartObject();
        json.WriteString("function", t.Function);
        json.WriteNumber("bytes", t.Bytes);
        json.WriteNumber("read_bytes_per_s", Math.Round(t.ReadRate));
        json.WriteNumber("write_bytes_per_s", Math.Round(t.WriteRate));
        if (t.Median is { } median) json.WriteNumber("read_p50_fs", median.Femtoseconds);
        if (t.P99 is { } p99) json.WriteNumber("read_p99_fs", p99.Femtoseconds);
        json.WriteEndObject();
    }

    private static void Field(Utf8JsonWriter json, DecidingField f)
    {
        json.WriteStartObject();
        json.WriteString("component", f.Component);
        json.WriteString("register", f.Register);
        json.WriteString("field", f.Field);
        json.WriteNumber("value", f.Value);
        json.WriteString("effect", f.Effect);
        if (f.Section is { } section) json.WriteString("section", section);
        if (f.From is { } from) json.WriteString("from", from);
        json.WriteEndObject();
    }

    private static void Record(Utf8JsonWriter json, params ReadOnlySpan<(string Name, string Value)> members)
    {
        json.WriteStartObject();
        foreach (var (name, value) in members) json.WriteString(name, value);
        json.WriteEndObject();
    }

    private static void List<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items) write(item);
        json.WriteEndArray();
    }

    /// <summary>A writer of one line, used for one after the other.</summary>
    private sealed class LineWriter
    {
        private readonly ArrayBufferWriter<byte> _line = new(1024);
        private readonly Utf8JsonWriter _json;

        public LineWriter() => _json = new(_line, EventsJson.OneLine);

        public Utf8JsonWriter Start(ReadOnlySpan<byte> indent)
        {
            _line.ResetWrittenCount();
            _line.Write(indent);
            _json.Reset();
            return _json;
        }

        public ReadOnlySpan<byte> End()
        {
            _json.Flush();
            return _line.WrittenSpan;
        }
    }
}
