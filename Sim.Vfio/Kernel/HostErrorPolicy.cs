using Sim.Core;

namespace Sim.Vfio.Kernel;

/// <summary>Who handles PCIe errors on a platform, as _OSC and the firmware settle it.</summary>
public enum ErrorOwner
{
    /// <summary>The operating system's AER driver.</summary>
    Native,

    /// <summary>Firmware, which takes system errors and reports through GHES.</summary>
    FirmwareFirst,

    /// <summary>Nobody: a system error is an SERR NMI.</summary>
    Serr,
}

/// <summary>The reporting enables of Device Control (§7.5.3.4).</summary>
[Flags]
public enum ReportingEnables
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Correctable Error Reporting Enable.</summary>
    Correctable = 1,

    /// <summary>Non-Fatal Error Reporting Enable.</summary>
    NonFatal = 2,

    /// <summary>Fatal Error Reporting Enable.</summary>
    Fatal = 4,

    /// <summary>Unsupported Request Reporting Enable.</summary>
    UnsupportedRequest = 8,

    /// <summary>All four, as Linux sets them.</summary>
    All = 15,
}

/// <summary>Values of DPC Trigger Enable (§7.9.14.3).</summary>
public enum DpcTrigger
{
    /// <summary>Disabled.</summary>
    Off = 0,

    /// <summary>On ERR_FATAL, as Linux sets it.</summary>
    Fatal = 1,

    /// <summary>On ERR_NONFATAL and ERR_FATAL.</summary>
    NonFatal = 2,
}

/// <summary>
/// Who owns errors on a host and which registers its software programs at start. Nothing here says how an error ends: that follows from the
/// registers and the Messages.
/// </summary>
public sealed record HostErrorPolicy
{
    /// <summary>Who handles errors.</summary>
    public ErrorOwner Owner { get; init; } = ErrorOwner.Native;

    /// <summary>Whose kernel wording and behaviour.</summary>
    public KernelRelease Release { get; init; } = KernelRelease.Linux612;

    /// <summary>Device Control reporting enables of every Function that is no VF.</summary>
    public ReportingEnables Enables { get; init; } = ReportingEnables.All;

    /// <summary>Command.SERR# Enable of every Function that is no VF, and Bridge Control.SERR# Enable of bridges, which forwards the
    /// error Messages from below (§7.5.1.3.13).</summary>
    public bool Serr { get; init; }

    /// <summary>Bridge Control.SERR# Enable: without it a bridge forwards no error Message; Linux leaves what firmware set, which is
    /// on.</summary>
    public bool BridgeForwarding { get; init; } = true;

    /// <summary>Root Error Command enables under <see cref="ErrorOwner.Native"/>; Linux sets all three.</summary>
    public bool RootErrorInterrupts { get; init; } = true;

    /// <summary>DPC Trigger Enable of root ports with DPC.</summary>
    public DpcTrigger Dpc { get; init; } = DpcTrigger.Off;

    /// <summary>Root Control system error enables (bit 0 correctable, 1 non-fatal, 2 fatal) where the owner is not the kernel.</summary>
    public ReportingEnables SystemErrors { get; init; } = ReportingEnables.NonFatal | ReportingEnables.Fatal;

    /// <summary>Uncorrectable Error Severity written to every AER capability; null leaves the default.</summary>
    public uint? UncorrectableSeverity { get; init; }

    /// <summary>Uncorrectable Error Mask written to every AER capability; null leaves the default.</summary>
    public uint? UncorrectableMask { get; init; }

    /// <summary>Correctable Error Mask written to every AER capability; null leaves the default.</summary>
    public uint? CorrectableMask { get; init; }

    /// <summary>The severity that firmware gives the record of an ERR_NONFATAL.</summary>
    public GhesSeverity FirmwareNonFatal { get; init; } = GhesSeverity.Recoverable;

    /// <summary>The severity that firmware gives the record of an ERR_FATAL.</summary>
    public GhesSeverity FirmwareFatal { get; init; } = GhesSeverity.Fatal;

    /// <summary>How long firmware works on a system error before the kernel sees the record.</summary>
    public SimDuration FirmwareLatency { get; init; } = SimDuration.FromMicroseconds(200);

    /// <summary>panic_on_unrecovered_nmi: an SERR NMI ends the host.</summary>
    public bool PanicOnUnrecoveredNmi { get; init; }

    /// <summary>A CPU load whose completion was not successful is a machine check, which ends the host; else it reads all ones.</summary>
    public bool FailedLoadIsMachineCheck { get; init; }

    /// <summary>vfio-pci zaps its users' mappings, and refuses read() and write(), while memory space is disabled or the Function resets;
    /// kernels before 5.8 did not.</summary>
    public bool BlocksDisabledMemory { get; init; } = true;

    /// <summary>How long Secondary Bus Reset stays asserted.</summary>
    public SimDuration ResetAssertion { get; init; } = SimDuration.FromMilliseconds(2);

    /// <summary>How long software waits after a reset before it touches what was reset (§6.6.1: at least 100 ms).</summary>
    public SimDuration ResetWait { get; init; } = SimDuration.FromMilliseconds(100);
}
