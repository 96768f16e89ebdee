using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Errors;

/// <summary>What a port does when DPC triggers and ends.</summary>
public interface IContainedPort : IErrorMessageSink
{
    /// <summary>DPC triggered: take the Link down and discard traffic below (§2.9.3). RP Busy is cleared later with
    /// <see cref="DpcController.ClearBusy"/> if this returns true.</summary>
    /// <returns>True if the Root Port stays busy for a time.</returns>
    bool BeginContainment();

    /// <summary>Software cleared DPC Trigger Status: the Link may train again.</summary>
    void EndContainment();

    /// <summary>Signals the DPC interrupt.</summary>
    /// <param name="messageNumber">DPC Interrupt Message Number.</param>
    void SignalInterrupt(int messageNumber);

    /// <summary>Raises a System Error for an RP PIO error (§6.2.11.3).</summary>
    void RaiseSystemError(in ErrorMessage message);
}

/// <summary>Why DPC triggered: DPC Trigger Reason, and its Extension in bits 3:2 (§7.9.14.4).</summary>
public enum DpcReason
{
    /// <summary>An unmasked uncorrectable error of the port itself.</summary>
    UnmaskedUncorrectable = 0,

    /// <summary>ERR_NONFATAL received.</summary>
    NonFatalMessage = 1,

    /// <summary>ERR_FATAL received.</summary>
    FatalMessage = 2,

    /// <summary>An RP PIO error.</summary>
    RpPio = 3,

    /// <summary>DPC Software Trigger written.</summary>
    Software = 3 | 1 << 2,
}

/// <summary>Downstream Port Containment of one port: when it triggers, what it logs and signals, how it ends (§6.2.11).</summary>
public sealed class DpcController
{
    private readonly ErrorTrace _trace;
    private readonly ConfigSpace _config;
    private readonly PciExpressCapability _pcie;
    private readonly IContainedPort _port;
    private bool _interruptCondition;
    private long _containing;

    /// <summary>The controller of one Root Port or Switch Downstream Port.</summary>
    /// <param name="trace">Where decisions are shown.</param>
    /// <param name="pcie">The port's PCI Express Capability.</param>
    /// <param name="capability">Its DPC capability.</param>
    /// <param name="port">The port.</param>
    public DpcController(ErrorTrace trace, PciExpressCapability pcie, DpcCapability capability, IContainedPort port)
    {
        (_trace, _config, _pcie, Capability, _port) = (trace, pcie.Config, pcie, capability, port);
        _config.OnWrite(capability.Control, 2, OnControlWritten);
        _config.OnWrite(capability.Status, 2, OnStatusWritten);
        if (capability.Options.RootPortExtensions)
            _config.OnWrite(capability.RpPioStatus, 4, OnRpPioStatusWritten);
        _config.OnReset += _ => _interruptCondition = InterruptCondition;
    }

    /// <summary>The registers.</summary>
    public DpcCapability Capability { get; }

    private bool InterruptCondition => _config.Bit(Capability.Control, 3) && _config.Bit(Capability.Status, 3);

    /// <summary>Status of a Non-Posted Request whose port has its link down: Unsupported Request (§2.9.1), in DPC what DPC Completion
    /// Control says (§2.9.3).</summary>
    public static CompletionStatus StatusWhileDown(DpcController? dpc) =>
        dpc is { Capability: { IsTriggered: true, CompletesWithUnsupportedRequest: false } }
            ? CompletionStatus.CompleterAbort
            : CompletionStatus.UnsupportedRequest;

    /// <summary>An unmasked uncorrectable error of the port itself: triggers DPC if it is enabled at all.</summary>
    /// <returns>True if DPC took it, so that no Message is sent.</returns>
    public bool TryContainOwnError(ErrorDecision decision) =>
        Capability.TriggerEnable is 1 or 2 && !Capability.IsTriggered
        && Trigger(DpcReason.UnmaskedUncorrectable, null, decision.Chain);

    /// <summary>An error Message from below: ERR_FATAL triggers with Trigger Enable 01b, both uncorrectable Messages with 10b.</summary>
    /// <returns>True if the Message ended here.</returns>
    public bool TryContainMessage(in ErrorMessage message)
    {
        var triggers = message.Severity switch
        {
            ErrorSeverity.Fatal => Capability.TriggerEnable is 1 or 2,
            ErrorSeverity.NonFatal => Capability.TriggerEnable == 2,
            _ => false,
        };
        if (!triggers || Capability.IsTriggered)
            return false;
        var reason = message.Severity == ErrorSeverity.Fatal ? DpcReason.FatalMessage : DpcReason.NonFatalMessage;
        return Trigger(reason, message, _trace.ChainOf(message, atJourneysEnd: true));
    }

    /// <summary>A Non-Posted Request of the host ended badly (§6.2.11.3).</summary>
    /// <param name="outcome">Bit in the RP PIO registers: space (0 configuration, 8 I/O, 16 memory) plus 0 UR, 1 CA, 2 Completion
    /// Timeout.</param>
    /// <param name="request">The request.</param>
    /// <returns>True if the instruction takes a synchronous exception (RP PIO Exception).</returns>
    public bool ReportRpPio(int outcome, in TlpHeader request)
    {
        if (!Capability.Options.RootPortExtensions)
            return false;
        var chain = _trace.BeginChain();
        var exception = _config.Bit(Capability.RpPioException, outcome);
        var pointer = (int)_config.Read(Capability.Status, 2) >> 8 & 0x1F;
        var occupied = _config.Bit(Capability.RpPioStatus, pointer);
        _config.HwSetBits(Capability.RpPioStatus, 4, 1u << outcome);
        var mask = _config.Describe(Capability.RpPioMask, outcome);
        Show(chain, mask.Value == 0 ? ErrorStepKind.Detected : ErrorStepKind.NoMessage, $"detected RP PIO error on {request}", null, mask);
        if (mask.Value != 0)
            return exception;

        if (!occupied)
            LogRpPio(outcome, request);
        if (_config.Bit(Capability.RpPioSysError, outcome))
        {
            Show(chain, ErrorStepKind.SystemError, "raises a System Error", null, _config.Describe(Capability.RpPioSysError, outcome));
            _port.RaiseSystemError(new(ErrorSeverity.Fatal, _port.RoutingId));
        }
        if (!_config.Bit(Capability.RpPioSeverity, outcome))
            SendErrCor(chain);
        else if (Capability.TriggerEnable is 1 or 2 && !Capability.IsTriggered)
            Trigger(DpcReason.RpPio, null, chain);
        return exception;
    }

