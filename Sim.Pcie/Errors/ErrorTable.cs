using static Sim.Pcie.Errors.AdvisoryCases;
using static Sim.Pcie.Errors.ErrorAgent;
using static Sim.Pcie.Errors.ErrorLayer;
using static Sim.Pcie.Errors.ErrorSeverity;
using static Sim.Pcie.Errors.PcieError;

namespace Sim.Pcie.Errors;

/// <summary>The one table of errors: AER bit, default severity and mask, layer, header logging and advisory cases (§6.2.7,
/// §7.8.4).</summary>
public static class ErrorTable
{
    /// <summary>Advisory Non-Fatal Error in the Correctable Error Status and Mask registers; masked by default (§7.8.4.6).</summary>
    public const int AdvisoryNonFatalBit = 13;

    private static readonly ErrorFacts[] Rows =
    [
        new(ReceiverError, 0, Correctable, Physical, "Receiver Error", "RxErr"),
        new(BadTlp, 6, Correctable, DataLink, "Bad TLP", "BadTLP"),
        new(BadDllp, 7, Correctable, DataLink, "Bad DLLP", "BadDLLP"),
        new(ReplayNumRollover, 8, Correctable, DataLink, "REPLAY_NUM Rollover", "Rollover") { Agent = Transmitter },
        new(ReplayTimerTimeout, 12, Correctable, DataLink, "Replay Timer Timeout", "Timeout") { Agent = Transmitter },
        new(CorrectedInternal, 14, Correctable, Transaction, "Corrected Internal Error", "CorrIntErr")
            { MaskedByDefault = true, FunctionSpecific = true, VfHasOwnControls = true },
        new(HeaderLogOverflow, 15, Correctable, Transaction, "Header Log Overflow", "HeaderOF")
            { MaskedByDefault = true, FunctionSpecific = true, VfHasOwnControls = true },
        new(DataLinkProtocol, 4, Fatal, DataLink, "Data Link Protocol Error", "DLP"),
        new(SurpriseDown, 5, Fatal, DataLink, "Surprise Down Error", "SDES"),
        new(PoisonedTlpReceived, 12, NonFatal, Transaction, "Poisoned TLP Received", "TLP")
            { HeaderLogged = true, Advisory = IntermediateReceiver | TolerantReceiver, FunctionSpecific = true },
        new(FlowControlProtocol, 13, Fatal, Transaction, "Flow Control Protocol Error", "FCP"),
        new(CompletionTimeout, 14, NonFatal, Transaction, "Completion Timeout", "CmpltTO")
            { Advisory = RetryingRequester, Agent = Requester, FunctionSpecific = true },
        new(CompleterAbort, 15, NonFatal, Transaction, "Completer Abort", "CmpltAbrt")
            { HeaderLogged = true, Advisory = CompleterOfNonPosted, Agent = Completer, FunctionSpecific = true },
        new(UnexpectedCompletion, 16, NonFatal, Transaction, "Unexpected Completion", "UnxCmplt")
            { HeaderLogged = true, Advisory = Always, FunctionSpecific = true },
        new(ReceiverOverflow, 17, Fatal, Transaction, "Receiver Overflow", "RxOF"),
        new(MalformedTlp, 18, Fatal, Transaction, "Malformed TLP", "MalfTLP") { HeaderLogged = true },
        new(EcrcCheckFailed, 19, NonFatal, Transaction, "ECRC Error", "ECRC")
            { HeaderLogged = true, Advisory = CompleterOfNonPosted | IntermediateReceiver },
        new(UnsupportedRequest, 20, NonFatal, Transaction, "Unsupported Request Error", "UnsupReq")
            { HeaderLogged = true, Advisory = CompleterOfNonPosted, Agent = Requester, FunctionSpecific = true },
        new(AcsViolation, 21, NonFatal, Transaction, "ACS Violation", "ACSViol")
            { HeaderLogged = true, Advisory = CompleterOfNonPosted, FunctionSpecific = true },
        new(UncorrectableInternal, 22, Fatal, Transaction, "Uncorrectable Internal Error", "UncorrIntErr")
            { MaskedByDefault = true, FunctionSpecific = true, VfHasOwnControls = true },
        new(McBlockedTlp, 23, NonFatal, Transaction, "MC Blocked TLP", "BlockedTLP")
            { HeaderLogged = true, FunctionSpecific = true, VfHasOwnControls = true },
        new(AtomicOpEgressBlocked, 24, NonFatal, Transaction, "AtomicOp Egress Blocked", "AtomicOpBlocked")
            { HeaderLogged = true, Advisory = CompleterOfNonPosted },
        new(TlpPrefixBlocked, 25, NonFatal, Transaction, "TLP Prefix Blocked Error", "TLPBlockedErr")
            { HeaderLogged = true, Advisory = CompleterOfNonPosted },
        new(PoisonedTlpEgressBlocked, 26, NonFatal, Transaction, "Poisoned TLP Egress Blocked", "PoisonTLPBlocked")
            { HeaderLogged = true, Advisory = CompleterOfNonPosted, MaskedByDefault = true },
        new(DmwrEgressBlocked, 27, NonFatal, Transaction, "DMWr Request Egress Blocked", "DMWrReqBlocked")
            { HeaderLogged = true, Advisory = CompleterOfNonPosted },
        new(IdeCheckFailed, 28, Fatal, Transaction, "IDE Check Failed", "IDECheck") { HeaderLogged = true },
        new(MisroutedIdeTlp, 29, NonFatal, Transaction, "Misrouted IDE TLP", "MisIDETLP") { HeaderLogged = true },
        new(PcrcCheckFailed, 30, NonFatal, Transaction, "PCRC Check Failed", "PCRC_CHECK")
            { HeaderLogged = true, Advisory = TolerantReceiver },
        new(TlpTranslationEgressBlocked, 31, NonFatal, Transaction, "TLP Translation Egress Blocked", "TLPXlatBlocked")
            { HeaderLogged = true, Advisory = CompleterOfNonPosted },
    ];

