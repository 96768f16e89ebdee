using Scenarios.Results;
using Sim.Core;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;

namespace Scenarios.Platforms;

/// <summary>
/// The TLPs of all links of a machine: headers leave the simulation's thread through a bounded channel and are put into words on another
/// one.
/// </summary>
internal sealed class TlpTrace
{
    private readonly List<TlpRecord> _records = [];
    private readonly TraceChannel<Hop> _channel;
    private readonly NameBook _names;

    public TlpTrace(Machine machine, NameBook names)
    {
        _names = names;
        _channel = new TraceChannel<Hop>(Take);
        var start = machine.Sim.Now;
        foreach (var link in machine.Links)
        {
            foreach (var direction in (LinkDirection[])[link.Downstream, link.Upstream])
            {
                var way = $"{direction.From.Name} -> {direction.To.Name}";
                direction.Arrived.Subscribe((SimTime time, in TlpHop hop) =>
                {
                    var passing = new Hop(SimTime.Zero + (time - start), way, hop.Tlp.Header);
                    _channel.Write(in passing);
                });
            }
        }
    }

    /// <summary>Ends the trace.</summary>
    public IReadOnlyList<TlpRecord> Finish()
    {
        _channel.CompleteAsync().GetAwaiter().GetResult();
        return _records;
    }

    private void Take(ReadOnlySpan<Hop> hops)
    {
        foreach (ref readonly var hop in hops)
        {
            var h = hop.Header;
            uint[] dwords = h.HeaderDwords == 4 ? [h.Dw0, h.Dw1, h.Dw2, h.Dw3] : [h.Dw0, h.Dw1, h.Dw2];
            _records.Add(new TlpRecord(hop.Time, hop.Way, _names.Describe(in h), dwords));
        }
    }

    private readonly record struct Hop(SimTime Time, string Way, TlpHeader Header);
}
