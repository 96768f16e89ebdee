namespace Sim.Pcie.Errors;

/// <summary>Every error of §6.2.7. The facts of each stand in <see cref="ErrorTable"/>.</summary>
public enum PcieError
{
    /// <summary>Receiver Error (Physical Layer).</summary>
    ReceiverError,

    /// <summary>Bad TLP.</summary>
    BadTlp,

    /// <summary>Bad DLLP.</summary>
    BadDllp,

    /// <summary>REPLAY_NUM Rollover.</summary>
    ReplayNumRollover,

    /// <summary>Replay Timer Timeout.</summary>
    ReplayTimerTimeout,

    /// <summary>Corrected Internal Error.</summary>
    CorrectedInternal,

    /// <summary>Header Log Overflow.</summary>
    HeaderLogOverflow,

    /// <summary>Data Link Protocol Error.</summary>
    DataLinkProtocol,

    /// <summary>Surprise Down.</summary>
    SurpriseDown,

    /// <summary>Poisoned TLP Received.</summary>
    PoisonedTlpReceived,

    /// <summary>Flow Control Protocol Error.</summary>
    FlowControlProtocol,

    /// <summary>Completion Timeout.</summary>
    CompletionTimeout,

    /// <summary>Completer Abort.</summary>
    CompleterAbort,

    /// <summary>Unexpected Completion.</summary>
    UnexpectedCompletion,

    /// <summary>Receiver Overflow.</summary>
    ReceiverOverflow,

    /// <summary>Malformed TLP.</summary>
    MalformedTlp,

    /// <summary>ECRC Check Failed.</summary>
    EcrcCheckFailed,

    /// <summary>Unsupported Request.</summary>
    UnsupportedRequest,

    /// <summary>ACS Violation.</summary>
    AcsViolation,

    /// <summary>Uncorrectable Internal Error.</summary>
    UncorrectableInternal,

    /// <summary>MC Blocked TLP.</summary>
    McBlockedTlp,

    /// <summary>AtomicOp Egress Blocked.</summary>
    AtomicOpEgressBlocked,

    /// <summary>TLP Prefix Blocked.</summary>
    TlpPrefixBlocked,

    /// <summary>Poisoned TLP Egress Blocked.</summary>
    PoisonedTlpEgressBlocked,

    /// <summary>DMWr Request Egress Blocked.</summary>
    DmwrEgressBlocked,

    /// <summary>IDE Check Failed.</summary>
    IdeCheckFailed,

    /// <summary>Misrouted IDE TLP.</summary>
    MisroutedIdeTlp,

    /// <summary>PCRC Check Failed.</summary>
    PcrcCheckFailed,

    /// <summary>TLP Translation Egress Blocked.</summary>
    TlpTranslationEgressBlocked,
}
