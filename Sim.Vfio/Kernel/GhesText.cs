using Sim.Pcie.Spec;

namespace Sim.Vfio.Kernel;

/// <summary>The error severities of ACPI's platform error records (UEFI appendix N).</summary>
public enum GhesSeverity
{
    /// <summary>Corrected: log only.</summary>
    Corrected,

    /// <summary>Recoverable: the operating system recovers the device.</summary>
    Recoverable,

    /// <summary>Fatal: the operating system panics.</summary>
    Fatal,
}

/// <summary>The PCIe section of a platform error record, filled by firmware from the Function's registers.</summary>
/// <param name="Id">The Function.</param>
/// <param name="PortType">Device/Port Type of PCI Express Capabilities (§7.5.3.2): 0 Endpoint, 4 Root Port, ...</param>
/// <param name="Command">Command register.</param>
/// <param name="Status">Status register.</param>
/// <param name="SecondaryBus">Secondary Bus Number of a bridge, else 0.</param>
/// <param name="Vendor">Vendor ID.</param>
/// <param name="Device">Device ID.</param>
/// <param name="ClassCode">Class Code, 24 bits.</param>
/// <param name="Bridge">Secondary Status and Bridge Control of a bridge.</param>
/// <param name="Aer">AER registers, if the Function has them.</param>
public sealed record GhesRecord(
    RoutingId Id, int PortType, ushort Command, ushort Status, int SecondaryBus, ushort Vendor, ushort Device, uint ClassCode,
    (ushort SecondaryStatus, ushort Control)? Bridge, AerRegisters? Aer);

/// <summary>What Linux prints for a platform error record with a PCIe section, and how it ends a fatal one.</summary>
public static class GhesText
{
    /// <summary>The last line of a host that received a fatal record.</summary>
    public const string Panic = "Kernel panic - not syncing: Fatal hardware error!";

    /// <summary>The lines of one record.</summary>
    /// <param name="sequence">The record's number since boot, from 1: the "{n}" of every line.</param>
    /// <param name="source">The number of the error source in the firmware's table.</param>
    /// <param name="severity">The record's severity.</param>
    /// <param name="record">The PCIe section.</param>
    /// <param name="release">Whose wording: before 6.12 AER values are printed for fatal records only.</param>
    public static IEnumerable<string> Record(int sequence, int source, GhesSeverity severity, GhesRecord record, KernelRelease release)
    {
        var p = $"{{{sequence}}}[Hardware Error]: ";
        yield return $"{p}Hardware error from APEI Generic Hardware Error Source: {source}";
        if (severity == GhesSeverity.Corrected) yield return $"{p}It has been corrected by h/w and requires no further action";
        yield return $"{p}event severity: {Name(severity)}";
        yield return $"{p} Error 0, type: {Name(severity)}";
        yield return $"{p}  section_type: PCIe error";
        yield return $"{p}  port_type: {record.PortType}, {PortType(record.PortType)}";
        yield return $"{p}  version: 3.0";
        yield return $"{p}  command: 0x{record.Command:x4}, status: 0x{record.Status:x4}";
        yield return $"{p}  device_id: {AerText.Bdf(record.Id)}";
        yield return $"{p}  slot: 0";
        yield return $"{p}  secondary_bus: 0x{record.SecondaryBus:x2}";
        yield return $"{p}  vendor_id: 0x{record.Vendor:x4}, device_id: 0x{record.Device:x4}";
        yield return $"{p}  class_code: {record.ClassCode:x6}";
        if (record.Bridge is { } bridge)
            yield return $"{p}  bridge: secondary_status: 0x{bridge.SecondaryStatus:x4}, control: 0x{bridge.Control:x4}";
        if (record.Aer is not { } aer || (release == KernelRelease.Linux516 && severity != GhesSeverity.Fatal)) yield break;
        if (release != KernelRelease.Linux516)
            yield return $"{p}  aer_cor_status: 0x{aer.CorrectableStatus:x8}, aer_cor_mask: 0x{aer.CorrectableMask:x8}";
        yield return $"{p}  aer_uncor_status: 0x{aer.UncorrectableStatus:x8}, aer_uncor_mask: 0x{aer.UncorrectableMask:x8}";
        yield return $"{p}  aer_uncor_severity: 0x{aer.UncorrectableSeverity:x8}";
        yield return $"{p}  TLP Header: {aer.Header.Dw0:x8} {aer.Header.Dw1:x8} {aer.Header.Dw2:x8} {aer.Header.Dw3:x8}";
    }

    private static string Name(GhesSeverity severity) => severity switch
    {
        GhesSeverity.Corrected => "corrected",
        GhesSeverity.Recoverable => "recoverable",
        _ => "fatal",
    };

    private static string PortType(int type) => type switch
    {
        0 => "PCIe end point",
        1 => "legacy PCI end point",
        4 => "root port",
        5 => "upstream switch port",
        6 => "downstream switch port",
        7 => "PCIe to PCI/PCI-X bridge",
        8 => "PCI/PCI-X to PCIe bridge",
        9 => "root complex integrated endpoint device",
        10 => "root complex event collector",
        _ => "unknown",
    };
}
