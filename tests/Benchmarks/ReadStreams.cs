using Sim.Core;
using Sim.Iommu;
using Sim.Iommu.Vtd;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Vfio.Kernel;

namespace Benchmarks;

/// <summary>The fabric of <see cref="ReadsWorkload"/>: built and enumerated, its buffers in use once.</summary>
internal sealed class ReadStreams : IPreparedRun
{
    private const int Slots = 64;
    private const int TreeFanOut = 8;
    private const ulong LargePage = 2 << 20;

    private readonly Simulator _sim;
    private readonly ReadsWorkload _workload;
    private readonly long _readsEach;
    private readonly List<StreamReader> _readers = [];
    private readonly List<LinkDirection> _directions = [];
    private bool _measuring;

    public ReadStreams(ReadsWorkload workload, long reads, int copies, EventQueueKind queue)
    {
        _workload = workload;
        _sim = new Simulator(queue: queue);
        for (var copy = 0; copy < copies; copy++) Build(copy);
        _readsEach = reads / _readers.Count;
        _sim.Run();

        // One round of all tags, so that buffers exist: what the measured run allocates is what steady traffic allocates.
        foreach (var reader in _readers) reader.Start(Slots);
        _sim.Run();
    }

    public RunResult Run()
    {
        var (start, events) = (_sim.Now, _sim.EventsFired);
        if (_workload.Observed) RunObserved();
        else RunReaders();
        var failed = _readers.Sum(r => r.Failed);
        var every = _workload.FailEvery;
        var expected = every > 0 ? _readers.Sum(r => (r.Done + every - 1 - (every / 2)) / every) : 0;
        if (failed != expected) throw new InvalidOperationException($"{failed} reads failed where {expected} must");
        var latency = _readers.Sum(r => r.LatencySum.Femtoseconds / 1000);
        return new(_sim.EventsFired - events, _readers.Sum(r => r.Done), (_sim.Now - start).Femtoseconds / 1000, latency);
    }

    private void RunReaders()
    {
        _measuring = true;
        foreach (var reader in _readers) reader.Start(_readsEach);
        _sim.Run();
    }

    private void RunObserved()
    {
        var seen = 0L;
        var trace = new TraceChannel<Record>(records => seen += records.Length);
        for (var i = 0; i < _directions.Count; i++)
        {
            var direction = i;
            _directions[i].Arrived.Subscribe((SimTime time, in TlpHop hop) =>
                trace.Write(new Record(time, hop.Started, direction, hop.Tlp.Header)));
        }

        RunReaders();
        trace.CompleteAsync().GetAwaiter().GetResult();
        if (seen != trace.Written || seen < 4 * _readers.Sum(r => r.Done))
            throw new InvalidOperationException($"{seen} TLPs were recorded, too few");
    }

    private void Build(int copy)
    {
        // 127 ps a byte, 24 bytes a TLP: the timing of the baselines (7 ps more flight for each copy keeps their events apart).
        var profile = new LinkProfile
        {
            Name = "baseline",
            Rate = DataRate.FromBitsPerSecond(8_000_000_000_000, 127),
            Propagation = SimDuration.FromNanoseconds(10) + SimDuration.FromPicoseconds(7 * copy),
            FixedTlpOverhead = 24,
        };
        var root = new RootComplex(_sim);
        var port = root.AddRootPort($"rp{copy}");
        var sw = new Switch(_sim, $"sw{copy}", _workload.Tree ? TreeFanOut : 1);
        Connect(port, sw.Upstream, profile);
        if (_workload.Tree)
        {
            for (var i = 0; i < TreeFanOut; i++)
            {
                var leaf = new Switch(_sim, $"sw{copy}.{i}", TreeFanOut);
                Connect(sw.Downstream[i], leaf.Upstream, profile);
                for (var j = 0; j < TreeFanOut; j++) AddReader(leaf.Downstream[j], $"dev{copy}.{i}.{j}", Slots / TreeFanOut, profile);
            }
        }
        else
        {
            AddReader(sw.Downstream[0], $"dev{copy}", Slots, profile);
        }

        _sim.Start($"enumerate{copy}", async () =>
        {
            await Enumerator.EnumerateAsync(root, new EnumerationPolicy { MaxPayloadSize = 512 });
            if (_workload.Translated) Translate(root);
        });
    }

    /// <summary>One large page over all that is read: after the first read every look-up hits.</summary>
    private void Translate(RootComplex root)
    {
        var unit = new VtdUnit(root);
        root.TranslationAgent = unit;
        var iommu = new IntelIommu(root, unit);
        var domain = iommu.CreateDomain("benchmark");
        domain.LargestPage = LargePage;
        domain.Map(0, 0, LargePage, IoPermissions.ReadWrite);
        foreach (var reader in _readers) iommu.Attach(reader.Id, domain);
    }

    private void AddReader(SwitchPort port, string name, int slots, LinkProfile profile)
    {
        var device = new PcieDevice(_sim, name);
        Connect(port, device, profile);
        var reader = new StreamReader(_sim, $"{name}.pf", slots, _workload.FailEvery, OnFinished);
        device.Add(reader, 0);
        _readers.Add(reader);
    }

    private void Connect(Port upper, Port lower, LinkProfile profile)
    {
        var link = Link.Connect(upper, lower, LinkSpeed.Gen3, LinkWidth.X8, profile);
        _directions.Add(link.Upstream);
        _directions.Add(link.Downstream);
    }

    /// <summary>The run ends with the first reader that is done, as in the baselines.</summary>
    private void OnFinished()
    {
        if (_measuring) _sim.Stop();
    }

    private readonly record struct Record(SimTime Arrived, SimTime Started, int Direction, TlpHeader Header);
}
