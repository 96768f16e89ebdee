using NUnit.Framework;
using Sim.Core;
using Sim.Iommu;
using Sim.Pcie.Spec;
using Sim.Vfio.Kernel;

namespace Sim.Vfio.Tests.Kernel;

public sealed class KernelTextTests
{
    private static readonly RoutingId Vf = RoutingId.Of(0x1B, 0, 2);

    [TestCase(0x1F01, KernelRelease.Linux612, "DPC: containment event, status:0x1f01 source:0x1b02",
        "DPC: unmasked uncorrectable error detected")]
    [TestCase(0x1F03, KernelRelease.Linux612, "DPC: containment event, status:0x1f03 source:0x1b02", "DPC: ERR_NONFATAL detected")]
    [TestCase(0x1F05, KernelRelease.Linux612, "DPC: containment event, status:0x1f05 source:0x1b02", "DPC: ERR_FATAL detected")]
    [TestCase(0x1F07, KernelRelease.Linux612, "DPC: containment event, status:0x1f07 source:0x1b02", "DPC: RP PIO error detected")]
    [TestCase(0x1F27, KernelRelease.Linux612, "DPC: containment event, status:0x1f27 source:0x1b02", "DPC: software trigger detected")]
    public void A_containment_event_takes_two_lines(int status, KernelRelease release, string first, string second) =>
        Assert.That(DpcText.Containment((ushort)status, Vf, release), Is.EqualTo(new[] { first, second }));

    [TestCase(0x1F05, "DPC: containment event, status:0x1f05, ERR_FATAL received from 0000:1b:00.2")]
    [TestCase(0x0009, "DPC: containment event, status:0x0009: unmasked uncorrectable error detected")]
    public void Since_6_16_a_containment_event_takes_one_line(int status, string line) =>
        Assert.That(DpcText.Containment((ushort)status, Vf, KernelRelease.Linux616), Is.EqualTo(new[] { line }));

    [Test]
    public void A_fatal_platform_record_reads_as_in_published_logs()
    {
        // Values and lines of a public report (i40e, Linux 6.x, PowerEdge C4140).
        var record = new GhesRecord(RoutingId.Of(5, 0, 1), 0, 0x0006, 0x0010, 0, 0x8086, 0x1572, 0x020000, null,
            new AerRegisters(0x00100000, 0x00018000, 0x000EF030, 0, 0, 0, new(0x40000001, 0x0000000F, 0x90028090, 0)));
        var lines = GhesText.Record(1, 5, GhesSeverity.Fatal, record, KernelRelease.Linux516).Append(GhesText.Panic);
        Assert.That(string.Join('\n', lines), Is.EqualTo(
            """
            {1}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 5
            {1}[Hardware Error]: event severity: fatal
            {1}[Hardware Error]:  Error 0, type: fatal
            {1}[Hardware Error]:   section_type: PCIe error
            {1}[Hardware Error]:   port_type: 0, PCIe end point
            {1}[Hardware Error]:   version: 3.0
            {1}[Hardware Error]:   command: 0x0006, status: 0x0010
            {1}[Hardware Error]:   device_id: 0000:05:00.1
            {1}[Hardware Error]:   slot: 0
            {1}[Hardware Error]:   secondary_bus: 0x00
            {1}[Hardware Error]:   vendor_id: 0x8086, device_id: 0x1572
            {1}[Hardware Error]:   class_code: 020000
            {1}[Hardware Error]:   aer_uncor_status: 0x00100000, aer_uncor_mask: 0x00018000
            {1}[Hardware Error]:   aer_uncor_severity: 0x000ef030
            {1}[Hardware Error]:   TLP Header: 40000001 0000000f 90028090 00000000
            Kernel panic - not syncing: Fatal hardware error!
            """.ReplaceLineEndings("\n")));
    }

