using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Tests.Topology;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Links;

[ObservedFabric.Unobserved("breaks the rules itself")]
public class FabricObserverTests
{
    private static readonly RoutingId Me = RoutingId.Of(1, 0, 0);
    private static readonly RoutingId Other = RoutingId.Of(2, 0, 0);

    private static readonly TlpHeader Write = Tlps.MemoryWrite(Me, 0x1000, 4).Header;
    private static readonly TlpHeader Read = Tlps.MemoryRead(Me, 1, 0x1000, 4).Header;

    [Test]
    public void The_table_forbids_what_Table_2_42_forbids_and_names_the_cell()
    {
        var atomic = Tlps.AtomicOp(TlpType.Swap, Me, 2, 0x1000, new TlpBodyPool().Rent(4)).Header;
        var completion = Tlps.CompletionWithData(Tlps.MemoryRead(Other, 1, 0x1000, 4).Header, Me, 4, 0, 4).Header;
        var config = Tlps.Completion(Tlps.ConfigWrite(Other, 1, Me, 0, new TlpBodyPool().RentDword(0)).Header, Me,
            CompletionStatus.Successful).Header;
        Assert.That(OrderingTable.Forbids(Write, Write), Does.StartWith("A2a"));
        Assert.That(OrderingTable.Forbids(Read, Write), Does.StartWith("B2a"));
        Assert.That(OrderingTable.Forbids(atomic, Write), Does.StartWith("C2a"));
        Assert.That(OrderingTable.Forbids(completion, Write), Does.StartWith("D2a"));
        Assert.That(OrderingTable.Forbids(completion, completion), Does.StartWith("D5b"));
        Assert.That(OrderingTable.Forbids(config, Write), Is.Null, "D2b: a configuration write's completion may");
        foreach (var passing in (TlpHeader[])[Write, Read, atomic, completion])
        {
            Assert.That(OrderingTable.Forbids(passing, Read), Is.Null, "everything may pass a non-posted request");
            Assert.That(OrderingTable.Forbids(With(passing, TlpAttributes.IdBasedOrdering), From(Write, Other)), Is.Null, "IDO");
        }

        Assert.That(OrderingTable.Forbids(With(Write, TlpAttributes.RelaxedOrdering), Write), Is.Null, "A2b");
        Assert.That(OrderingTable.Forbids(With(Read, TlpAttributes.RelaxedOrdering), Write), Does.StartWith("B2a"), "RO frees no read");
        Assert.That(OrderingTable.Forbids(With(Write, TlpAttributes.IdBasedOrdering), Write), Is.Not.Null, "IDO of the same Requester");
    }

    [Test]
    public void It_sees_traffic_of_every_kind_and_finds_nothing()
    {
        var p = new PeerPlatform();
        for (var i = 0; i < 30; i++)
        {
            foreach (var device in p.Devices)
            {
                device.Dma.Write(p.Bars[(i + 1) % 4], new byte[300]);
                device.Dma.Read(0x8000 + (ulong)i * 512, 512, i);
            }
        }

        p.Run();
        Assert.That(p.Observer.Arrived, Is.GreaterThan(1000));
        Assert.That(p.Observer.Overtakings, Is.GreaterThan(0), "what may pass, passes");
        p.AssertQuiet();
    }

    [Test]
    public void A_model_that_breaks_a_rule_is_told_which()
    {
        var sim = new Simulator();
        var from = new HoardingPort(sim, "from", FlowControlCredits.Typical);
        var link = Link.Connect(from, new HoardingPort(sim, "to", FlowControlCredits.Typical), LinkSpeed.Gen4, LinkWidth.X1);
        using var observer = new FabricObserver(sim, [link]);
        Tlp[] sent = [Tlps.MemoryWrite(Me, 0x1000, 4), Tlps.MemoryWrite(Me, 0x2000, 4), Tlps.MemoryRead(Me, 1, 0x3000, 4)];
        foreach (var tlp in sent) link.Downstream.Accepted.Emit(sim.Now, new TlpAccepted(link.Downstream, tlp, null));
        foreach (var i in (int[])[2, 1, 0, 0]) link.Downstream.Arrived.Emit(sim.Now, new TlpHop(link.Downstream, sim.Now, sent[i]));
        Assert.That(observer.Violations, Has.Count.EqualTo(4));
        Assert.That(observer.Violations[0], Does.Contain("MRd").And.Contain("against Table 2-42 B2a"), "a read passed two writes");
        Assert.That(observer.Violations[2], Does.Contain("0x2000").Or.Contain("00002000").And.Contain("against Table 2-42 A2a"));
        Assert.That(observer.Violations[3], Does.Contain("arrived and was never sent, or twice"));
    }

    [Test]
    public void A_buffer_that_is_never_drained_is_named_with_what_waits_for_it()
    {
        // dev1's receiver keeps every posted TLP: one header credit, then nothing goes.
        var p = new PeerPlatform();
        var hoarder = new HoardingPort(p.Sim, "hoarder", new FlowControlCredits(1, 64, 1, 1, 1, 1));
        var bench = new HoardingPort(p.Sim, "bench", FlowControlCredits.Typical);
        var link = Link.Connect(bench, hoarder, LinkSpeed.Gen4, LinkWidth.X1);
        using var observer = new FabricObserver(p.Sim, [link]);
        for (var i = 0; i < 3; i++) bench.Transmitter.Send(Tlps.MemoryWrite(Me, (ulong)(0x1000 * (i + 1)), 4), p.Sim.Now, null);
        p.Run();
        var why = observer.ExplainDeadlock();
        Assert.That(why, Does.StartWith("bench -> hoarder: 2 TLPs wait").And.Contain("(2 Posted)"));
    }

    private static TlpHeader With(TlpHeader header, TlpAttributes attributes)
    {
        header.Attributes = attributes;
        return header;
    }

    private static TlpHeader From(TlpHeader header, RoutingId requester)
    {
        header.RequesterId = requester;
        return header;
    }

    private sealed class HoardingPort(Simulator sim, string name, FlowControlCredits credits) : Port(sim, name, credits)
    {
        protected internal override void Receive(in Tlp tlp, LinkDirection from)
        {
        }
    }
}
