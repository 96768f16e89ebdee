using NUnit.Framework;
using Sim.Pcie.Errors;
using Sim.Pcie.Inject;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Topology;

public class PeerToPeerTests
{
    [Test]
    public void A_512_byte_read_through_a_switch_keeps_Requester_ID_tag_and_length()
    {
        var p = new PeerPlatform();
        p.Devices[0].Dma.Read(p.Bars[1], 512, 7);
        p.Run();
        var sent = p.At(p.Switch.Downstream[0]).Single(h => h.Type == TlpType.MRd);
        var arrived = p.At(p.Devices[1].Device).Single(h => h.Type == TlpType.MRd);
        Assert.That(arrived, Is.EqualTo(sent));
        Assert.That((arrived.RequesterId, arrived.LengthDw), Is.EqualTo((p.Devices[0].Id, 128)));
        Assert.That(p.Devices[0].Done.Single().Data, Is.EqualTo(p.Devices[1].Memory[..512]));
        p.AssertQuiet();
    }

    [TestCase(64)]
    [TestCase(128)]
    public void A_re_segmenting_Root_Complex_issues_RCB_sized_reads_of_its_own_and_merges_what_comes_back(int boundary)
    {
        var p = Resegmenting(boundary);
        p.Devices[0].Dma.Read(p.Bars[3] + 64, 512, 7);
        p.Run();
        var arrived = p.At(p.Devices[3].Device).Where(h => h.Type == TlpType.MRd).ToList();
        Assert.That(arrived.Sum(h => h.EnabledBytes), Is.EqualTo(512));
        Assert.That(arrived.Max(h => h.EnabledBytes), Is.EqualTo(boundary));
        Assert.That(arrived.Select(h => h.RequesterId), Is.All.EqualTo(p.Ports[1].Function.Id));
        Assert.That(arrived.Select(h => h.Tag), Is.Unique);
        Assert.That(p.Devices[0].Done.Single().Data, Is.EqualTo(p.Devices[3].Memory[64..576]));
        var back = p.At(p.Devices[0].Device).Where(h => h.Type == TlpType.CplD).ToList();
        Assert.That(back.Select(h => h.RequesterId), Is.All.EqualTo(p.Devices[0].Id));
        Assert.That(back.Sum(h => h.PayloadBytes), Is.EqualTo(512), "merged: no more completions than MPS asks for");
        p.AssertQuiet();
    }

    [Test]
    public void What_completes_out_of_order_comes_back_in_order()
    {
        var p = Resegmenting(64);
        var held = new ReorderingCompleter(p.Devices[3].Device);
        held.Attach(p);
        p.Devices[0].Dma.Read(p.Bars[3], 512, 7);
        p.Run();
        Assert.That(held.OrderOfTags, Is.Not.Ordered, "the completions did come out of order");
        Assert.That(p.Devices[0].Done.Single().Data, Is.EqualTo(p.Devices[3].Memory[..512]));
        var addresses = p.At(p.Devices[0].Device).Where(h => h.Type == TlpType.CplD).Select(h => h.ByteCount);
        Assert.That(addresses, Is.Ordered.Descending, "Byte Count goes down: address order (§2.3.1.1)");
        p.AssertQuiet();
    }

    [Test]
    public void A_re_segmented_write_and_a_zero_length_read_behind_it_arrive_whole_and_in_order()
    {
        var p = Resegmenting(64);
        var data = new byte[1000];
        for (var i = 0; i < data.Length; i++) data[i] = (byte)(i ^ 0x5A);
        p.Devices[0].Dma.Write(p.Bars[3] + 0xF10, data);
        p.Devices[0].Dma.Read(p.Bars[3] + 0xF10, 0, 1);
        p.Run();
        Assert.That(p.Devices[3].Memory[0xF10..(0xF10 + 1000)], Is.EqualTo(data));
        Assert.That(p.Devices[0].Done.Single().Status, Is.EqualTo(CompletionStatus.Successful));
        Assert.That(p.At(p.Devices[3].Device).Where(h => h.Type == TlpType.MWr).Select(h => h.RequesterId),
            Is.All.EqualTo(p.Ports[1].Function.Id));
        p.AssertQuiet();
    }

    [Test]
    public void A_failed_part_fails_the_whole_read_with_its_status()
    {
        var p = Resegmenting(64);
        p.Devices[0].Dma.Read(p.Bars[3] + ScratchFunction.BarSize, 256, 7);
        p.Run();
        Assert.That(p.Devices[0].Done.Single().Status, Is.EqualTo(CompletionStatus.UnsupportedRequest));
        p.AssertQuiet();
    }