    [Test]
    public void A_bridge_without_AER_values_prints_its_secondary_side()
    {
        var record = new GhesRecord(RoutingId.Of(0xC9, 2, 0), 4, 0x0547, 0x4010, 0xCA, 0x8086, 0x347A, 0x060400, (0x2800, 0x0013), null);
        var lines = GhesText.Record(2, 1, GhesSeverity.Recoverable, record, KernelRelease.Linux612).ToArray();
        Assert.That(lines[1], Is.EqualTo("{2}[Hardware Error]: event severity: recoverable"));
        Assert.That(lines[^1], Is.EqualTo("{2}[Hardware Error]:   bridge: secondary_status: 0x2800, control: 0x0013"));
        Assert.That(lines, Has.Some.EqualTo("{2}[Hardware Error]:   port_type: 4, root port"));
    }

    [Test]
    public void A_corrected_record_says_so_and_carries_AER_values_since_6_12()
    {
        var record = new GhesRecord(RoutingId.Of(0, 0, 0), 4, 0x0540, 0x0010, 0, 0x8086, 0x2020, 0x060000, null, default(AerRegisters));
        var before = GhesText.Record(1, 0, GhesSeverity.Corrected, record, KernelRelease.Linux516).ToArray();
        Assert.That(before[1], Is.EqualTo("{1}[Hardware Error]: It has been corrected by h/w and requires no further action"));
        Assert.That(before, Has.None.Contains("aer_"));
        var since = GhesText.Record(1, 0, GhesSeverity.Corrected, record, KernelRelease.Linux612);
        Assert.That(since, Has.Some.Contains("aer_cor_status: 0x00000000"));
    }

    [Test]
    public void DMA_faults_name_request_device_address_and_reason() => Assert.Multiple(() =>
    {
        Assert.That(IommuText.Fault(new(default, Vf, 0x12345678, true, FaultReason.WriteNotPermitted)), Is.EqualTo(
            "DMAR: [DMA Write NO_PASID] Request device [1b:00.2] fault addr 0x12345000 [fault reason 0x05] PTE Write access is not set"));
        Assert.That(IommuText.Fault(new(default, Vf, 0x1000, false, FaultReason.ContextEntryNotPresent)), Is.EqualTo(
            "DMAR: [DMA Read NO_PASID] Request device [1b:00.2] fault addr 0x1000 [fault reason 0x02] "
            + "Present bit in context entry is clear"));
        Assert.That(IommuText.Fault(new(default, Vf, 0x2000, false, FaultReason.SecondStageNotPermitted)), Is.EqualTo(
            "DMAR: [DMA Read NO_PASID] Request device [1b:00.2] fault addr 0x2000 [fault reason 0x79] "
            + "SM: Read/Write permission error in second-level paging entry"));
        Assert.That(IommuText.Fault(new(default, Vf, 0x12ul << 48, true, FaultReason.InterruptFormatBlocked)), Is.EqualTo(
            "DMAR: [INTR-REMAP] Request device [1b:00.2] fault index 0x12 [fault reason 0x25] "
            + "Blocked a compatibility format interrupt request"));
    });

    [Test]
    public void The_SERR_NMI_reads_as_the_kernels() =>
        Assert.That(SerrText.Nmi(), Is.EqualTo("NMI: PCI system error (SERR) for reason b1 on CPU 0."));

    [Test]
    public void Log_lines_carry_seconds_and_microseconds()
    {
        var sim = new Simulator();
        var log = new KernelLog(sim);
        sim.RunUntil(new SimTime(1_234_567_999_999_999));
        log.Write(KernelLogLevel.Error, "pcieport 0000:00:1c.0: AER: device recovery failed");
        Assert.That(log.Lines[0].ToString(), Is.EqualTo("[    1.234567] pcieport 0000:00:1c.0: AER: device recovery failed"));
    }

    [Test]
    public void A_rate_limit_lets_so_many_lines_through_per_interval()
    {
        var limit = new RateLimit(10, SimDuration.FromSeconds(5));
        var allowed = Enumerable.Range(0, 25).Count(_ => limit.Allow(SimTime.Zero));
        Assert.That(allowed, Is.EqualTo(10));
        Assert.That(limit.Suppressed, Is.EqualTo(15));
        Assert.That(limit.Allow(SimTime.Zero + SimDuration.FromSeconds(5)), Is.False);
        Assert.That(limit.Allow(SimTime.Zero + SimDuration.FromSeconds(5) + new SimDuration(1)), Is.True);
    }
}
