using System.Text.Json;
using Scenarios.Results;
using Sim.Core;
using Sim.Pcie.Spec;

namespace Scenarios.Traces;

/// <summary>
/// A trace in the JSON format that Perfetto and chrome://tracing open: a track for each link direction with a slice for each TLP, arrows
/// from a request over its hops to its completions, a track for each Function with its states and what happened to it.
/// </summary>
internal sealed class PerfettoWriter : IDisposable
{
    private const int Links = 1;
    private const int Functions = 2;
    private const int FlushAt = 1 << 16;
    private const decimal FemtosecondsPerMicrosecond = 1_000_000_000m;

    private readonly Stream _stream;
    private readonly Utf8JsonWriter _json;
    private readonly IReadOnlyList<LinkWay> _ways;
    private readonly SimTime[] _ends;
    private readonly Dictionary<(RoutingId Requester, int Tag), (long Flow, string Requester)> _open = [];
    private long _flows;

    public PerfettoWriter(Stream stream, IReadOnlyList<LinkWay> ways)
    {
        (_stream, _ways, _ends) = (stream, ways, new SimTime[ways.Count]);
        _json = new Utf8JsonWriter(stream, new JsonWriterOptions { SkipValidation = true });
        _json.WriteStartObject();
        _json.WriteString("displayTimeUnit", "ns");
        _json.WriteStartArray("traceEvents");
        Name("process_name", Links, 0, "links");
        Name("process_name", Functions, 0, "Functions and host");
        for (var i = 0; i < ways.Count; i++) Name("thread_name", Links, i + 1, ways[i].ToString());
    }

    /// <summary>A TLP: a slice from its first symbol to its last on the wire.</summary>
    public void Write(in TlpFrame frame, string summary)
    {
        var way = _ways[frame.Way];
        var start = SimTime.Max(frame.Started, _ends[frame.Way]);
        var end = SimTime.Max(start, frame.Time - way.Flight);
        _ends[frame.Way] = end;
        Begin("X", frame.Header.Type.ToString(), "tlp", Links, frame.Way + 1, start);
        Duration(end - start);
        _json.WriteStartObject("args");
        _json.WriteString("tlp", summary);
        _json.WriteString("header", frame.Header.ToString());
        _json.WriteEndObject();
        _json.WriteEndObject();
        Flow(in frame, way, start);
        Flush();
    }

    /// <summary>What is known at the end: states of Functions, instants, the kernel's log.</summary>
    public void Add(VariantResult result)
    {
        var track = 1;
        foreach (var lane in result.Lanes)
        {
            Name("thread_name", Functions, track, lane.Name);
            foreach (var span in lane.Spans)
            {
                Begin("X", span.Label, $"{span.Kind}", Functions, track, span.From);
                Duration(span.To - span.From);
                _json.WriteEndObject();
            }

            foreach (var instant in lane.Instants) Instant(instant.Label, $"{instant.Kind}", track, instant.Time);
            track++;
        }

        Name("thread_name", Functions, track, "kernel log");
        foreach (var line in result.Dmesg) Instant(line.Text, "dmesg", track, line.Time);
    }

    /// <summary>Ends the trace.</summary>
    public void Dispose()
    {
        _json.WriteEndArray();
        _json.WriteEndObject();
        _json.Dispose();
    }

    /// <summary>A Non-Posted Request and its Completions are one flow: it starts on the first link and ends where it came from.</summary>
    private void Flow(in TlpFrame frame, LinkWay way, SimTime time)
    {
        var header = frame.Header;
        var key = (header.RequesterId, header.Tag);
        if (header.FlowClass == FlowClass.NonPosted)
        {
            // A Request that never completed leaves its tag open until somebody uses it again.
            if (_open.TryGetValue(key, out var open) && open.Requester != way.From)
            {
                Flow("t", open.Flow, frame.Way, time);
                return;
            }

            _open[key] = (++_flows, way.From);
            Flow("s", _flows, frame.Way, time);
        }
        else if (header.IsCompletion && _open.TryGetValue(key, out var open))
        {
            var isBack = open.Requester == way.To;
            var isLast = header.ByteCount <= header.PayloadBytes || !header.HasData;
            Flow(isBack && isLast ? "f" : "t", open.Flow, frame.Way, time);
            if (isBack && isLast) _open.Remove(key);
        }
    }

    private void Flow(string phase, long flow, int way, SimTime time)
    {
        Begin(phase, "request", "request", Links, way + 1, time);
        _json.WriteNumber("id", flow);
        if (phase == "f") _json.WriteString("bp", "e");
        _json.WriteEndObject();
    }

    private void Instant(string name, string category, int track, SimTime time)
    {
        Begin("i", name, category, Functions, track, time);
        _json.WriteString("s", "t");
        _json.WriteEndObject();
        Flush();
    }

    private void Name(string what, int process, int track, string name)
    {
        _json.WriteStartObject();
        _json.WriteString("ph", "M");
        _json.WriteString("name", what);
        _json.WriteNumber("pid", process);
        _json.WriteNumber("tid", track);
        _json.WriteStartObject("args");
        _json.WriteString("name", name);
        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    private void Begin(string phase, string name, string category, int process, int track, SimTime time)
    {
        _json.WriteStartObject();
        _json.WriteString("ph", phase);
        _json.WriteString("name", name);
        _json.WriteString("cat", category);
        _json.WriteNumber("pid", process);
        _json.WriteNumber("tid", track);
        _json.WriteNumber("ts", (time - SimTime.Zero).Femtoseconds / FemtosecondsPerMicrosecond);
    }

    private void Duration(SimDuration duration) => _json.WriteNumber("dur", duration.Femtoseconds / FemtosecondsPerMicrosecond);

    private void Flush()
    {
        if (_json.BytesPending < FlushAt) return;
        _json.Flush();
        _stream.Flush();
    }
}
