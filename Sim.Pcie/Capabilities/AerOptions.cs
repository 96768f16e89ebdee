using Sim.Pcie.Errors;

namespace Sim.Pcie.Capabilities;

/// <summary>What a Function's Advanced Error Reporting Capability implements.</summary>
public sealed record AerOptions
{
    /// <summary>Errors an Endpoint commonly implements.</summary>
    public static IReadOnlyList<PcieError> EndpointErrors { get; } =
    [
        PcieError.ReceiverError, PcieError.BadTlp, PcieError.BadDllp, PcieError.ReplayNumRollover, PcieError.ReplayTimerTimeout,
        PcieError.CorrectedInternal, PcieError.HeaderLogOverflow, PcieError.DataLinkProtocol, PcieError.PoisonedTlpReceived,
        PcieError.FlowControlProtocol, PcieError.CompletionTimeout, PcieError.CompleterAbort, PcieError.UnexpectedCompletion,
        PcieError.ReceiverOverflow, PcieError.MalformedTlp, PcieError.EcrcCheckFailed, PcieError.UnsupportedRequest,
        PcieError.UncorrectableInternal,
    ];

    /// <summary>Errors a Root Port or Switch Port commonly implements.</summary>
    public static IReadOnlyList<PcieError> PortErrors { get; } =
    [
        .. EndpointErrors, PcieError.SurpriseDown, PcieError.AcsViolation,
        PcieError.AtomicOpEgressBlocked, PcieError.PoisonedTlpEgressBlocked,
    ];

    /// <summary>Errors implemented: their bits exist in status, mask and severity. ACS Violation belongs here wherever ACS is
    /// implemented.</summary>
    public IReadOnlyList<PcieError> Errors { get; init; } = EndpointErrors;

    /// <summary>True for a Root Port or Root Complex Event Collector: Root Error Command, Root Error Status, Error Source
    /// Identification.</summary>
    public bool RootRegisters { get; init; }

    /// <summary>Advanced Error Interrupt Message Number of a Root Port.</summary>
    public int InterruptMessageNumber { get; init; }

    /// <summary>Headers that can be recorded; more than 1 makes Multiple Header Recording Capable.</summary>
    public int HeaderRecords { get; init; } = 1;

    /// <summary>ECRC Generation Capable and ECRC Check Capable.</summary>
    public bool Ecrc { get; init; } = true;

    /// <summary>TLP Prefix Log Register present (End-End TLP Prefix Supported).</summary>
    public bool TlpPrefixLog { get; init; }

    /// <summary>Completion Timeout Prefix/Header Log Capable.</summary>
    public bool CompletionTimeoutLog { get; init; }

    /// <summary>Capability Version, 1 or 2.</summary>
    public int Version { get; init; } = 2;

    /// <summary>True in a VF: fields that §7.8.4 marks VF RsvdP read 0 and the PF's settings apply; errors that are not Function-specific
    /// are absent.</summary>
    public bool VirtualFunction { get; init; }
}
