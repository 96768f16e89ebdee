using NUnit.Framework;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Errors;

namespace Sim.Pcie.Tests.Errors;

public sealed class VfErrorTests
{
    private const uint AllEnables = 0xF;

    [Test]
    public void A_vf_reports_by_its_pfs_enables_under_its_own_id()
    {
        var (pf, vf) = Make(vfAer: false);
        vf.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Write);
        Assert.That(vf.Sent, Is.Empty, "URRE and SERR# of the PF are clear");

        pf.Config.Write(pf.Express.DeviceControl, 2, AllEnables);
        var decision = vf.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Write);
        Assert.Multiple(() =>
        {
            Assert.That(vf.Sent, Is.EqualTo(new[] { new ErrorMessage(ErrorSeverity.NonFatal, vf.RoutingId) }));
            Assert.That(pf.Sent, Is.Empty);
            Assert.That((vf.DeviceStatus, pf.DeviceStatus), Is.EqualTo((0xAu, 0u)));
            Assert.That(decision.ToString(), Does.Contain("PF Device Control.Non-Fatal Error Reporting Enable=1 (§7.5.3.4)"));
        });
    }

    [Test]
    public void Serr_of_the_pf_alone_makes_a_posted_ur_of_a_vf_non_fatal()
    {
        var (pf, vf) = Make(vfAer: false);
        pf.Config.Write(HeaderView.CommandOffset, 2, 0x100);
        vf.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Write);
        Assert.Multiple(() =>
        {
            Assert.That(vf.Sent.Single().Severity, Is.EqualTo(ErrorSeverity.NonFatal));
            Assert.That(vf.Config.Bit(HeaderView.StatusOffset, HeaderView.SignaledSystemError), Is.True, "in the VF's own Status");
        });
    }

    [TestCase(VfErrorPolicy.Specification, ErrorSeverity.NonFatal)]
    [TestCase(VfErrorPolicy.PfAerDecides, ErrorSeverity.Fatal)]
    public void The_pfs_severity_reaches_a_vf_without_aer_only_by_policy(VfErrorPolicy policy, ErrorSeverity expected)
    {
        var (pf, vf) = Make(vfAer: false, policy);
        pf.Config.Write(pf.Express.DeviceControl, 2, AllEnables);
        pf.Config.WriteDword(pf.Aer!.UncorrectableSeverity, 1 << 20);
        vf.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Write);
        Assert.That(vf.Sent.Single().Severity, Is.EqualTo(expected));
        Assert.That(pf.Config.Read(pf.Aer.UncorrectableStatus), Is.Zero, "the PF had no error");
    }

    [TestCase(VfErrorPolicy.Specification, 1)]
    [TestCase(VfErrorPolicy.PfAerDecides, 0)]
    public void The_pfs_mask_silences_a_vf_without_aer_only_by_policy(VfErrorPolicy policy, int messages)
    {
        var (pf, vf) = Make(vfAer: false, policy);
        pf.Config.Write(pf.Express.DeviceControl, 2, AllEnables);
        pf.Config.WriteDword(pf.Aer!.UncorrectableMask, 1 << 20);
        vf.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Write);
        Assert.That(vf.Sent, Has.Count.EqualTo(messages));
    }

    [Test]
    public void A_vf_with_aer_logs_itself_under_its_pfs_mask_and_severity()
    {
        var (pf, vf) = Make(vfAer: true);
        pf.Config.Write(pf.Express.DeviceControl, 2, AllEnables);
        vf.Config.WriteDword(vf.Aer!.UncorrectableMask, 0xFFFF_FFFF);
        Assert.That(vf.Config.Read(vf.Aer.UncorrectableMask), Is.EqualTo(1u << 22), "RsvdP but for Uncorrectable Internal Error");

        vf.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Write);
        Assert.Multiple(() =>
        {
            Assert.That(vf.Sent.Single().Severity, Is.EqualTo(ErrorSeverity.NonFatal));
            Assert.That((vf.Aer.FirstErrorPointer, vf.Aer.LoggedHeader), Is.EqualTo((20, TestFunction.Write)));
            Assert.That(pf.Config.Read(pf.Aer!.UncorrectableStatus), Is.Zero);
        });
        pf.Config.WriteDword(pf.Aer!.UncorrectableMask, 1 << 20);
        vf.Reporter.Report(PcieError.UnsupportedRequest, TestFunction.Write);
        Assert.That(vf.Sent, Has.Count.EqualTo(1), "masked in the PF");
    }

    [Test]
    public void An_error_that_belongs_to_no_function_is_logged_in_the_pf()
    {
        var (pf, vf) = Make(vfAer: true);
        vf.Reporter.Report(PcieError.MalformedTlp, TestFunction.Write);
        Assert.That((pf.Config.Read(pf.Aer!.UncorrectableStatus), vf.Config.Read(vf.Aer!.UncorrectableStatus), vf.DeviceStatus),
            Is.EqualTo((1u << 18, 0u, 0u)));
    }

    private static (TestFunction Pf, TestFunction Vf) Make(bool vfAer, VfErrorPolicy policy = VfErrorPolicy.Specification)
    {
        var trace = TestFunction.NewTrace();
        var pf = new TestFunction(trace, "PF", new AerOptions());
        return (pf, new(trace, "VF", vfAer ? new AerOptions { VirtualFunction = true } : null, pf, policy));
    }
}
