using NUnit.Framework;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Tests.Errors;

public sealed class RootErrorTests
{
    private static readonly ErrorMessage Correctable = new(ErrorSeverity.Correctable, RoutingId.Parse("01:00.1"));
    private static readonly ErrorMessage NonFatal = new(ErrorSeverity.NonFatal, RoutingId.Parse("01:00.2"));
    private static readonly ErrorMessage Fatal = new(ErrorSeverity.Fatal, RoutingId.Parse("01:00.3"));
    private TestRootPort _port = null!;

    [SetUp]
    public void MakePort()
    {
        _port = new();
        _port.Config.Write(_port.Express.DeviceControl, 2, 0xF);
        _port.Config.Write(Type1Header.BridgeControlOffset, 2, 2);
    }

    [Test]
    public void The_first_source_is_kept_and_later_ones_only_counted_as_multiple()
    {
        _port.Root.Receive(NonFatal);
        _port.Root.Receive(Fatal);
        _port.Root.Receive(Correctable);
        _port.Root.Receive(Correctable);
        Assert.Multiple(() =>
        {
            Assert.That(_port.Config.Read(_port.Aer.RootErrorStatus) & 0x7F, Is.EqualTo(0x6F), "non-fatal came first");
            Assert.That(_port.Config.Read(_port.Aer.ErrorSource), Is.EqualTo(0x0102_0101));
            Assert.That(_port.Config.Bit(Type1Header.SecondaryStatusOffset, Type1Header.ReceivedSystemError), Is.True);
            Assert.That(_port.Config.Read(_port.Express.DeviceStatus, 2), Is.Zero, "a forwarding bridge detects no error (§6.2.8.1)");
        });
    }

    [Test]
    public void First_uncorrectable_fatal_is_set_by_the_first_only()
    {
        _port.Root.Receive(Fatal);
        Assert.That(_port.Config.Read(_port.Aer.RootErrorStatus) & 0x7F, Is.EqualTo(0x54));
        _port.Config.WriteDword(_port.Aer.RootErrorStatus, 0x7F);
        Assert.That(_port.Config.Read(_port.Aer.RootErrorStatus) & 0x7F, Is.Zero);
    }

    [Test]
    public void The_interrupt_comes_when_its_condition_becomes_true_and_not_again()
    {
        _port.Root.Receive(NonFatal);
        Assert.That(_port.Interrupts, Is.Empty);
        _port.Config.WriteDword(_port.Aer.RootErrorCommand, 7);
        Assert.That(_port.Interrupts, Is.EqualTo(new[] { 3 }), "enabled while status was set");
        _port.Root.Receive(Fatal);
        Assert.That(_port.Interrupts, Has.Count.EqualTo(1), "the condition was true already");
        _port.Config.WriteDword(_port.Aer.RootErrorStatus, 0x7F);
        _port.Root.Receive(Correctable);
        Assert.That(_port.Interrupts, Has.Count.EqualTo(2));
    }

    [TestCase(0, 2u, 1u, 0, 0u)]
    [TestCase(2, 0u, 0u, 0, 0u)]
    [TestCase(2, 2u, 0u, 0, 0x24u)]
    [TestCase(2, 2u, 2u, 1, 0x24u)]
    [TestCase(2, 2u, 5u, 0, 0x24u)]
    public void A_message_must_pass_bridge_and_transmit_enables(int bridge, uint enables, uint rootControl, int systemErrors, uint status)
    {
        _port.Config.Write(Type1Header.BridgeControlOffset, 2, (uint)bridge);
        _port.Config.Write(_port.Express.DeviceControl, 2, enables);
        _port.Config.Write(_port.Express.RootControl, 2, rootControl);
        _port.Root.Receive(NonFatal);
        Assert.That((_port.SystemErrors.Count, _port.Config.Read(_port.Aer.RootErrorStatus) & 0x7F), Is.EqualTo((systemErrors, status)));
    }

    [Test]
    public void Serr_lets_an_uncorrectable_message_pass_and_no_correctable_one()
    {
        _port.Config.Write(_port.Express.DeviceControl, 2, 0);
        _port.Config.Write(HeaderView.CommandOffset, 2, 0x100);
        _port.Root.Receive(Correctable);
        Assert.That(_port.Config.Read(_port.Aer.RootErrorStatus) & 0x7F, Is.Zero);
        _port.Root.Receive(NonFatal);
        Assert.That(_port.Config.Read(_port.Aer.RootErrorStatus) & 0x7F, Is.EqualTo(0x24));
        Assert.That(_port.Config.Bit(HeaderView.StatusOffset, HeaderView.SignaledSystemError), Is.True);
    }

    [TestCase(0u, false, false)]
    [TestCase(1u, false, true)]
    [TestCase(2u, true, true)]
    public void Dpc_triggers_by_its_trigger_enable(uint enable, bool onNonFatal, bool onFatal)
    {
        foreach (var (message, triggers) in new[] { (NonFatal, onNonFatal), (Fatal, onFatal) })
        {
            MakePort();
            _port.Config.Write(_port.Dpc.Control, 2, enable | 8);
            _port.Root.Receive(message);
            Assert.Multiple(() =>
            {
                Assert.That(_port.Contained, Is.EqualTo(triggers ? 1 : 0));
                Assert.That(_port.Config.Read(_port.Aer.RootErrorStatus) & 0x7F,
                    triggers ? Is.Zero : Is.Not.Zero, "the Message is discarded");
                Assert.That(_port.Config.Read(_port.Dpc.ErrorSourceId, 2), Is.EqualTo(triggers ? message.Requester.Value : 0));
                Assert.That(_port.Interrupts, Is.EqualTo(triggers ? [5] : Array.Empty<int>()));
            });
        }
    }

