using NUnit.Framework;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Errors;

namespace Sim.Pcie.Tests.Errors;

/// <summary>The sequence of §6.2.5 against a second telling of it, over every combination of the registers that decide.</summary>
public sealed class ErrorFlowTests
{
    private const int Ur = 20;

    [Test]
    public void An_unsupported_request_is_signaled_as_the_rules_say_for_every_setting(
        [Values] bool posted, [Values] bool hasAer, [Values] bool roleBased)
    {
        for (var bits = 0; bits < 256; bits++)
        {
            var s = new Settings(bits);
            var function = Make(s, hasAer, roleBased);
            var decision = function.Reporter.Report(PcieError.UnsupportedRequest, posted ? TestFunction.Write : TestFunction.Read);
            var sent = function.Sent.Count == 0 ? (ErrorSeverity?)null : function.Sent.Single().Severity;
            var status = function.Config.Read(HeaderView.StatusOffset, 2) >> HeaderView.SignaledSystemError & 1;
            Assert.Multiple(() =>
            {
                Assert.That(sent, Is.EqualTo(Expected(s, posted, hasAer, roleBased)), $"{s}\n{decision}");
                Assert.That(status != 0, Is.EqualTo(sent is ErrorSeverity.NonFatal or ErrorSeverity.Fatal && s.Serr), $"{s}\n{decision}");
                Assert.That(function.DeviceStatus, Is.EqualTo(ExpectedDeviceStatus(s, posted, hasAer, roleBased)), $"{s}\n{decision}");
            });
        }
    }

    [Test]
    public void An_advisory_error_that_is_masked_leaves_the_uncorrectable_registers_alone()
    {
        var function = Make(new(0), hasAer: true, roleBased: true);
        var aer = function.Aer!;
        function.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Read);
        Assert.That((function.Config.Read(aer.CorrectableStatus), function.Config.Read(aer.UncorrectableStatus)),
            Is.EqualTo((0x2000u, 1u << Ur)));

