using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Links;

/// <summary>When TLPs leave, and which goes first: from times, credits and Table 2-42 alone.</summary>
internal sealed class LinkOrderTests
{
    private static readonly RoutingId Near = RoutingId.Of(1, 0, 0);
    private static readonly RoutingId Far = RoutingId.Of(2, 0, 0);

    [Test]
    public void ATlpThatIsReadySoonerDoesNotWaitForOneThatIsNotReadyYet()
    {
        var wire = new Wire();
        wire.Send(Completion(1), readyNs: 300);
        wire.Send(Read(2), readyNs: 10);
        Assert.That(wire.Run(), Is.EqualTo(new[] { "MRd 2 at 22ns", "Cpl 1 at 312ns" }));
    }

    [Test]
    public void WhoeverIsReadyWhenTheSerialiserIsFreeGoesOldestFirst()
    {
        var wire = new Wire();
        wire.Send(Read(1), readyNs: 0);
        wire.Send(Completion(2), readyNs: 1);
        wire.Send(Read(3), readyNs: 1);
        Assert.That(wire.Run(), Is.EqualTo(new[] { "MRd 1 at 12ns", "Cpl 2 at 14ns", "MRd 3 at 16ns" }));
    }

    [Test]
    public void APostedRequestPassesANonPostedOneThatLacksCredits()
    {
        var wire = new Wire(new FlowControlCredits(0, 0, 1, 1, 0, 0));
        wire.Send(Read(1), readyNs: 0);
        wire.Send(Read(2), readyNs: 0);
        wire.Send(Write(3), readyNs: 5);
        wire.Send(Completion(4), readyNs: 5);
        wire.ReturnAt(100);
        Assert.That(wire.Run(), Is.EqualTo(new[] { "MRd 1 at 12ns", "MWr 3 at 21ns", "Cpl 4 at 23ns", "MRd 2 at 172ns" }));
    }

    [Test]
    public void NothingPassesAPostedRequestThatLacksCredits()
    {
        var wire = new Wire(new FlowControlCredits(1, 1, 0, 0, 0, 0));
        wire.Send(Write(1), readyNs: 0);
        wire.Send(Write(2), readyNs: 0);
        wire.Send(Read(3), readyNs: 0);
        wire.Send(Completion(4), readyNs: 0);
        wire.ReturnAt(100);
        Assert.That(wire.Run(), Is.EqualTo(new[] { "MWr 1 at 16ns", "MWr 2 at 176ns", "MRd 3 at 178ns", "Cpl 4 at 180ns" }));
    }

    [Test]
    public void RelaxedOrderingLetsCompletionsAndWritesPassBlockedPostedRequestsButNotReads()
    {
        var wire = new Wire(new FlowControlCredits(4, 3, 0, 0, 0, 0));
        wire.Send(Write(1, bytes: 32), readyNs: 0);
        wire.Send(Write(2, bytes: 32), readyNs: 0); // wants two data credits, one is left
        wire.Send(Read(3, TlpAttributes.RelaxedOrdering), readyNs: 20);
        wire.Send(Completion(4), readyNs: 20);
        wire.Send(Completion(5, TlpAttributes.RelaxedOrdering), readyNs: 20);
        wire.Send(Write(6, TlpAttributes.RelaxedOrdering), readyNs: 20);
        wire.Send(Write(7), readyNs: 20);
        wire.ReturnAt(100);
        wire.ReturnAt(300);
        wire.ReturnAt(300);
        Assert.That(wire.Run(), Is.EqualTo(new[]
        {
            "MWr 1 at 44ns", "Cpl 5 at 46ns", "MWr 6 at 52ns", "MWr 2 at 204ns", "MRd 3 at 206ns", "Cpl 4 at 208ns", "MWr 7 at 376ns",
        }));
    }

    [Test]
    public void IdBasedOrderingFreesFromPostedRequestsOfOthersOnly()
    {
        var wire = new Wire(new FlowControlCredits(1, 0, 0, 0, 0, 0));
        wire.Send(Write(1), readyNs: 0);
        wire.Send(Write(2), readyNs: 0);
        wire.Send(Read(3, TlpAttributes.IdBasedOrdering, Near), readyNs: 20);
        wire.Send(Read(4, TlpAttributes.IdBasedOrdering, Far), readyNs: 20);
        wire.ReturnAt(100);
        Assert.That(wire.Run(), Is.EqualTo(new[] { "MWr 1 at 16ns", "MRd 4 at 32ns", "MWr 2 at 176ns", "MRd 3 at 178ns" }));
    }

    [Test]
    public void CompletionsOfOneRequestStayInOrderWhateverTheyAreReadyFor()
    {
        var wire = new Wire();
        wire.Send(Completion(1), readyNs: 100);
        wire.Send(Completion(1), readyNs: 50);
        wire.Send(Completion(2), readyNs: 60);
        Assert.That(wire.Run(), Is.EqualTo(new[] { "Cpl 2 at 72ns", "Cpl 1 at 112ns", "Cpl 1 at 114ns" }));
    }

