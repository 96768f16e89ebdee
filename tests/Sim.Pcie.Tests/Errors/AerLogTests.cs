using NUnit.Framework;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Tests.Errors;

public sealed class AerLogTests
{
    [Test]
    public void Defaults_are_the_specifications()
    {
        var function = new TestFunction(TestFunction.NewTrace(), "fn", new AerOptions { Errors = Enum.GetValues<PcieError>() });
        var aer = function.Aer!;
        Assert.Multiple(() =>
        {
            Assert.That(function.Config.Read(aer.UncorrectableMask), Is.EqualTo(0x0440_0000),
                "Internal and Poisoned TLP Egress Blocked (§7.8.4.3)");
            Assert.That(function.Config.Read(aer.UncorrectableSeverity), Is.EqualTo(0x1046_2030),
                "DLP, SDES, FCP, RxOF, Malformed, Internal, IDE (§7.8.4.4)");
            Assert.That(function.Config.Read(aer.CorrectableMask), Is.EqualTo(0xE000),
                "Advisory, Internal, Header Log Overflow (§7.8.4.6)");
        });
    }

    [Test]
    public void The_table_has_each_error_once_and_each_bit_once()
    {
        foreach (var error in Enum.GetValues<PcieError>())
            Assert.That(ErrorTable.Of(error).Error, Is.EqualTo(error));
        var bits = ErrorTable.All.Select(facts => (facts.IsCorrectable, facts.Bit)).ToList();
        Assert.That(bits, Is.Unique);
        Assert.That(bits, Has.No.Member((true, ErrorTable.AdvisoryNonFatalBit)));
    }

    [Test]
    public void The_first_error_keeps_the_log_until_software_dismisses_it()
    {
        var function = new TestFunction(TestFunction.NewTrace(), "fn", new AerOptions());
        var aer = function.Aer!;
        function.Reporter.Report(PcieError.MalformedTlp, TestFunction.Read);
        function.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Write);
        Assert.Multiple(() =>
        {
            Assert.That((aer.FirstErrorPointer, aer.LoggedHeader), Is.EqualTo((18, TestFunction.Read)));
            Assert.That(function.Config.Read(aer.CorrectableStatus), Is.EqualTo(0x8000), "Header Log Overflow");
        });
        function.Config.WriteDword(aer.UncorrectableStatus, 1u << 18);
        Assert.That(aer.FirstErrorPointerIsValid, Is.False, "the second was not recorded");
        function.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Write);
        Assert.That((aer.FirstErrorPointer, aer.LoggedHeader), Is.EqualTo((20, TestFunction.Write)));
    }

    [Test]
    public void Several_headers_are_recorded_in_order_where_enabled()
    {
        var function = new TestFunction(TestFunction.NewTrace(), "fn", new AerOptions { HeaderRecords = 2 });
        var aer = function.Aer!;
        function.Config.WriteDword(aer.Control, 1 << 10);
        function.Reporter.Report(PcieError.MalformedTlp, TestFunction.Read);
        function.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Write);
        Assert.That(function.Config.Read(aer.CorrectableStatus), Is.Zero);
        function.Reporter.Report(PcieError.EcrcCheckFailed, TestFunction.Write);
        Assert.That(function.Config.Read(aer.CorrectableStatus), Is.EqualTo(0x8000), "two records only");

        function.Config.WriteDword(aer.UncorrectableStatus, 1u << 18);
        Assert.That((aer.FirstErrorPointer, aer.LoggedHeader, aer.FirstErrorPointerIsValid), Is.EqualTo((20, TestFunction.Write, true)));
    }

    [Test]
    public void Prefixes_are_logged_beside_the_header()
    {
        var function = new TestFunction(TestFunction.NewTrace(), "fn", new AerOptions { TlpPrefixLog = true });
        var aer = function.Aer!;
        function.Reporter.Report(PcieError.MalformedTlp, TestFunction.Read, prefixes: [0x9100_0005]);
        Assert.That((function.Config.Read(aer.TlpPrefixLog), function.Config.Bit(aer.Control, 11)), Is.EqualTo((0x9100_0005u, true)));
    }

    [Test]
    public void Aer_status_survives_a_hot_reset_and_not_a_fundamental_one()
    {
        var function = new TestFunction(TestFunction.NewTrace(), "fn", new AerOptions());
        var aer = function.Aer!;
        function.Reporter.Report(PcieError.MalformedTlp, TestFunction.Read);
        function.Config.Write(function.Express.DeviceControl, 2, 0xF);
        function.Config.Reset(ResetKind.Hot);
        Assert.That((aer.FirstErrorPointerIsValid, aer.LoggedHeader, function.DeviceStatus,
                function.Config.Read(function.Express.DeviceControl, 2) & 0xF),
            Is.EqualTo((true, TestFunction.Read, 0u, 0u)));
        function.Config.Reset(ResetKind.Fundamental);
        Assert.That((function.Config.Read(aer.UncorrectableStatus), aer.LoggedHeader.Dw0), Is.EqualTo((0u, 0u)));
    }

    [Test]
    public void A_12_byte_header_leaves_the_fourth_dword_zero()
    {
        var function = new TestFunction(TestFunction.NewTrace(), "fn", new AerOptions());
        function.Reporter.Report(PcieError.MalformedTlp, new TlpHeader(0x0000_0001, 0xF, 0x1000, 0xDEAD_BEEF));
        Assert.That(function.Config.Read(function.Aer!.HeaderLog + 12), Is.Zero);
    }
}
