using NUnit.Framework;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Errors;
using Sim.Pcie.Inject;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;
using static Sim.Pcie.Capabilities.AcsFeatures;

namespace Sim.Pcie.Tests.Topology;

/// <summary>Access Control Services enforced: each mechanism alone and where they meet (§6.12.1, §6.12.3).</summary>
public class AcsTests
{
    private const string Direct = "dev0>sw0.p0 sw0.p1>dev1";
    private const string Redirected = "dev0>sw0.p0 sw0.up>rp0 rp0>sw0.up sw0.p1>dev1";
    private const string Blocked = "dev0>sw0.p0";

    [TestCase(None, false, AddressType.Untranslated, Direct)]
    [TestCase(RequestRedirect, false, AddressType.Untranslated, Redirected)]
    [TestCase(EgressControl, false, AddressType.Untranslated, Direct)]
    [TestCase(EgressControl, true, AddressType.Untranslated, Blocked)]
    [TestCase(RequestRedirect | EgressControl, false, AddressType.Untranslated, Direct)]
    [TestCase(RequestRedirect | EgressControl, true, AddressType.Untranslated, Redirected)]
    [TestCase(RequestRedirect | DirectTranslated, false, AddressType.Untranslated, Redirected)]
    [TestCase(RequestRedirect | DirectTranslated, false, AddressType.Translated, Direct)]
    [TestCase(EgressControl | DirectTranslated, true, AddressType.Translated, Direct)]
    [TestCase(RequestRedirect | EgressControl | DirectTranslated, true, AddressType.Translated, Direct)]
    [TestCase(RequestRedirect, false, AddressType.Translated, Redirected)]
    [TestCase(TranslationBlocking, false, AddressType.Translated, Blocked)]
    [TestCase(TranslationBlocking, false, AddressType.Untranslated, Direct)]
    public void A_write_to_a_peer_below_the_same_switch_takes_the_way_that_its_ingress_port_s_registers_say(
        AcsFeatures enabled, bool vector, AddressType at, string path)
    {
        var p = new PeerPlatform();
        Enable(p, p.Switch.Downstream[0].Function, enabled, vector ? 1u << p.Switch.Downstream[1].Function.PortNumber : 0);
        var write = Tlps.MemoryWrite(p.Devices[0].Id, p.Bars[1], p.Ports[0].Bodies.Rent(new byte[8]), at: at);
        TlpInjector.Send(p.Devices[0].Device, in write);
        p.Run();
        Assert.That(p.Path(TlpType.MWr), Is.EqualTo(path));
        Assert.That(p.Errors.Contains(("sw0.p0", PcieError.AcsViolation)), Is.EqualTo(path == Blocked));
        p.AssertQuiet();
    }

    [TestCase(SourceValidation, true)]
    [TestCase(RequestRedirect, false)]
    public void Source_Validation_stops_a_Requester_ID_that_is_not_below_the_port(AcsFeatures enabled, bool blocked)
    {
        foreach (var rootPort in (bool[])[false, true])
        {
            var p = new PeerPlatform();
            var ingress = rootPort ? p.Ports[1].Function : p.Switch.Downstream[0].Function;
            Enable(p, ingress, enabled);
            var liar = p.Devices[1].Id;
            TlpInjector.Send(p.Devices[rootPort ? 3 : 0].Device, Tlps.MemoryWrite(liar, 0x8000, p.Ports[0].Bodies.Rent(new byte[] { 7 })));
            p.Run();
            Assert.That(p.Root.Memory.ReadValue(0x8000, 1) == 0, Is.EqualTo(blocked));
            Assert.That(p.Errors, blocked ? Is.EqualTo(new[] { (ingress.Name, PcieError.AcsViolation) }) : Is.Empty);
        }
    }

