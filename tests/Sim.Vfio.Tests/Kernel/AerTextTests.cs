using NUnit.Framework;
using Sim.Pcie.Spec;
using Sim.Vfio.Kernel;

namespace Sim.Vfio.Tests.Kernel;

public sealed class AerTextTests
{
    private const uint UnsupportedRequest = 1u << 20;
    private const uint CompletionTimeout = 1u << 14;

    private static readonly RoutingId Vf = RoutingId.Of(0x1B, 0, 2);

    private static readonly AerRegisters Registers = new(
        UncorrectableStatus: UnsupportedRequest, UncorrectableMask: 0, UncorrectableSeverity: 0x00462030,
        CorrectableStatus: 0x2000, CorrectableMask: 0, Control: 20, Header: new(0x40000001, 0x0000000F, 0x90028090, 0));

    [TestCase(false, AerSeverity.NonFatal, KernelRelease.Linux516, "AER: Uncorrected (Non-Fatal) error received: 0000:1b:00.2")]
    [TestCase(true, AerSeverity.Correctable, KernelRelease.Linux516, "AER: Multiple Corrected error received: 0000:1b:00.2")]
    [TestCase(false, AerSeverity.Fatal, KernelRelease.Linux612, "AER: Uncorrectable (Fatal) error message received from 0000:1b:00.2")]
    [TestCase(true, AerSeverity.NonFatal, KernelRelease.Linux612,
        "AER: Multiple Uncorrectable (Non-Fatal) error message received from 0000:1b:00.2")]
    [TestCase(false, AerSeverity.NonFatal, KernelRelease.Linux616,
        "AER: Uncorrectable (Non-Fatal) error message received from 0000:1b:00.2 (no details found")]
    public void The_root_port_names_severity_and_source(bool multiple, AerSeverity severity, KernelRelease release, string expected) =>
        Assert.That(AerText.MessageReceived(multiple, severity, Vf, detailsFound: false, release), Is.EqualTo(expected));

    [Test]
    public void A_source_without_details_gets_a_second_line_until_6_16() => Assert.Multiple(() =>
    {
        Assert.That(AerText.NoDetails(Vf, KernelRelease.Linux516), Is.EqualTo("AER: can't find device of ID1b02"));
        Assert.That(AerText.NoDetails(Vf, KernelRelease.Linux612), Is.EqualTo("AER: found no error details for 0000:1b:00.2"));
        Assert.That(AerText.NoDetails(Vf, KernelRelease.Linux616), Is.Null);
    });

    [Test]
    public void A_reporter_prints_bus_error_status_bits_and_header() =>
        Assert.That(AerText.Details(AerSeverity.NonFatal, Registers, 0x15B3, 0x101E, KernelRelease.Linux612), Is.EqualTo(new[]
        {
            "PCIe Bus Error: severity=Uncorrectable (Non-Fatal), type=Transaction Layer, (Requester ID)",
            "  device [15b3:101e] error status/mask=00100000/00000000",
            "   [20] UnsupReq               (First)",
            "AER:   TLP Header: 40000001 0000000f 90028090 00000000",
        }));

    [Test]
    public void Since_6_16_the_header_DWs_carry_0x() =>
        Assert.That(AerText.Details(AerSeverity.NonFatal, Registers, 0x15B3, 0x101E, KernelRelease.Linux616).Last(),
            Is.EqualTo("AER:   TLP Header: 0x40000001 0x0000000f 0x90028090 0x00000000"));

    [Test]
    public void Masked_bits_are_not_printed_and_the_first_error_is_marked()
    {
        const uint unexpectedCompletion = 1u << 16;
        var registers = Registers with
        {
            UncorrectableStatus = UnsupportedRequest | CompletionTimeout | unexpectedCompletion,
            UncorrectableMask = unexpectedCompletion,
            Control = 14,
        };
        Assert.That(AerText.Details(AerSeverity.NonFatal, registers, 1, 2, KernelRelease.Linux612).Skip(1).Take(3), Is.EqualTo(new[]
        {
            "  device [0001:0002] error status/mask=00114000/00010000",
            "   [14] CmpltTO                (First)",
            "   [20] UnsupReq              ",
        }));
    }