    /// <summary>The Root Port has finished cleaning up: DPC RP Busy reads 0.</summary>
    public void ClearBusy() => _config.HwClearBits(Capability.Status, 2, 1u << 4);

    private bool Trigger(DpcReason reason, ErrorMessage? message, long chain)
    {
        _containing = chain;
        var status = _config.Read(Capability.Status, 2) & ~0x66u | 1
            | (_config.Bit(Capability.Control, 3) ? 1u << 3 : 0)
            | ((uint)reason & 3) << 1 | ((uint)reason >> 2) << 5;
        _config.HwSet(Capability.Status, 2, status);
        if (message is { } received)
            _config.HwSet(Capability.ErrorSourceId, 2, received.Requester.Value);
        RegisterBit[] written = [_config.Describe(Capability.Status, 0)];
        if (message is not null) written = [.. written, _config.Describe(Capability.ErrorSourceId, 0)];
        _trace.Show(new(chain, ErrorStepKind.Contained, _config.Name, _port.RoutingId,
            $"triggers DPC, {reason}" + (message is { } m ? $": {m} goes no further" : ""))
        {
            Bits = [_config.Describe(Capability.Control, 0), _config.Describe(Capability.Status, 1)],
            Written = written,
            Message = message,
        });
        if (_port.BeginContainment() && Capability.Options.RootPortExtensions)
            _config.HwSetBits(Capability.Status, 2, 1u << 4);
        // The ERR_COR goes before the MSI (§6.2.11.2).
        SendErrCor(chain);
        UpdateInterrupt(chain);
        return true;
    }

    private void LogRpPio(int outcome, in TlpHeader request)
    {
        _config.HwSet(Capability.RpPioHeaderLog, 4, request.Dw0);
        _config.HwSet(Capability.RpPioHeaderLog + 4, 4, request.Dw1);
        _config.HwSet(Capability.RpPioHeaderLog + 8, 4, request.Dw2);
        _config.HwSet(Capability.RpPioHeaderLog + 12, 4, request.HeaderDwords == 4 ? request.Dw3 : 0);
        _config.HwSet(Capability.Status, 2, _config.Read(Capability.Status, 2) & ~0x1F00u | (uint)outcome << 8);
    }

    private void SendErrCor(long chain)
    {
        // Not an error of the port: Correctable Error Detected stays clear (§6.2.11.2).
        var dpcEnable = _config.Describe(Capability.Control, 4);
        var enable = _config.Describe(_pcie.DeviceControl, PciExpressCapability.CorrectableReportingEnable);
        if (dpcEnable.Value == 0 || enable.Value == 0)
            return;
        var message = new ErrorMessage(ErrorSeverity.Correctable, _port.RoutingId);
        Show(chain, ErrorStepKind.MessageSent, "sends ERR_COR for DPC", message, dpcEnable, enable);
        _trace.Sent(message, chain);
        _port.SendErrorMessage(message);
    }

    private void OnControlWritten(ConfigWrite write)
    {
        var shift = (Capability.Control & 3) * 8;
        var softwareTrigger = (write.Ones >> shift & 1 << 6) != 0;
        if (softwareTrigger && Capability.TriggersBySoftware && Capability.TriggerEnable is 1 or 2 && !Capability.IsTriggered)
            Trigger(DpcReason.Software, null, _trace.BeginChain());
        else
            UpdateInterrupt(0);
    }

    private void OnRpPioStatusWritten(ConfigWrite write)
    {
        var pointer = (int)_config.Read(Capability.Status, 2) >> 8 & 0x1F;
        if ((write.Fallen >> pointer & 1) != 0)
            _config.HwSetBits(Capability.Status, 2, 0x1F00);
    }

    private void OnStatusWritten(ConfigWrite write)
    {
        var shift = (Capability.Status & 3) * 8;
        UpdateInterrupt(0);
        if ((write.Fallen >> shift & 1) == 0)
            return;
        Show(_containing, ErrorStepKind.Released, "leaves DPC", null, _config.Describe(Capability.Status, 0));
        _port.EndContainment();
    }

    private void UpdateInterrupt(long chain)
    {
        var before = _interruptCondition;
        _interruptCondition = InterruptCondition;
        if (!_interruptCondition || before)
            return;
        var number = Capability.Options.InterruptMessageNumber;
        Show(chain, ErrorStepKind.Interrupt, $"signals its DPC interrupt, message number {number}", null,
            _config.Describe(Capability.Control, 3));
        _port.SignalInterrupt(number);
    }

    private void Show(long chain, ErrorStepKind kind, string text, ErrorMessage? message, params RegisterBit[] bits) =>
        _trace.Show(new(chain, kind, _config.Name, _port.RoutingId, text) { Bits = bits, Message = message });
}