    [Test]
    public void CreditsThatComeBackSoonerThanKnownAreUsedThen()
    {
        var wire = new Wire(new FlowControlCredits(2, 0, 0, 0, 0, 0));
        for (var i = 1; i <= 3; i++) wire.Send(Write(i), readyNs: 0);
        wire.ReturnAt(200);
        wire.ReturnAt(100);
        Assert.That(wire.Run(), Is.EqualTo(new[] { "MWr 1 at 16ns", "MWr 2 at 22ns", "MWr 3 at 176ns" }));
    }

    [Test]
    public void AFlightLongerThanACreditReturnDelaysNothingButTheArrival()
    {
        // The same three writes over a short and over a long wire, behind a buffer of one: it is free when the last symbol has left.
        string[] arrivals(int flightNs)
        {
            var first = new Wire(new FlowControlCredits(1, 0, 0, 0, 0, 0), forwardNs: flightNs);
            for (var i = 1; i <= 3; i++) first.Send(Write(i), readyNs: 0);
            return [.. first.Run().Where(line => line.Contains("onward", StringComparison.Ordinal))];
        }

        Assert.That(arrivals(10), Is.EqualTo(new[] { "MWr 1 onward at 32ns", "MWr 2 onward at 114ns", "MWr 3 onward at 196ns" }));
        Assert.That(arrivals(500), Is.EqualTo(new[] { "MWr 1 onward at 522ns", "MWr 2 onward at 604ns", "MWr 3 onward at 686ns" }));
    }

    private static Tlp Read(int tag, TlpAttributes attributes = TlpAttributes.None, RoutingId? requester = null) =>
        Tlps.MemoryRead(requester ?? Near, tag, 0x1000, 4, attributes);

    private static Tlp Write(int tag, TlpAttributes attributes = TlpAttributes.None, int bytes = 4) =>
        Tlps.MemoryWrite(Near, 0x1000, bytes, attributes, tag: tag);

    private static Tlp Completion(int tag, TlpAttributes attributes = TlpAttributes.None) =>
        Tlps.Completion(Tlps.MemoryRead(Far, tag, 0x1000, 4, attributes).Header, Near, CompletionStatus.Successful);

    /// <summary>A link on which a TLP takes 2 ns and 1 ns a payload byte and flies for 10 ns, and a receiver that returns credits when
    /// told to.</summary>
    private sealed class Wire
    {
        private readonly Simulator _sim = new();
        private readonly End _receiver;
        private readonly Link _link;
        private readonly List<string> _seen = [];

        public Wire(FlowControlCredits? credits = null, int? forwardNs = null)
        {
            var profile = new LinkProfile
            {
                Name = "1 ns a byte",
                Rate = DataRate.FromBytesPerSecond(1_000_000_000),
                FixedTlpOverhead = 2,
            };
            var sender = new End(_sim, "sender", FlowControlCredits.Infinite);
            _receiver = new End(_sim, "receiver", credits ?? FlowControlCredits.Infinite);
            _link = Link.Connect(sender, _receiver, LinkSpeed.Gen3, LinkWidth.X1, profile);
            _link.Downstream.Arrived.Subscribe((SimTime time, in TlpHop hop) => Note(time, in hop, ""));
            if (forwardNs is not { } flight) return;
            var onward = new End(_sim, "onward", FlowControlCredits.Infinite);
            var last = new End(_sim, "last", FlowControlCredits.Infinite);
            var second = Link.Connect(onward, last, LinkSpeed.Gen3, LinkWidth.X1,
                profile with { Propagation = SimDuration.FromNanoseconds(flight) });
            second.Downstream.Arrived.Subscribe((SimTime time, in TlpHop hop) => Note(time, in hop, " onward"));
            _receiver.Onward = second.Downstream;
        }

        public void Send(Tlp tlp, int readyNs) => _link.Downstream.Send(in tlp, SimTime.FromNanoseconds(readyNs), null);

        public void ReturnAt(int ns)
        {
            var due = new SimEvent(_sim, _receiver.ReturnOldest);
            due.ScheduleAt(SimTime.FromNanoseconds(ns));
        }

        public string[] Run()
        {
            _sim.Run();
            return [.. _seen];
        }

        private void Note(SimTime time, in TlpHop hop, string where) =>
            _seen.Add($"{hop.Tlp.Header.Type} {hop.Tlp.Header.Tag}{where} at {time}");
    }

    private sealed class End(Simulator sim, string name, FlowControlCredits credits) : Port(sim, name, credits)
    {
        private readonly Queue<(Tlp Tlp, LinkDirection From)> _held = new();

        public LinkDirection? Onward { get; set; }

        public void ReturnOldest()
        {
            var (tlp, from) = _held.Dequeue();
            from.ReturnCredits(in tlp, Sim.Now);
        }

        protected internal override void Receive(in Tlp tlp, LinkDirection from)
        {
            if (Onward is { } onward) onward.Send(in tlp, Sim.Now, from);
            else _held.Enqueue((tlp, from));
        }
    }
}
