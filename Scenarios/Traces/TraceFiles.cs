using System.Buffers;
using System.Globalization;
using System.Text;
using Scenarios.Results;

namespace Scenarios.Traces;

/// <summary>Streams a variant's TLPs to its files as they come: nothing of them is kept in memory.</summary>
internal sealed class TraceFiles : IDisposable
{
    private readonly List<Stream> _streams = [];
    private readonly StreamWriter _events;
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly TlpEventWriter _event;
    private readonly PcapngWriter? _pcapng;
    private readonly PerfettoWriter? _perfetto;
    private readonly IReadOnlyList<LinkWay> _ways;

    public TraceFiles(TraceTarget target, string variant, IReadOnlyList<LinkWay> ways)
    {
        _ways = ways;
        _events = new StreamWriter(Open(target.Events), new UTF8Encoding(false));
        _event = new TlpEventWriter(_line, variant);
        if (target.Pcapng is { } pcapng) _pcapng = new PcapngWriter(Open(pcapng), ways);
        if (target.Perfetto is { } perfetto) _perfetto = new PerfettoWriter(Open(perfetto), ways);
    }

    /// <summary>Whether payloads are wanted.</summary>
    public bool WantsPayload => _pcapng is not null;

    public void Take(in TlpFrame frame, string summary)
    {
        _line.ResetWrittenCount();
        _event.Write(in frame, _ways[frame.Way], summary);
        _events.Write(string.Create(CultureInfo.InvariantCulture, $"{(frame.Time - Sim.Core.SimTime.Zero).Femtoseconds}\t"));
        _events.Write(Encoding.UTF8.GetString(_line.WrittenSpan));
        _events.Write('\n');
        _pcapng?.Write(in frame);
        _perfetto?.Write(in frame, summary);
    }

    /// <summary>Adds what is known at the end.</summary>
    public void Finish(VariantResult result)
    {
        _perfetto?.Add(result);
    }

    public void Dispose()
    {
        _perfetto?.Dispose();
        _events.Dispose();
        _streams.ForEach(s => s.Dispose());
    }

    private FileStream Open(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16);
        _streams.Add(stream);
        return stream;
    }
}