        function.Config.WriteDword(aer.CorrectableStatus, 0xFFFF_FFFF);
        function.Config.WriteDword(aer.UncorrectableStatus, 0xFFFF_FFFF);
        function.Config.WriteDword(aer.CorrectableMask, 0x2000);
        function.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Read);
        Assert.That((function.Config.Read(aer.CorrectableStatus), function.Config.Read(aer.UncorrectableStatus)),
            Is.EqualTo((0x2000u, 0u)));
    }

    [Test]
    public void A_masked_error_sets_its_status_and_records_nothing()
    {
        var function = Make(new(0), hasAer: true, roleBased: true);
        function.Config.WriteDword(function.Aer!.UncorrectableMask, 1u << Ur);
        function.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Write);
        Assert.Multiple(() =>
        {
            Assert.That(function.Config.Read(function.Aer.UncorrectableStatus), Is.EqualTo(1u << Ur));
            Assert.That(function.Aer.FirstErrorPointerIsValid, Is.False);
            Assert.That(function.Aer.LoggedHeader.Dw0, Is.Zero);
        });
    }

    [TestCase(PcieError.PoisonedTlpReceived, DetectingRole.UltimateReceiver, ErrorSeverity.NonFatal)]
    [TestCase(PcieError.PoisonedTlpReceived, DetectingRole.IntermediateReceiver, ErrorSeverity.Correctable)]
    [TestCase(PcieError.PoisonedTlpReceived, DetectingRole.TolerantReceiver, ErrorSeverity.Correctable)]
    [TestCase(PcieError.EcrcCheckFailed, DetectingRole.IntermediateReceiver, ErrorSeverity.Correctable)]
    [TestCase(PcieError.CompletionTimeout, DetectingRole.UltimateReceiver, ErrorSeverity.NonFatal)]
    [TestCase(PcieError.CompletionTimeout, DetectingRole.RetryingRequester, ErrorSeverity.Correctable)]
    [TestCase(PcieError.UnexpectedCompletion, DetectingRole.UltimateReceiver, ErrorSeverity.Correctable)]
    [TestCase(PcieError.CompleterAbort, DetectingRole.UltimateReceiver, ErrorSeverity.NonFatal)]
    [TestCase(PcieError.MalformedTlp, DetectingRole.IntermediateReceiver, ErrorSeverity.Fatal)]
    [TestCase(PcieError.ReceiverOverflow, DetectingRole.UltimateReceiver, ErrorSeverity.Fatal)]
    [TestCase(PcieError.BadTlp, DetectingRole.UltimateReceiver, ErrorSeverity.Correctable)]
    public void The_role_of_the_detector_decides_what_is_advisory(PcieError error, DetectingRole role, ErrorSeverity expected)
    {
        var function = Make(new(0b1111_0000), hasAer: true, roleBased: true);
        function.Reporter.Report(error, TestFunction.Write, role);
        Assert.That(function.Sent.Select(message => message.Severity), Is.EqualTo(new[] { expected }));
    }

    [TestCase(PcieError.UnexpectedCompletion)]
    [TestCase(PcieError.UnsupportedRequest)]
    public void A_function_without_aer_sends_no_message_for_an_advisory_case(PcieError error)
    {
        var function = Make(new(0b1111_0000), hasAer: false, roleBased: true);
        var decision = function.Reporter.Report(error, TestFunction.Read);
        Assert.That(function.Sent, Is.Empty, decision.ToString());
        Assert.That(decision.ToString(), Does.Contain("§6.2.3.2.4"));
    }

    [Test]
    public void The_decision_names_the_bits_that_silenced_it()
    {
        var function = Make(new(0), hasAer: false, roleBased: true);
        var decision = function.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Write);
        Assert.That(decision.ToString().Split('\n')[^1], Is.EqualTo(
            "fn 01:00.0 sends no Message: Device Control.Unsupported Request Reporting Enable=0 (§7.5.3.4), "
            + "Command.SERR# Enable=0 (§7.5.1.1.3)"));
    }

    private static TestFunction Make(Settings s, bool hasAer, bool roleBased)
    {
        var function = new TestFunction(TestFunction.NewTrace(), "fn", hasAer ? new AerOptions() : null, roleBased: roleBased);
        function.Config.Write(HeaderView.CommandOffset, 2, s.Serr ? 0x100u : 0);
        function.Config.Write(function.Express.DeviceControl, 2,
            (s.Cere ? 1u : 0) | (s.Nfere ? 2u : 0) | (s.Fere ? 4u : 0) | (s.Urre ? 8u : 0));
        if (function.Aer is { } aer)
        {
            function.Config.WriteDword(aer.UncorrectableMask, s.Masked ? 1u << Ur : 0);
            function.Config.WriteDword(aer.UncorrectableSeverity, 0x0046_2030 | (s.Fatal ? 1u << Ur : 0));
            function.Config.WriteDword(aer.CorrectableMask, s.AdvisoryMasked ? 0x2000u : 0);
        }
        return function;
    }

    private static ErrorSeverity? Expected(Settings s, bool posted, bool hasAer, bool roleBased)
    {
        var fatal = hasAer && s.Fatal;
        var advisory = !fatal && !posted && roleBased;
        if (advisory)
            return hasAer && !s.AdvisoryMasked && s.Urre && s.Cere ? ErrorSeverity.Correctable : null;
        if (hasAer && s.Masked)
            return null;
        var urEnabled = s.Urre || (s.Serr && roleBased);
        var classEnabled = s.Serr || (fatal ? s.Fere : s.Nfere);
        return urEnabled && classEnabled ? fatal ? ErrorSeverity.Fatal : ErrorSeverity.NonFatal : null;
    }

    private static uint ExpectedDeviceStatus(Settings s, bool posted, bool hasAer, bool roleBased)
    {
        var fatal = hasAer && s.Fatal;
        return 8u | (fatal ? 4u : !posted && roleBased ? 1u : 2u);
    }

    private readonly record struct Settings(int Bits)
    {
        public bool Masked => (Bits & 1) != 0;

        public bool Fatal => (Bits & 2) != 0;

        public bool AdvisoryMasked => (Bits & 4) != 0;

        public bool Serr => (Bits & 8) != 0;

        public bool Urre => (Bits & 16) != 0;

        public bool Cere => (Bits & 32) != 0;

        public bool Nfere => (Bits & 64) != 0;

        public bool Fere => (Bits & 128) != 0;
    }
}
