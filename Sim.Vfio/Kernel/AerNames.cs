namespace Sim.Vfio.Kernel;

/// <summary>The words of the Linux AER driver for severities, layers, agents and error bits.</summary>
public static class AerNames
{
    /// <summary>Uncorrectable errors whose header the driver prints: Poisoned TLP, Completer Abort, Unexpected Completion, Malformed TLP,
    /// ECRC, Unsupported Request.</summary>
    public const uint HeaderLogged = 1u << 12 | 1u << 15 | 1u << 16 | 1u << 18 | 1u << 19 | 1u << 20;

    private const uint ReceiverError = 1u << 0;
    private const uint DataLinkCorrectable = 1u << 6 | 1u << 7 | Replay;
    private const uint Replay = 1u << 8 | 1u << 12;
    private const uint DataLinkProtocol = 1u << 4;
    private const uint CompleterAbort = 1u << 15;
    private const uint RequesterErrors = 1u << 14 | 1u << 20;

    /// <summary>The severity as the release prints it.</summary>
    public static string Severity(AerSeverity severity, KernelRelease release) => (severity, release) switch
    {
        (AerSeverity.Correctable, KernelRelease.Linux516) => "Corrected",
        (AerSeverity.NonFatal, KernelRelease.Linux516) => "Uncorrected (Non-Fatal)",
        (AerSeverity.Fatal, KernelRelease.Linux516) => "Uncorrected (Fatal)",
        (AerSeverity.Correctable, _) => "Correctable",
        (AerSeverity.NonFatal, _) => "Uncorrectable (Non-Fatal)",
        _ => "Uncorrectable (Fatal)",
    };

    /// <summary>The layer that a status belongs to; the lowest layer among several errors wins.</summary>
    public static string Layer(AerSeverity severity, uint status)
    {
        if (severity != AerSeverity.Correctable)
            return (status & DataLinkProtocol) != 0 ? "Data Link Layer" : "Transaction Layer";
        if ((status & ReceiverError) != 0) return "Physical Layer";
        return (status & DataLinkCorrectable) != 0 ? "Data Link Layer" : "Transaction Layer";
    }

    /// <summary>Which role the reporter had.</summary>
    public static string Agent(AerSeverity severity, uint status)
    {
        if (severity == AerSeverity.Correctable) return (status & Replay) != 0 ? "Transmitter ID" : "Receiver ID";
        if ((status & CompleterAbort) != 0) return "Completer ID";
        return (status & RequesterErrors) != 0 ? "Requester ID" : "Receiver ID";
    }

    /// <summary>The short name of a status bit, 0 to 31; "Unknown Error Bit" for a bit without one.</summary>
    public static string Bit(AerSeverity severity, int bit) =>
        (severity == AerSeverity.Correctable ? Correctable(bit) : Uncorrectable(bit)) ?? "Unknown Error Bit";

    private static string? Correctable(int bit) => bit switch
    {
        0 => "RxErr",
        6 => "BadTLP",
        7 => "BadDLLP",
        8 => "Rollover",
        12 => "Timeout",
        13 => "NonFatalErr",
        14 => "CorrIntErr",
        15 => "HeaderOF",
        _ => null,
    };

    private static string? Uncorrectable(int bit) => bit switch
    {
        4 => "DLP",
        5 => "SDES",
        12 => "TLP",
        13 => "FCP",
        14 => "CmpltTO",
        15 => "CmpltAbrt",
        16 => "UnxCmplt",
        17 => "RxOF",
        18 => "MalfTLP",
        19 => "ECRC",
        20 => "UnsupReq",
        21 => "ACSViol",
        22 => "UncorrIntErr",
        23 => "BlockedTLP",
        24 => "AtomicOpBlocked",
        25 => "TLPBlockedErr",
        26 => "PoisonTLPBlocked",
        _ => null,
    };
}