    private static readonly ErrorFacts?[] UncorrectableByBit = ByBit(correctable: false);
    private static readonly ErrorFacts?[] CorrectableByBit = ByBit(correctable: true);

    /// <summary>Every row, in the order of <see cref="PcieError"/>.</summary>
    public static IReadOnlyList<ErrorFacts> All => Rows;

    /// <summary>The facts of one error.</summary>
    public static ErrorFacts Of(PcieError error) => Rows[(int)error];

    /// <summary>The uncorrectable error with an AER bit, or null where the bit is reserved.</summary>
    public static ErrorFacts? Uncorrectable(int bit) => UncorrectableByBit[bit];

    /// <summary>The correctable error with an AER bit, or null: reserved, or Advisory Non-Fatal, which is no error of its own.</summary>
    public static ErrorFacts? CorrectableError(int bit) => CorrectableByBit[bit];

    /// <summary>The error that a text names: by its name in the registers ("Malformed TLP"), in kernel logs ("MalfTLP") or with hyphens
    /// ("malformed-tlp"), in either case.</summary>
    public static ErrorFacts? Find(string name)
    {
        var word = WordOf(name);
        foreach (var row in Rows)
        {
            var known = WordOf(row.Name);
            if (row.KernelName.Equals(name, StringComparison.OrdinalIgnoreCase) || known == word || known == word + "-error")
                return row;
        }

        return null;
    }

    /// <summary>A name as a script writes it: "malformed-tlp", "replay-num-rollover".</summary>
    public static string WordOf(string name) => name.ToLowerInvariant().Replace(' ', '-').Replace('_', '-');

    private static ErrorFacts?[] ByBit(bool correctable)
    {
        var byBit = new ErrorFacts?[32];
        foreach (var row in Rows)
            if (row.IsCorrectable == correctable)
                byBit[row.Bit] = row;
        return byBit;
    }
}
