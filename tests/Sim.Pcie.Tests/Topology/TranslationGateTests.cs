using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Pcie.Tests.Topology;

/// <summary>Requests that wait for the translation agent: who may pass whom (§2.4.1), and what is held meanwhile.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TranslationGateTests
{
    private const ulong Page = 0x1000;

    private readonly Simulator _sim = new();
    private readonly LateAgent _agent = new();
    private readonly List<string> _done = [];
    private RootComplex _root = null!;
    private RootPort _port = null!;
    private Requester _device = null!;

    [SetUp]
    public void SetUp()
    {
        _root = new RootComplex(_sim) { TranslationAgent = _agent };
        _port = _root.AddRootPort("rp0");
        var card = new PcieDevice(_sim, "dev0");
        Link.Connect(_port, card, LinkSpeed.Gen4, LinkWidth.X16);
        _device = new Requester(_sim, _done);
        card.Add(_device, 0);
        var enumerated = _sim.Start("enumeration", async () => await Enumerator.EnumerateAsync(_root));
        _sim.Run();
        Assert.That(enumerated.IsCompletedSuccessfully);
        _root.Memory.Written.Subscribe((SimTime _, in MemoryWrite write) => _done.Add($"write {write.Address / Page:x}"));
        _root.Interrupts.Arrived.Subscribe((SimTime _, in InterruptArrival i) => _done.Add($"interrupt {i.Data}"));
    }

    [Test]
    public void A_read_that_hits_passes_one_that_walks()
    {
        _agent.Hits.Add(2);
        Do("read 1", "read 2", "read 3");
        Answer(3);
        Answer(1);
        Assert.That(_done, Is.EqualTo(new[] { "read 2", "read 3", "read 1" }));
    }

    [Test]
    public void Posted_requests_are_performed_in_the_order_of_their_arrival()
    {
        _agent.Hits.Add(2);
        Do("write 1", "write 2", "write 3");
        Answer(3);
        Assert.That(_done, Is.Empty);
        Answer(1);
        Assert.That(_done, Is.EqualTo(new[] { "write 1", "write 2", "write 3" }));
    }

    [Test]
    public void Nothing_passes_a_posted_request_that_walks_and_it_passes_a_read_that_walks()
    {
        _agent.Hits.UnionWith([3, 0xFEE00]);
        Do("read 1", "write 2", "read 3", "interrupt");
        Assert.That(_done, Is.Empty);
        Answer(2);
        Assert.That(_done, Is.EqualTo(new[] { "write 2", "interrupt 65", "read 3" }));
        Answer(1);
        Assert.That(_done[^1], Is.EqualTo("read 1"));
    }

    [Test]
    public void The_completion_of_a_CPUs_load_pushes_the_devices_earlier_writes_before_it()
    {
        Do("write 1");
        var bar = _device.Header.Bars[0]!.Address;
        var load = _root.LoadAsync(bar, 4);
        _sim.RunUntil(_sim.Now + SimDuration.FromMicroseconds(5));
        Assert.That(load.IsSet, Is.False);
        Answer(1);
        Assert.That(load.IsSet, Is.True);
        Assert.That(_done, Is.EqualTo(new[] { "write 1" }));
    }

    [Test]
    public void Ingress_credits_are_held_until_the_answer_and_nothing_is_left_afterwards()
    {
        Do("write 1", "read 2", "write 3");
        Assert.That(_port.Link!.Upstream.CreditsWhole, Is.False);
        foreach (var page in new[] { 3, 2, 1 }) Answer(page);
        _sim.RunUntil(_sim.Now + SimDuration.FromMicroseconds(1));
        Assert.That(_port.Gate.Waiting, Is.Zero);
        Assert.That(_port.Link.Upstream.CreditsWhole, Is.True);
        Assert.That(_port.Bodies.Rented, Is.Zero);
    }

    [Test]
    public void A_late_refusal_is_an_Unsupported_Request_for_a_read_and_the_end_of_a_write()
    {
        Do("read 1", "write 2");
        Answer(1, permitted: false);
        Answer(2, permitted: false);
        Assert.That(_done, Is.EqualTo(new[] { "read UnsupportedRequest" }));
    }

    [Test, ObservedFabric.Unobserved("measures allocation")]
    public void Waiting_allocates_nothing_in_steady_state()
    {
        void Round()
        {
            for (ulong page = 1; page <= 20; page++) _device.Dma.Read(page * Page, 64, (int)page);
            _sim.RunUntil(_sim.Now + SimDuration.FromMicroseconds(2));
            for (var page = 20; page >= 1; page--) _agent.Answer(page, true);
            _sim.RunUntil(_sim.Now + SimDuration.FromMicroseconds(2));
        }

        _device.Silent = true;
        for (var i = 0; i < 50; i++) Round();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 50; i++) Round();
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private void Do(params string[] requests)
    {
        foreach (var request in requests)
        {
            var page = request[^2] == ' ' ? (ulong)(request[^1] - '0') : 0;
            if (request[0] == 'r') _device.Dma.Read(page * Page, 64, (int)page);
            else if (request[0] == 'w') _device.Dma.Write(page * Page, new byte[64]);
            else _device.Dma.Write(0xFEE0_0000, [65, 0, 0, 0]);
        }

        _sim.RunUntil(_sim.Now + SimDuration.FromMicroseconds(5));
    }

    private void Answer(int page, bool permitted = true)
    {
        _agent.Answer(page, permitted);
        _sim.RunUntil(_sim.Now + SimDuration.FromMicroseconds(5));
    }

    private sealed class LateAgent : ITranslationAgent
    {
        private readonly (ITranslationClient? Client, int Slot, ulong Address)[] _waiting = new (ITranslationClient?, int, ulong)[64];

        public HashSet<int> Hits { get; } = [];

        public Translation Translate(in TranslationRequest request, ITranslationClient client, int slot)
        {
            var page = (int)(request.Address / Page);
            if (Hits.Contains(page)) return Translation.To(request.Address, data: request.Data);
            _waiting[page] = (client, slot, request.Address);
            return Translation.Pending;
        }

        public void Answer(int page, bool permitted)
        {
            var (client, slot, address) = _waiting[page];
            client!.OnTranslated(slot, permitted ? Translation.To(address) : Translation.Refuse());
        }
    }

    private sealed class Requester(Simulator sim, List<string> done) : EndpointFunction(
        sim, "dev0.f0", EndpointTemplates.PhysicalFunction("dev0.f0",
            new EndpointOptions { Identity = new FunctionIdentity(0x1DE5, 1, 0x088000) }))
    {
        public bool Silent { get; set; }

        protected internal override void OnDmaRead(int context, ReadOnlySpan<byte> data, CompletionStatus status)
        {
            if (!Silent) done.Add(status == CompletionStatus.Successful ? $"read {context}" : $"read {status}");
        }

        protected internal override void ReadBar(int bar, ulong offset, Span<byte> destination) => destination.Clear();

        protected internal override void WriteBar(int bar, ulong offset, ReadOnlySpan<byte> data)
        {
        }
    }
}