    [Test]
    public void Dpc_says_why_it_triggered_stays_busy_and_is_left_by_clearing_its_status()
    {
        _port.StaysBusy = true;
        _port.Config.Write(_port.Dpc.Control, 2, 1 | 8 | 1 << 4);
        _port.Root.Receive(Fatal);
        Assert.That(_port.Config.Read(_port.Dpc.Status, 2) & 0x7F, Is.EqualTo(1 | 2 << 1 | 8 | 16));
        Assert.That(_port.Sent, Is.EqualTo(new[] { new ErrorMessage(ErrorSeverity.Correctable, _port.RoutingId) }), "DPC ERR_COR");
        _port.Controller.ClearBusy();
        _port.Config.Write(_port.Dpc.Status, 2, 9);
        Assert.That((_port.Config.Read(_port.Dpc.Status, 2) & 0x19, _port.Released), Is.EqualTo((0u, 1)));
    }

    [Test]
    public void The_ports_own_unmasked_uncorrectable_error_triggers_dpc_instead_of_a_message()
    {
        _port.Config.Write(_port.Dpc.Control, 2, 1);
        var advisory = _port.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Read);
        Assert.That(advisory.IsContained, Is.False, "an advisory error does not (§6.2.11.3)");
        var decision = _port.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Write);
        Assert.Multiple(() =>
        {
            Assert.That(decision.IsContained, Is.True);
            Assert.That(_port.Sent, Is.Empty);
            Assert.That(_port.Config.Read(_port.Dpc.Status, 2) & 7, Is.EqualTo(1));
            Assert.That(_port.Config.Bit(_port.Dpc.Status, 3), Is.False, "Interrupt Status needs Interrupt Enable at the trigger");
        });
    }

    [Test]
    public void Software_triggers_dpc_where_it_is_enabled_in_the_same_write()
    {
        _port.Config.Write(_port.Dpc.Control, 2, 1 << 6);
        Assert.That(_port.Contained, Is.Zero);
        _port.Config.Write(_port.Dpc.Control, 2, 1 << 6 | 2);
        Assert.That((_port.Contained, _port.Config.Read(_port.Dpc.Status, 2) & 0x67), Is.EqualTo((1, 1u | 3 << 1 | 1 << 5)));
        Assert.That(_port.Config.Read(_port.Dpc.Control, 2), Is.EqualTo(2), "DPC Software Trigger reads 0");
    }

    [Test]
    public void A_pio_read_answered_with_ur_is_masked_advisory_or_contained()
    {
        const int memoryUr = 16;
        _port.Config.Write(_port.Dpc.Control, 2, 1);
        _port.Controller.ReportRpPio(memoryUr, TestFunction.Read);
        Assert.That((_port.Contained, _port.Config.Read(_port.Dpc.RpPioHeaderLog)), Is.EqualTo((0, 0u)), "masked by default, not recorded");
        _port.Config.WriteDword(_port.Dpc.RpPioStatus, 1 << memoryUr);
        _port.Config.WriteDword(_port.Dpc.RpPioMask, 0);
        _port.Config.WriteDword(_port.Dpc.RpPioSeverity, 1 << memoryUr);
        _port.Controller.ReportRpPio(memoryUr, TestFunction.Read);
        Assert.Multiple(() =>
        {
            Assert.That(_port.Contained, Is.EqualTo(1));
            Assert.That(_port.Config.Read(_port.Dpc.RpPioHeaderLog), Is.EqualTo(TestFunction.Read.Dw0));
            Assert.That(_port.Config.Read(_port.Dpc.Status, 2), Is.EqualTo(1 | 3 << 1 | memoryUr << 8));
        });
        _port.Config.WriteDword(_port.Dpc.RpPioStatus, 1 << memoryUr);
        Assert.That(_port.Config.Read(_port.Dpc.Status, 2) >> 8, Is.EqualTo(0x1F), "RP PIO First Error Pointer reverts");
    }

    [Test]
    public void The_chain_tells_the_whole_way_from_the_vf_to_the_interrupt()
    {
        var lines = new List<string>();
        using var watching = _port.Trace.Steps.Subscribe((_, in step) => lines.Add($"{step.Chain} {step.Kind}"));
        _port.Config.WriteDword(_port.Aer.RootErrorCommand, 7);
        var function = new TestFunction(_port.Trace, "NIC", null);
        function.Config.Write(function.Express.DeviceControl, 2, 0xF);
        function.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Write);
        _port.Root.Receive(function.Sent.Single());
        Assert.That(lines, Is.EqualTo(new[]
        {
            "1 Detected", "1 Decided", "1 Logged", "1 MessageSent", "1 Forwarded", "1 RootLogged", "1 Interrupt",
        }));
    }
}
