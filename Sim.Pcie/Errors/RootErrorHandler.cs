using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Errors;

/// <summary>What a Root Port or Root Complex Event Collector does with an error Message, received or of its own: System Error by Root
/// Control, Root Error Status, Error Source Identification and the interrupt of Root Error Command (§6.2.4.1, §6.2.8.1).</summary>
public sealed class RootErrorHandler
{
    private readonly ErrorTrace _trace;
    private readonly ConfigSpace _config;
    private readonly PciExpressCapability _pcie;
    private readonly AerCapability? _aer;
    private readonly IErrorMessageSink _port;
    private readonly IRootErrorPlatform _platform;
    private readonly BridgeErrorForwarder _bridge;
    private bool _interruptCondition;

    /// <summary>The handler of one Root Port or RCEC.</summary>
    /// <param name="trace">Where decisions are shown.</param>
    /// <param name="pcie">Its PCI Express Capability.</param>
    /// <param name="aer">Its AER capability with root registers, or null.</param>
    /// <param name="port">Gives the port's Routing ID.</param>
    /// <param name="platform">Takes interrupts and System Errors.</param>
    /// <param name="dpc">Its DPC, or null.</param>
    public RootErrorHandler(
        ErrorTrace trace, PciExpressCapability pcie, AerCapability? aer, IErrorMessageSink port, IRootErrorPlatform platform,
        DpcController? dpc = null)
    {
        (_trace, _config, _pcie, _aer, _port, _platform) = (trace, pcie.Config, pcie, aer, port, platform);
        _bridge = new(trace, _config, pcie, port) { Dpc = dpc };
        if (aer is not { Options.RootRegisters: true })
            return;
        // Software that enables the interrupt while status is set makes the condition true: an edge as well (§6.2.4.1.2).
        _config.OnWrite(aer.RootErrorCommand, 4, _ => UpdateInterrupt(0, signals: true));
        _config.OnWrite(aer.RootErrorStatus, 4, _ => UpdateInterrupt(0, signals: true));
        _config.OnReset += _ => UpdateInterrupt(0, signals: false);
    }

    /// <summary>True while an enabled kind of Message has its Received bit set: the level of the virtual INTx wire (§6.2.4.1.2).</summary>
    public bool InterruptCondition => _interruptCondition;

    /// <summary>An error Message arrived at the Root Port from below; an RCEC calls this for its RCiEPs.</summary>
    public void Receive(in ErrorMessage message)
    {
        var isBridge = _pcie.PortType == PciePortType.RootPort;
        if (isBridge ? _bridge.Receive(message) : _bridge.Transmit(message))
            Act(message);
    }

    /// <summary>The port's own <see cref="ErrorReporter"/> sent a Message: it needs no leave to be transmitted any more
    /// (§6.2.4.1.1).</summary>
    public void ReceiveOwn(in ErrorMessage message) => Act(message);

    private void Act(in ErrorMessage message)
    {
        var chain = _trace.ChainOf(message, atJourneysEnd: true);
        if (_aer is { Options.RootRegisters: true })
        {
            Log(message, chain);
            UpdateInterrupt(chain, signals: true, message);
        }
        else
        {
            Show(chain, ErrorStepKind.NoInterrupt, $"has no AER capability: it neither logs {message} nor signals an interrupt", message);
        }
        var systemError = _config.Describe(_pcie.RootControl, (int)message.Severity);
        if (systemError.Value == 0)
            return;
        Show(chain, ErrorStepKind.SystemError, $"raises a System Error for {message}", message, systemError);
        _platform.RaiseSystemError(message);
    }

    private void Log(in ErrorMessage message, long chain)
    {
        var status = _config.Read(_aer!.RootErrorStatus);
        var source = _config.Read(_aer.ErrorSource);
        var id = (uint)message.Requester.Value;
        if (message.Severity == ErrorSeverity.Correctable)
        {
            if ((status & 1) == 0)
                source = source & 0xFFFF_0000 | id;
            status |= (status & 1) == 0 ? 1u : 2u;
        }
        else
        {
            var fatal = message.Severity == ErrorSeverity.Fatal;
            if ((status & 4) == 0)
            {
                source = source & 0xFFFF | id << 16;
                status |= fatal ? 4u | 0x10 : 4u;
            }
            else
            {
                status |= 8;
            }
            status |= fatal ? 0x40u : 0x20u;
        }
        _config.HwSet(_aer.RootErrorStatus, 4, status);
        _config.HwSet(_aer.ErrorSource, 4, source);
        var correctable = message.Severity == ErrorSeverity.Correctable;
        int[] bits = correctable ? [0, 1] : message.Severity == ErrorSeverity.Fatal ? [2, 3, 4, 6] : [2, 3, 5];
        _trace.Show(new(chain, ErrorStepKind.RootLogged, _config.Name, _port.RoutingId,
            $"logs {message}: Root Error Status {status & 0x7FFFFFF:X8}h, Error Source Identification {source:X8}h")
        {
            Message = message,
            Written =
            [
                .. bits.Select(bit => _config.Describe(_aer.RootErrorStatus, bit)).Where(bit => bit.Value != 0),
                _config.Describe(_aer.ErrorSource, correctable ? 0 : 16),
            ],
        });
    }

    private void UpdateInterrupt(long chain, bool signals, ErrorMessage? message = null)
    {
        var command = _config.Read(_aer!.RootErrorCommand);
        var status = _config.Read(_aer.RootErrorStatus);
        // ERR_COR Received, Non-Fatal and Fatal Error Messages Received against the three enables.
        var received = status & 1 | status >> 4 & 6;
        var before = _interruptCondition;
        _interruptCondition = (command & received) != 0;
        if (!signals)
            return;
        var number = (int)(status >> 27);
        if (_interruptCondition && !before)
        {
            Show(chain, ErrorStepKind.Interrupt, $"signals its AER interrupt, message number {number}", message,
                _config.Describe(_aer.RootErrorCommand, int.TrailingZeroCount((int)(command & received))));
            _platform.SignalInterrupt(number);
        }
        else if (message is { } arrived)
        {
            var why = _interruptCondition ? "is already asserting its AER interrupt condition (§6.2.4.1.2)" : "signals no AER interrupt";
            Show(chain, ErrorStepKind.NoInterrupt, why, message, _config.Describe(_aer.RootErrorCommand, (int)arrived.Severity));
        }
    }

    private void Show(long chain, ErrorStepKind kind, string text, ErrorMessage? message, params RegisterBit[] bits) =>
        _trace.Show(new(chain, kind, _config.Name, _port.RoutingId, text) { Bits = bits, Message = message });
}
