using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Benchmarks;

/// <summary>
/// W3, the memory-read stream: 64 tags of 64 to 512 byte reads from an endpoint through a switch and a root complex to memory, with
/// everything the fabric does: credits, ordering, routing, tags, completion timeouts, error checks, probes that nobody observes.
/// </summary>
internal sealed class ReadsWorkload : IWorkload
{
    public string Name => "reads";

    public string Usage => "reads READS=2e6 COPIES=1";

    public IPreparedRun Prepare(IReadOnlyList<long> numbers, EventQueueKind queue) =>
        new ReadStreams(numbers.ElementAtOrDefault(0, 2_000_000), (int)numbers.ElementAtOrDefault(1, 1), queue);

    public IReadOnlyList<long> WarmUp(IReadOnlyList<long> numbers) => [200_000, numbers.ElementAtOrDefault(1, 1)];

    private sealed class ReadStreams : IPreparedRun
    {
        private readonly Simulator _sim;
        private readonly List<Reader> _readers = [];
        private int _running;

        public ReadStreams(long reads, int copies, EventQueueKind queue)
        {
            _sim = new Simulator(queue: queue);
            for (var copy = 0; copy < copies; copy++) Build(copy, reads / copies);
            _sim.Run();
        }

        public RunResult Run()
        {
            var (start, events) = (_sim.Now, _sim.EventsFired);
            _running = _readers.Count;
            foreach (var reader in _readers) reader.Start();
            _sim.Run();
            var latency = _readers.Sum(r => r.LatencySum.Femtoseconds / 1000);
            return new(_sim.EventsFired - events, _readers.Sum(r => r.Done), (_sim.Now - start).Femtoseconds / 1000, latency);
        }

        private void Build(int copy, long reads)
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
            var sw = new Switch(_sim, $"sw{copy}", 1);
            var device = new PcieDevice(_sim, $"dev{copy}");
            Link.Connect(port, sw.Upstream, LinkSpeed.Gen3, LinkWidth.X8, profile);
            Link.Connect(sw.Downstream[0], device, LinkSpeed.Gen3, LinkWidth.X8, profile);
            var reader = new Reader(this, $"dev{copy}.pf", reads);
            device.Add(reader, 0);
            _readers.Add(reader);
            _sim.Start($"enumerate{copy}", () => Enumerator.EnumerateAsync(root, new EnumerationPolicy { MaxPayloadSize = 512 }));
        }

        private void OnFinished()
        {
            if (--_running == 0) _sim.Stop();
        }

        private sealed class Reader(ReadStreams streams, string name, long reads) : EndpointFunction(
            streams._sim, name,
            EndpointTemplates.PhysicalFunction(name, new EndpointOptions { Identity = new FunctionIdentity(0x1DE5, 1, 0x088000) }), Slots)
        {
            private const int Slots = 64;
            private readonly SimTime[] _issued = new SimTime[Slots];
            private long _next;

            public long Done { get; private set; }

            public SimDuration LatencySum { get; private set; }

            public void Start()
            {
                for (var slot = 0; slot < Slots; slot++) Issue(slot);
            }

            protected internal override void OnDmaRead(int context, ReadOnlySpan<byte> data, CompletionStatus status)
            {
                LatencySum += Sim.Now - _issued[context];
                if (++Done == reads) streams.OnFinished();
                else if (Done < reads) Issue(context);
            }

            protected internal override void ReadBar(int bar, ulong offset, Span<byte> destination) => destination.Clear();

            protected internal override void WriteBar(int bar, ulong offset, ReadOnlySpan<byte> data)
            {
            }

            private void Issue(int slot)
            {
                _issued[slot] = Sim.Now;
                var size = 64 << (int)(_next & 3);
                Dma.Read((ulong)(_next & 1023) * 512, size, slot);
                _next++;
            }
        }
    }
}
