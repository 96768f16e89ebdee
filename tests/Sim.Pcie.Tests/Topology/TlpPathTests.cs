using NUnit.Framework;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Inject;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;
using static Sim.Pcie.Capabilities.AcsFeatures;

namespace Sim.Pcie.Tests.Topology;

/// <summary>The way of a TLP is told hop by hop, with the mechanism and the register fields that decided at each port.</summary>
public class TlpPathTests
{
    [Test]
    public void A_redirected_write_is_told_from_port_to_port()
    {
        var p = new PeerPlatform();
        AcsTests.Enable(p, p.Switch.Downstream[0].Function, RequestRedirect);
        var told = Follow(p, 0, Write(p, 0, p.Bars[1])).Select(Line).ToList();
        Assert.That(told, Is.EqualTo(new[]
        {
            "sw0.p0",
            "sw0.p0 peer-to-peer: in the window of sw0.p1",
            "sw0.p0 redirected upstream (ACS P2P Request Redirect) although it targets sw0.p1",
            "rp0",
            "rp0 peer-to-peer through the Root Complex: forwarded to rp0",
            "sw0.up",
            "sw0.up routed by address: in the window of sw0.p1",
            "dev1",
            "dev1 reaches BAR0+0x0 of dev1.pf: Accept (running)",
        }));
    }

    [TestCase(None, 0u, "routed directly", "ACS P2P Request Redirect Enable=0")]
    [TestCase(RequestRedirect, 0u, "redirected upstream", "ACS P2P Request Redirect Enable=1")]
    [TestCase(EgressControl, 4u, "blocked by ACS P2P Egress Control", "Egress Control Vector=4")]
    [TestCase(EgressControl, 0u, "routed directly", "ACS P2P Egress Control Enable=1")]
    public void Each_decision_names_the_bits_of_its_ingress_port(AcsFeatures enabled, uint vector, string text, string bit)
    {
        var p = new PeerPlatform();
        AcsTests.Enable(p, p.Switch.Downstream[0].Function, enabled, vector);
        var decision = Follow(p, 0, Write(p, 0, p.Bars[1])).Single(s => s.Text?.StartsWith(text, StringComparison.Ordinal) == true);
        Assert.That(decision.At.Name, Is.EqualTo("sw0.p0"));
        Assert.That(decision.Bits.Select(b => b.ToString()), Has.Some.Contain(bit).And.Some.Contain("§7.7.11.3"));
        Assert.That(decision.Bits.Select(b => b.Function), Is.All.EqualTo("sw0.p0"));
    }

    [TestCase(RootPeerToPeer.Forward, "dev0 > sw0.p0, sw0.up > rp0, rp1 > dev3")]
    [TestCase(RootPeerToPeer.Resegment, "dev0 > sw0.p0, sw0.up > rp0, rp1 > dev3, rp1 > dev3, rp1 > dev3, rp1 > dev3")]
    [TestCase(RootPeerToPeer.Reject, "dev0 > sw0.p0, sw0.up > rp0")]
    public void A_read_between_root_ports_is_followed_through_what_the_Root_Complex_makes_of_it(RootPeerToPeer policy, string way)
    {
        var p = new PeerPlatform(new RootComplexOptions { PeerToPeer = policy });
        var read = Tlps.MemoryRead(p.Devices[0].Id, 200, p.Bars[3], 256);
        using var path = new TlpPath(p.Links, p.Devices[0].Device, in read.Header);
        TlpInjector.SendAwaited(p.Devices[0].Device, in read);
        p.Run();
        Assert.That(path.Way(port => port.Name), Is.EqualTo(way));
        Assert.That(path.Steps[^1].Text, Is.EqualTo("ends here: its exerciser waited for it"), "the completion came back to the exerciser");
        var status = path.Steps[^1].Header.Status;
        Assert.That(status == CompletionStatus.UnsupportedRequest, Is.EqualTo(policy == RootPeerToPeer.Reject));
        p.AssertQuiet();
    }

    [Test]
    public void Without_an_exerciser_that_waits_a_completion_is_unexpected()
    {
        var p = new PeerPlatform();
        TlpInjector.Send(p.Devices[0].Device, Tlps.MemoryRead(p.Devices[0].Id, 200, p.Bars[1], 4));
        p.Run();
        Assert.That(p.Errors, Is.EqualTo(new[] { ("dev0.pf", Sim.Pcie.Errors.PcieError.UnexpectedCompletion) }));
    }

    [Test]
    public void A_port_without_Bus_Master_Enable_names_it_and_the_end_of_the_request()
    {
        var p = new PeerPlatform();
        p.Configure(p.Switch.Downstream[0].Function, 4, 2, 2);
        var steps = Follow(p, 0, Write(p, 0, 0x8000));
        Assert.That(steps.Select(Line), Is.EqualTo(new[]
        {
            "sw0.p0",
            "sw0.p0 lets no request up",
            "sw0.p0 refused: Unsupported Request Error, reported by sw0.p0",
            "sw0.p0 ends here: posted, so it is dropped",
        }));
        Assert.That(steps[1].Bits.Single().ToString(), Does.StartWith("Command.Bus Master Enable=0 (§7.5.1.1.3"));
    }

    [Test]
    public void Two_writes_with_the_same_tag_are_told_apart_by_their_addresses()
    {
        var p = new PeerPlatform();
        var followed = Tlps.MemoryWrite(p.Devices[0].Id, p.Bars[1], 4).Header;
        using var path = new TlpPath(p.Links, p.Devices[0].Device, in followed);
        p.Devices[0].Dma.Write(p.Bars[2], new byte[4]);
        p.Run();
        Assert.That(path.Steps, Is.Empty);
    }

    private static Tlp Write(PeerPlatform p, int from, ulong address) =>
        Tlps.MemoryWrite(p.Devices[from].Id, address, p.Ports[0].Bodies.Rent(new byte[4]));

    private static IReadOnlyList<PathStep> Follow(PeerPlatform p, int from, Tlp tlp)
    {
        using var path = new TlpPath(p.Links, p.Devices[from].Device, in tlp.Header);
        TlpInjector.Send(p.Devices[from].Device, in tlp);
        p.Run();
        p.AssertQuiet();
        return path.Steps;
    }

    private static string Line(PathStep step) => string.Join(' ', (string?[])[step.At.Name, step.Text, step.Towards?.Name]).TrimEnd();
}
