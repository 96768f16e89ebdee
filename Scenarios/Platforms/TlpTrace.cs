using System.Buffers;
using Scenarios.Results;
using Scenarios.Traces;
using Sim.Core;
using Sim.Pcie.Links;
using Sim.Pcie.Transactions;

namespace Scenarios.Platforms;

/// <summary>
/// The TLPs of all links of a machine: they are put into words and files batch by batch. Where a core would be idle otherwise they leave
/// the simulation's thread through a bounded channel, and that is done on another one. Where they are streamed to files only the last ones
/// are kept.
/// </summary>
internal sealed class TlpTrace : IDisposable
{
    /// <summary>TLPs that are kept for the report where all of them are in a file.</summary>
    public const int Kept = 400;

    // TLPs between the two threads: room enough for both to be busy, little enough to be made anew for every variant.
    private const int UnderWay = 4096;

    // TLPs that are put into words at once, where the simulation's thread does it.
    private const int Batch = 256;

    // Of traffic generators the beginning is enough.
    private const int MostBulk = 1000;

    private readonly List<TlpRecord> _records = [];
    private readonly List<LinkWay> _ways = [];
    private readonly TraceChannel<TlpFrame>? _channel;
    private readonly TlpFrame[] _batch = [];
    private readonly NameBook _names;
    private readonly TraceFiles? _files;
    private readonly bool _payload;
    private int _bulk;
    private int _batched;

    /// <param name="machine">The machine.</param>
    /// <param name="names">Puts TLPs into words.</param>
    /// <param name="target">The files to stream to; null to keep every TLP in memory.</param>
    /// <param name="variant">The variant that runs on it.</param>
    /// <param name="beside">On another thread than the simulation's.</param>
    public TlpTrace(Machine machine, NameBook names, TraceTarget? target, Model.Variant variant, bool beside = false)
    {
        _names = names;
        var start = machine.Sim.Now;
        LinkDirection[] directions = [.. machine.Links.SelectMany(l => new[] { l.Downstream, l.Upstream })];
        foreach (var direction in directions)
            _ways.Add(new LinkWay(direction.From.Name, direction.To.Name, direction.Link.Profile.Propagation));
        _files = target is null ? null : new TraceFiles(target, variant, _ways);
        _payload = _files is { WantsPayload: true };
        if (beside) _channel = new TraceChannel<TlpFrame>(Take, UnderWay);
        else _batch = new TlpFrame[Batch];
        for (var way = 0; way < directions.Length; way++)
        {
            var number = way;
            directions[way].Arrived.Subscribe((SimTime time, in TlpHop hop) =>
            {
                if (machine.IsBulk(hop.Tlp.Header.RequesterId) && ++_bulk > MostBulk) return;
                Pass(SimTime.Zero + (time - start), SimTime.Zero + SimDuration.Max(hop.Started - start, SimDuration.Zero), number, hop.Tlp);
            });
        }
    }

    /// <summary>TLPs that passed.</summary>
    public long Count { get; private set; }

    /// <summary>Ends the trace and closes its files.</summary>
    /// <param name="result">What else is known of the variant, given its TLPs.</param>
    public VariantResult Finish(Func<IReadOnlyList<TlpRecord>, VariantResult> result)
    {
        Complete();
        if (_files is not null && _records.Count > Kept) _records.RemoveRange(0, _records.Count - Kept);
        var made = result(_records);
        _files?.Finish(made);
        return made;
    }

    /// <summary>Closes the files, also of a run that did not come to its end.</summary>
    public void Dispose()
    {
        Complete();
        _files?.Dispose();
    }

    private void Pass(SimTime time, SimTime started, int way, in Sim.Pcie.Transactions.Tlp tlp)
    {
        uint[]? dwords = null;
        var length = 0;
        if (_payload)
        {
            dwords = ArrayPool<uint>.Shared.Rent(tlp.WireBytes / 4);
            length = TlpWire.Write(in tlp, dwords);
        }

        var frame = new TlpFrame(time, started, way, tlp.Header, dwords, length);
        Count++;
        if (_channel is not null)
        {
            _channel.Write(in frame);
            return;
        }

        _batch[_batched++] = frame;
        if (_batched == _batch.Length) TakeBatch();
    }

    private void Complete()
    {
        _channel?.CompleteAsync().GetAwaiter().GetResult();
        TakeBatch();
    }

    private void TakeBatch()
    {
        var batched = _batched;
        _batched = 0;
        Take(_batch.AsSpan(0, batched));
    }

    private void Take(ReadOnlySpan<TlpFrame> frames)
    {
        foreach (ref readonly var frame in frames)
        {
            var h = frame.Header;
            var summary = _names.Describe(in h);
            _files?.Take(in frame, summary);
            if (frame.Dwords is { } lent) ArrayPool<uint>.Shared.Return(lent);
            if (_files is not null && _records.Count == 2 * Kept) _records.RemoveRange(0, Kept);
            uint[] dwords = h.HeaderDwords == 4 ? [h.Dw0, h.Dw1, h.Dw2, h.Dw3] : [h.Dw0, h.Dw1, h.Dw2];
            _records.Add(new TlpRecord(frame.Time, _ways[frame.Way].ToString(), summary, dwords));
        }
    }
}
