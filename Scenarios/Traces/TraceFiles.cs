using System.Buffers;
using Scenarios.Model;
using Scenarios.Output;
using Scenarios.Results;

namespace Scenarios.Traces;

/// <summary>Streams a variant's TLPs to its files as they come: nothing of them is kept in memory.</summary>
internal sealed class TraceFiles : IDisposable
{
    private readonly List<Stream> _streams = [];
    private readonly TraceTarget _target;
    private readonly Variant _variant;
    private readonly EventSpool _events;
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly TlpEventWriter _event;
    private readonly PcapngWriter? _pcapng;
    private readonly PerfettoWriter? _perfetto;
    private readonly IReadOnlyList<LinkWay> _ways;
    private bool _finished;

    public TraceFiles(TraceTarget target, Variant variant, IReadOnlyList<LinkWay> ways)
    {
        (_target, _variant, _ways) = (target, variant, ways);
        _events = new EventSpool(target.Log.PlaceOf(target.Number) + ".tlps");
        _event = new TlpEventWriter(_line, variant.Name);
        if (target.Pcapng is { } pcapng) _pcapng = new PcapngWriter(Open(pcapng), ways);
        if (target.Perfetto is { } perfetto) _perfetto = new PerfettoWriter(Open(perfetto), ways);
    }

    /// <summary>Whether payloads are wanted.</summary>
    public bool WantsPayload => _pcapng is not null;

    public void Take(in TlpFrame frame, string summary)
    {
        _line.ResetWrittenCount();
        _event.Write(in frame, _ways[frame.Way], summary);
        _line.Write("\n"u8);
        _events.Add((frame.Time - Sim.Core.SimTime.Zero).Femtoseconds, _line.WrittenSpan);
        _pcapng?.Write(in frame);
        _perfetto?.Write(in frame, summary);
    }

    /// <summary>Adds what is known at the end.</summary>
    public void Finish(VariantResult result)
    {
        _finished = true;
        _perfetto?.Add(result);
        _target.Log.Add(_target.Number, _events.IsLarge, log => EventsJson.Write(log, result, _events));
    }

    /// <summary>Closes the files. A run that did not come to its end leaves its TLPs.</summary>
    public void Dispose()
    {
        if (!_finished)
        {
            var cut = new VariantResult(_variant);
            _perfetto?.Add(cut);
            _target.Log.Keep(_target.Number, _events.IsLarge, log => EventsJson.Write(log, cut, _events));
        }

        _perfetto?.Dispose();
        _events.Dispose();
        _streams.ForEach(s => s.Dispose());
    }

    private Stream Open(string path)
    {
        var stream = OutputFile.Create(path);
        _streams.Add(stream);
        return stream;
    }
}