    [Test]
    public void More_reads_than_the_root_port_has_tags_wait_for_them()
    {
        var p = Resegmenting(64);
        for (var i = 0; i < 40; i++) p.Devices[0].Dma.Read(p.Bars[3] + (ulong)i * 1024, 1024, i);
        p.Run();
        Assert.That(p.Devices[0].Done, Has.Count.EqualTo(40));
        foreach (var done in p.Devices[0].Done)
            Assert.That(done.Data, Is.EqualTo(p.Devices[3].Memory[(done.Context * 1024)..(done.Context * 1024 + 1024)]));
        p.AssertQuiet();
    }

    [Test]
    public void A_link_that_goes_down_in_between_ends_every_read_once()
    {
        var p = Resegmenting(64);
        for (var i = 0; i < 10; i++) p.Devices[0].Dma.Read(p.Bars[3], 1024, i);
        p.Sim.RunUntil(p.Sim.Now + Core.SimDuration.FromNanoseconds(700));
        p.Links[^1].TakeDown();
        p.Run();
        Assert.That(p.Devices[0].Done.Select(d => d.Context), Is.EquivalentTo(Enumerable.Range(0, 10)));
        Assert.That(p.Devices[0].Done.Select(d => d.Status), Has.Some.EqualTo(CompletionStatus.UnsupportedRequest));
        p.AssertQuiet();
    }

    [Test]
    public void Between_root_ports_the_platform_may_also_refuse_or_forward_unchanged()
    {
        foreach (var policy in (RootPeerToPeer[])[RootPeerToPeer.Reject, RootPeerToPeer.Forward])
        {
            var p = new PeerPlatform(new RootComplexOptions { PeerToPeer = policy });
            p.Devices[0].Dma.Read(p.Bars[3], 512, 7);
            p.Run();
            var refused = policy == RootPeerToPeer.Reject;
            Assert.That(p.Devices[0].Done.Single().Status,
                Is.EqualTo(refused ? CompletionStatus.UnsupportedRequest : CompletionStatus.Successful));
            Assert.That(p.Errors.Contains(("rp0", PcieError.UnsupportedRequest)), Is.EqualTo(refused));
            if (refused) continue;
            var arrived = p.At(p.Devices[3].Device).Single(h => h.Type == TlpType.MRd);
            Assert.That((arrived.RequesterId, arrived.LengthDw), Is.EqualTo((p.Devices[0].Id, 128)));
        }
    }

    [TestCase(RootPeerToPeer.Forward, true)]
    [TestCase(RootPeerToPeer.Forward, false)]
    [TestCase(RootPeerToPeer.Resegment, true)]
    public void A_Root_Port_lets_no_poisoned_TLP_out_where_its_DPC_blocks_them(RootPeerToPeer policy, bool blocks)
    {
        var p = new PeerPlatform(new RootComplexOptions { PeerToPeer = policy });
        var egress = p.Ports[1].Function;
        if (blocks) p.Configure(egress, egress.Dpc!.Control, 2, 1 << 5);
        var write = Tlps.MemoryWrite(p.Devices[0].Id, p.Bars[3] + 8, p.Ports[0].Bodies.Rent(new byte[] { 1, 2, 3, 4 }));
        write.Header.Poisoned = true;
        TlpInjector.Send(p.Devices[0].Device, in write);
        p.Run();
        Assert.That(p.At(p.Devices[3].Device).Count(h => h.Type == TlpType.MWr), Is.EqualTo(blocks ? 0 : 1));
        Assert.That(p.Errors.Contains(("rp1", PcieError.PoisonedTlpEgressBlocked)), Is.EqualTo(blocks), "the Egress Port reports it");
        Assert.That(egress.Aer!.Config.Bit(egress.Aer.UncorrectableStatus, 26), Is.EqualTo(blocks));
        p.AssertQuiet();
    }

    [Test]
    public void A_poisoned_completion_is_dropped_there_and_its_Requester_times_out()
    {
        var p = new PeerPlatform();
        var egress = p.Ports[0].Function;
        p.Configure(egress, egress.Dpc!.Control, 2, 1 << 5);
        var answer = Tlps.CompletionWithData(Tlps.MemoryRead(p.Devices[0].Id, 0, p.Bars[3], 4).Header, p.Devices[3].Id, 4, 0,
            p.Ports[0].Bodies.RentDword(7));
        answer.Header.Poisoned = true;
        TlpInjector.Send(p.Devices[3].Device, in answer);
        p.Run();
        Assert.That(p.At(p.Switch.Upstream), Is.Empty.Or.None.Matches<TlpHeader>(h => h.IsCompletion));
        Assert.That(p.Errors, Has.Member(("rp0", PcieError.PoisonedTlpEgressBlocked)));
        p.AssertQuiet();
    }

    private static PeerPlatform Resegmenting(int boundary) => new(
        new RootComplexOptions { PeerToPeer = RootPeerToPeer.Resegment },
        ports: new RootPortOptions { ReadCompletionBoundary = boundary });
}