    [Test]
    public void A_blocked_read_completes_with_Completer_Abort_and_a_blocked_write_is_logged()
    {
        var p = new PeerPlatform();
        var ingress = p.Switch.Downstream[0].Function;
        Enable(p, ingress, EgressControl, 1u << p.Switch.Downstream[1].Function.PortNumber);
        p.Devices[0].Dma.Read(p.Bars[1], 64, 1);
        p.Devices[0].Dma.Read(p.Bars[2], 64, 2);
        p.Run();
        Assert.That(p.Devices[0].Done.OrderBy(d => d.Context).Select(d => d.Status),
            Is.EqualTo(new[] { CompletionStatus.CompleterAbort, CompletionStatus.Successful }));
        Assert.That(ingress.Aer!.Config.Bit(ingress.Aer.UncorrectableStatus, 21), Is.False, "advisory, and masked (§6.2.3.2.4.1)");
        p.Devices[0].Dma.Write(p.Bars[1], new byte[4]);
        p.Run();
        Assert.That(ingress.Aer.Config.Bit(ingress.Aer.UncorrectableStatus, 21), Is.True);
        Assert.That(ingress.Aer.LoggedHeader.Type, Is.EqualTo(TlpType.MWr));
        p.AssertQuiet();
    }

    [Test]
    public void Completion_Redirect_sends_completions_of_a_peer_upstream_unless_they_are_relaxed()
    {
        foreach (var relaxed in (bool[])[false, true])
        {
            var p = new PeerPlatform();
            Enable(p, p.Switch.Downstream[1].Function, CompletionRedirect);
            var read = Tlps.MemoryRead(p.Devices[0].Id, 0, p.Bars[1], 64, relaxed ? TlpAttributes.RelaxedOrdering : TlpAttributes.None);
            TlpInjector.Send(p.Devices[0].Device, in read);
            p.Run();
            Assert.That(p.Path(TlpType.CplD), Is.EqualTo(relaxed
                ? "dev1>sw0.p1 sw0.p0>dev0"
                : "dev1>sw0.p1 sw0.up>rp0 rp0>sw0.up sw0.p0>dev0"));
        }
    }

    [TestCase(false), TestCase(true)]
    public void What_targets_the_side_it_came_from_goes_up_with_Upstream_Forwarding_and_is_unsupported_without(bool enabled)
    {
        var p = new PeerPlatform();
        if (enabled) Enable(p, p.Switch.Downstream[0].Function, UpstreamForwarding);
        TlpInjector.Send(p.Devices[0].Device, Tlps.MemoryWrite(p.Devices[0].Id, p.Bars[0] + 8, p.Ports[0].Bodies.Rent(new byte[] { 200 })));
        p.Run();
        Assert.That(p.Devices[0].Memory[8] == 200, Is.EqualTo(enabled), "by way of the Root Complex");
        Assert.That(p.Errors.Contains(("sw0.p0", PcieError.UnsupportedRequest)), Is.EqualTo(!enabled));
    }

    [Test]
    public void At_a_Root_Port_Egress_Control_blocks_and_Request_Redirect_puts_the_translation_agent_in_the_way()
    {
        var egress = new PeerPlatform(ports: new RootPortOptions { AcsSupported = SourceValidation | RequestRedirect | EgressControl });
        Enable(egress, egress.Ports[0].Function, EgressControl, 1u << egress.Ports[1].Function.PortNumber);
        egress.Devices[0].Dma.Read(egress.Bars[3], 64, 1);
        egress.Run();
        Assert.That(egress.Devices[0].Done.Single().Status, Is.EqualTo(CompletionStatus.CompleterAbort));
        Assert.That(egress.Errors, Is.EqualTo(new[] { ("rp0", PcieError.AcsViolation) }));

        foreach (var redirect in (bool[])[false, true])
        {
            var p = new PeerPlatform(new RootComplexOptions { PeersBypassTranslation = true });
            p.Root.TranslationAgent = new Refusal();
            if (redirect) Enable(p, p.Ports[0].Function, RequestRedirect);
            p.Devices[0].Dma.Read(p.Bars[3], 64, 1);
            p.Run();
            Assert.That(p.Devices[0].Done.Single().Status,
                Is.EqualTo(redirect ? CompletionStatus.UnsupportedRequest : CompletionStatus.Successful));
        }

    }

    internal static void Enable(PeerPlatform p, BridgeFunction function, AcsFeatures features, uint vector = 0)
    {
        var at = p.Tree.SelectMany(f => f.Subtree()).Single(f => f.Id == function.Id).ExtendedCapabilities[0x0D];
        if (vector != 0) p.Configure(function, at + 8, 4, vector);
        p.Configure(function, at + 6, 2, (uint)features);
        Assert.That(function.Acs, Is.EqualTo(features));
    }

    private sealed class Refusal : ITranslationAgent
    {
        public Translation Translate(in TranslationRequest request, ITranslationClient client, int slot) => Translation.Refuse();
    }
}
