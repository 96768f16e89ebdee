using NUnit.Framework;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Tests.Config;

namespace Sim.Pcie.Tests.Errors;

/// <summary>What a Root Port makes of CPU requests that end badly, and of those that meet containment.</summary>
public sealed class RootRequesterTests
{
    private const int MemoryUr = 16;
    private const int MemoryCa = 17;
    private const int MemoryTimeout = 18;

    [TestCase(AccessDecision.UnsupportedRequest, MemoryUr, HeaderView.ReceivedMasterAbort)]
    [TestCase(AccessDecision.CompleterAbort, MemoryCa, HeaderView.ReceivedTargetAbort)]
    [TestCase(AccessDecision.NoCompletion, MemoryTimeout, -1)]
    public void A_load_that_fails_reaches_RP_PIO_and_Secondary_Status(AccessDecision decision, int outcome, int secondary)
    {
        var bench = new Bench().Enumerated();
        var (config, dpc) = (bench.Port.Function.Config, bench.Port.Function.Dpc!);
        config.WriteDword(dpc.RpPioMask, 0);
        config.WriteDword(dpc.RpPioException, 1u << outcome);
        config.Write(Type1Header.SecondaryStatusOffset, 2, 0xFFFF);
        bench.Pf.Decision = decision;
        var load = bench.Load(bench.Found.Bars[0].Address);
        Assert.Multiple(() =>
        {
            Assert.That(load.Succeeded, Is.False);
            Assert.That(load.Exception, Is.True, "RP PIO Exception asks for one");
            Assert.That(config.Read(dpc.RpPioStatus), Is.EqualTo(1u << outcome));
            Assert.That(config.Read(dpc.RpPioHeaderLog) >> 24, Is.EqualTo(0x20), "MRd with a 64-bit address");
            Assert.That(config.Read(Type1Header.SecondaryStatusOffset, 2) & 0x3000, Is.EqualTo(secondary < 0 ? 0 : 1u << secondary));
        });
    }

    [Test]
    public void An_RP_PIO_error_of_fatal_severity_triggers_containment()
    {
        var bench = new Bench().Enumerated();
        var (config, dpc) = (bench.Port.Function.Config, bench.Port.Function.Dpc!);
        config.WriteDword(dpc.RpPioMask, 0);
        config.WriteDword(dpc.RpPioSeverity, 1u << MemoryUr);
        config.Write(dpc.Control, 2, 1);
        bench.Pf.Decision = AccessDecision.UnsupportedRequest;
        bench.Load(bench.Found.Bars[0].Address);
        Assert.That((bench.Device.Link!.IsUp, config.Read(dpc.Status, 2) & 7), Is.EqualTo((false, 7u)), "Trigger Reason 3, Extension 0");
    }

    [TestCase(false, true, CompletionStatus.UnsupportedRequest)]
    [TestCase(false, false, CompletionStatus.CompleterAbort)]
    [TestCase(true, true, CompletionStatus.UnsupportedRequest)]
    [TestCase(true, false, CompletionStatus.CompleterAbort)]
    public void Requests_during_containment_end_as_DPC_Completion_Control_says(bool atSwitch, bool withUr, CompletionStatus status)
    {
        var bench = new Bench(behindSwitch: atSwitch).Enumerated();
        var port = atSwitch ? bench.Switch!.Downstream[0].Function : bench.Port.Function;
        port.Config.Write(port.Dpc!.Control, 2, 1 | (withUr ? 4u : 0) | 1 << 6);
        Assert.That((bench.Device.Link!.IsUp, bench.Device.Link.DownCauses), Is.EqualTo((false, LinkDownCause.Containment)));
        Assert.That(bench.Load(bench.Found.Bars[0].Address).Status, Is.EqualTo(status));
        port.Config.Write(port.Dpc.Status, 2, 1);
        Assert.That(bench.Device.Link.IsUp, Is.True);
    }

    [Test]
    public void A_downstream_port_of_a_switch_contains_on_a_fatal_message_and_the_root_port_hears_nothing_of_it()
    {
        var bench = new Bench(behindSwitch: true).Enumerated();
        var port = bench.Switch!.Downstream[0].Function;
        port.Config.Write(port.Dpc!.Control, 2, 1);
        bench.Pf.Config.Write(bench.Pf.Express.DeviceControl, 2, 0xF);
        bench.Pf.Errors.Report(PcieError.MalformedTlp, TestFunction.Write);
        bench.Sim.Run();
        Assert.That((bench.Device.Link!.IsUp, port.Config.Read(port.Dpc.ErrorSourceId, 2)), Is.EqualTo((false, (uint)bench.Pf.Id.Value)));
        Assert.That(bench.Port.Function.Config.Read(bench.Port.Function.Aer!.RootErrorStatus) & 0x7F, Is.Zero);
    }
}
