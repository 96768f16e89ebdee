using Sim.Pcie.Spec;

namespace Sim.Vfio.Kernel;

/// <summary>
/// What the Linux AER driver prints, line by line, from register values alone. Lines come without driver and device name; the caller
/// prefixes them with <see cref="Device"/>. "AER: " appears exactly on the lines on which the kernel has it.
/// </summary>
public static class AerText
{
    /// <summary>"driver 0000:1b:00.2: text".</summary>
    public static string Device(string driver, RoutingId id, string text) => $"{driver} {Bdf(id)}: {text}";

    /// <summary>A Routing ID as the kernel prints it, in segment 0: "0000:1b:00.2".</summary>
    public static string Bdf(RoutingId id) => $"0000:{id.Bus:x2}:{id.Device:x2}.{id.Function}";

    /// <summary>The Root Port's line for a received error Message.</summary>
    /// <param name="multiple">The Multiple bit of Root Error Status was set as well.</param>
    /// <param name="severity">Which Message.</param>
    /// <param name="source">Error Source Identification.</param>
    /// <param name="detailsFound">Whether a reporter with unmasked status was found below the port.</param>
    /// <param name="release">Whose wording.</param>
    public static string MessageReceived(bool multiple, AerSeverity severity, RoutingId source, bool detailsFound, KernelRelease release)
    {
        var prefix = $"AER: {(multiple ? "Multiple " : "")}{AerNames.Severity(severity, release)}";
        return release switch
        {
            KernelRelease.Linux516 => $"{prefix} error received: {Bdf(source)}",
            KernelRelease.Linux612 => $"{prefix} error message received from {Bdf(source)}",
            // The parenthesis stays open: so does the kernel's.
            _ => $"{prefix} error message received from {Bdf(source)}{(detailsFound ? "" : " (no details found")}",
        };
    }

    /// <summary>The Root Port's second line when no reporter was found; null where the release says it on the first.</summary>
    public static string? NoDetails(RoutingId source, KernelRelease release) => release switch
    {
        KernelRelease.Linux516 => $"AER: can't find device of ID{source.Value:x4}",
        KernelRelease.Linux612 => $"AER: found no error details for {Bdf(source)}",
        _ => null,
    };

    /// <summary>A fatal error of a Function above which the Link may be dead: its registers were not read.</summary>
    public static string Inaccessible(AerSeverity severity, KernelRelease release)
    {
        var text = $"PCIe Bus Error: severity={AerNames.Severity(severity, release)}, type=Inaccessible, (Unregistered Agent ID)";
        return "AER: " + text;
    }

    /// <summary>The reporter's lines: bus error, status and mask, one line per unmasked bit, the header where the driver prints
    /// one.</summary>
    public static IEnumerable<string> Details(
        AerSeverity severity, in AerRegisters registers, ushort vendor, ushort device, KernelRelease release)
    {
        var status = registers.StatusFor(severity);
        var mask = registers.MaskFor(severity);
        return
        [
            $"PCIe Bus Error: severity={AerNames.Severity(severity, release)}, type={AerNames.Layer(severity, status)}, "
                + $"({AerNames.Agent(severity, status)})",
            $"  device [{vendor:x4}:{device:x4}] error status/mask={status:x8}/{mask:x8}",
            .. Bits(severity, registers),
            .. Header(severity, registers, release),
        ];
    }

    /// <summary>The lines for a reporter whose registers firmware handed over (GHES), printed before recovery.</summary>
    public static IEnumerable<string> FirmwareDetails(AerSeverity severity, in AerRegisters registers, KernelRelease release)
    {
        var status = registers.StatusFor(severity);
        var prefix = release == KernelRelease.Linux616 ? "" : "AER: ";
        List<string> lines =
        [
            $"{prefix}aer_status: 0x{status:x8}, aer_mask: 0x{registers.MaskFor(severity):x8}",
            .. Bits(severity, registers),
            $"{prefix}aer_layer={AerNames.Layer(severity, status)}, aer_agent={AerNames.Agent(severity, status)}",
        ];
        if (severity != AerSeverity.Correctable) lines.Add($"{prefix}aer_uncor_severity: 0x{registers.UncorrectableSeverity:x8}");
        lines.AddRange(Header(severity, registers, release));
        return lines;
    }

    /// <summary>Added after the details of the reporter that Error Source Identification names, when there were several
    /// reporters.</summary>
    public const string ReportedFirst = "AER:   Error of this Agent is reported first";

    /// <summary>A driver without error_detected: it beats every other vote.</summary>
    public const string NoCallback = "AER: can't recover (no error_detected callback)";

    /// <summary>The secondary bus reset of the recovery, with its return code.</summary>
    public static string LinkReset(bool rootPort, int code) =>
        $"AER: {(rootPort ? "Root" : "Downstream")} Port link has been reset ({code})";

    /// <summary>How recovery ended.</summary>
    public static string Recovery(bool successful) => $"AER: device recovery {(successful ? "successful" : "failed")}";

    private static IEnumerable<string> Bits(AerSeverity severity, AerRegisters registers)
    {
        var status = registers.StatusFor(severity) & ~registers.MaskFor(severity);
        for (var bit = 0; bit < 32; bit++)
        {
            if ((status & 1u << bit) == 0) continue;
            // Correctable errors have no First Error Pointer; the kernel compares with 0 then, so bit 0 alone reads as first.
            var first = severity == AerSeverity.Correctable ? bit == 0 : bit == registers.FirstErrorPointer;
            yield return $"   [{bit,2}] {AerNames.Bit(severity, bit),-22}{(first ? " (First)" : "")}";
        }
    }

    private static IEnumerable<string> Header(AerSeverity severity, AerRegisters registers, KernelRelease release)
    {
        if (severity == AerSeverity.Correctable || (registers.UncorrectableStatus & AerNames.HeaderLogged) == 0) yield break;
        var (dw0, dw1, dw2, dw3) = registers.Header;
        yield return release == KernelRelease.Linux616
            ? $"AER:   TLP Header: 0x{dw0:x8} 0x{dw1:x8} 0x{dw2:x8} 0x{dw3:x8}"
            : $"AER:   TLP Header: {dw0:x8} {dw1:x8} {dw2:x8} {dw3:x8}";
    }
}