    [Test]
    public void The_header_is_printed_for_six_errors_only() => Assert.Multiple(() =>
    {
        for (var bit = 0; bit < 32; bit++)
        {
            var registers = Registers with { UncorrectableStatus = 1u << bit };
            var lines = AerText.Details(AerSeverity.Fatal, registers, 1, 2, KernelRelease.Linux612);
            Assert.That(lines.Any(l => l.Contains("TLP Header")), Is.EqualTo(bit is 12 or 15 or 16 or 18 or 19 or 20), $"bit {bit}");
        }
    });

    [Test]
    public void A_correctable_error_prints_its_own_registers_and_no_header() =>
        Assert.That(AerText.Details(AerSeverity.Correctable, Registers, 0x8086, 0x6F08, KernelRelease.Linux612), Is.EqualTo(new[]
        {
            "PCIe Bus Error: severity=Correctable, type=Transaction Layer, (Receiver ID)",
            "  device [8086:6f08] error status/mask=00002000/00000000",
            "   [13] NonFatalErr           ",
        }));

    [TestCase(AerSeverity.Correctable, 1u << 0, "Physical Layer", "Receiver ID")]
    [TestCase(AerSeverity.Correctable, 1u << 6, "Data Link Layer", "Receiver ID")]
    [TestCase(AerSeverity.Correctable, 1u << 7, "Data Link Layer", "Receiver ID")]
    [TestCase(AerSeverity.Correctable, 1u << 8, "Data Link Layer", "Transmitter ID")]
    [TestCase(AerSeverity.Correctable, 1u << 12, "Data Link Layer", "Transmitter ID")]
    [TestCase(AerSeverity.Correctable, 1u << 13, "Transaction Layer", "Receiver ID")]
    [TestCase(AerSeverity.Fatal, 1u << 4, "Data Link Layer", "Receiver ID")]
    [TestCase(AerSeverity.NonFatal, 1u << 14, "Transaction Layer", "Requester ID")]
    [TestCase(AerSeverity.NonFatal, 1u << 15, "Transaction Layer", "Completer ID")]
    [TestCase(AerSeverity.NonFatal, 1u << 20, "Transaction Layer", "Requester ID")]
    [TestCase(AerSeverity.Fatal, 1u << 18, "Transaction Layer", "Receiver ID")]
    public void Layer_and_agent_follow_from_the_status(
        AerSeverity severity, uint status, string layer, string agent) => Assert.Multiple(() =>
    {
        Assert.That(AerNames.Layer(severity, status), Is.EqualTo(layer));
        Assert.That(AerNames.Agent(severity, status), Is.EqualTo(agent));
    });

    [Test]
    public void A_fatal_error_of_an_endpoint_is_inaccessible() =>
        Assert.That(AerText.Inaccessible(AerSeverity.Fatal, KernelRelease.Linux612), Is.EqualTo(
            "AER: PCIe Bus Error: severity=Uncorrectable (Fatal), type=Inaccessible, (Unregistered Agent ID)"));

    [Test]
    public void Registers_from_firmware_are_printed_in_the_other_order() =>
        Assert.That(AerText.FirmwareDetails(AerSeverity.NonFatal, Registers, KernelRelease.Linux612), Is.EqualTo(new[]
        {
            "AER: aer_status: 0x00100000, aer_mask: 0x00000000",
            "   [20] UnsupReq               (First)",
            "AER: aer_layer=Transaction Layer, aer_agent=Requester ID",
            "AER: aer_uncor_severity: 0x00462030",
            "AER:   TLP Header: 40000001 0000000f 90028090 00000000",
        }));

    [Test]
    public void Recovery_lines_read_as_the_kernels() => Assert.Multiple(() =>
    {
        Assert.That(AerText.Recovery(true), Is.EqualTo("AER: device recovery successful"));
        Assert.That(AerText.Recovery(false), Is.EqualTo("AER: device recovery failed"));
        Assert.That(AerText.LinkReset(true, 0), Is.EqualTo("AER: Root Port link has been reset (0)"));
        Assert.That(AerText.LinkReset(false, 0), Is.EqualTo("AER: Downstream Port link has been reset (0)"));
        Assert.That(AerText.Device("vfio-pci", Vf, AerText.NoCallback),
            Is.EqualTo("vfio-pci 0000:1b:00.2: AER: can't recover (no error_detected callback)"));
    });
}
