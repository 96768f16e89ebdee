using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Topology;

/// <summary>A Root Port: a link end, a Type 1 function on bus 0, and the registers where the errors of its hierarchy end
/// (§6.2.6).</summary>
public sealed class RootPort : Port, IContainedPort, IRootErrorPlatform
{
    private static readonly SimDuration RpBusyTime = SimDuration.FromMicroseconds(10);

    private readonly RootComplex _root;
    private readonly SimEvent _rpBusy;
    private readonly DownstreamLinkControl _linkControl;

    internal RootPort(RootComplex root, string name, RootPortOptions options, int device)
        : base(root.Sim, name, options.Credits)
    {
        _root = root;
        _rpBusy = new SimEvent(root.Sim, () => Dpc?.ClearBusy());
        Options = options;
        Function = FunctionTemplates.RootPort(root.Sim, name, device, options);
        Function.Id = RoutingId.Of(0, device, 0);
        Dpc = Function.Dpc is { } dpc ? new DpcController(ErrorTrace, Function.Express, dpc, this) : null;
        Function.AttachErrors(new ErrorReporter(ErrorTrace, Function.Config, Function.Express, Function.Aer, this) { Dpc = Dpc });
        Requester = new HostRequester(this, root.Options.Latency);
        Peers = new PeerRequester(this, root.Options.Latency);
        Messages = new RootMessages(root, this);
        Gate = new TranslationGate(root, this);
        RootErrors = new RootErrorHandler(ErrorTrace, Function.Express, Function.Aer, this, this, Dpc);
        _linkControl = new DownstreamLinkControl(this, Function);
    }

    /// <summary>What it was made with.</summary>
    public RootPortOptions Options { get; }

    /// <summary>The Type 1 function.</summary>
    public BridgeFunction Function { get; }

    /// <inheritdoc/>
    public override Function ErrorFunction => Function;

    /// <summary>Root Error Status and what follows from it.</summary>
    public RootErrorHandler RootErrors { get; }

    /// <summary>Downstream Port Containment, if the port has it.</summary>
    public DpcController? Dpc { get; }

    /// <summary>System Errors that this port raised (§6.2.6), with the Message that caused them.</summary>
    public Probe<ErrorMessage> SystemErrors { get; } = new();

    internal HostRequester Requester { get; }

    /// <summary>Requests of other root ports' hierarchies that leave by this one under its own ID.</summary>
    internal PeerRequester Peers { get; }

    /// <summary>INTx wires, PME and LTR of the hierarchy below.</summary>
    public RootMessages Messages { get; }

    /// <summary>Where requests from below wait for the translation agent.</summary>
    internal TranslationGate Gate { get; }

    /// <inheritdoc/>
    protected override SimDuration ResponseLatency => _root.Options.Latency;

    /// <inheritdoc/>
    protected internal override void Receive(in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        if (IsSuspicious(in tlp, Function.MaxPayloadSize) && !Admits(in tlp, from)) return;
        if (header.IsCompletion) _root.ReceiveCompletion(this, in tlp, from);
        else if (header.IsMessage) ReceiveMessage(in tlp, from);
        else if (header.IsConfiguration) Refuse(in tlp, from, Function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
        else if (!Function.ForwardsUpstream)
        {
            if (Routes.IsObserved) Routes.Show(this, in header, "lets no request up", null, [Function.DescribeBusMaster()]);
            Refuse(in tlp, from, Function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
        }
        else if (Function.Acs != AcsFeatures.None
            && !AcsRules.Admits(Function.Acs, Function.ClaimsBus((byte)header.RequesterId.Bus), header.At))
        {
            if (Routes.IsObserved)
                Routes.Show(this, in header, "does not pass Source Validation or Translation Blocking", null,
                    Function.DescribeAcs(AcsFeatures.SourceValidation | AcsFeatures.TranslationBlocking, null));
            Refuse(in tlp, from, Function, PcieError.AcsViolation, CompletionStatus.CompleterAbort);
        }
        else _root.ReceiveRequest(this, in tlp, from);
    }

    /// <inheritdoc/>
    protected internal override void OnLost(in Tlp tlp)
    {
        if (tlp.Header.RequesterId == HostRequester.Id) Requester.OnLost(in tlp.Header);
        else if (tlp.Header.RequesterId == Function.Id && !tlp.Header.IsCompletion) Peers.OnLost(in tlp.Header);
        Release(in tlp);
    }

    /// <inheritdoc/>
    protected override void OnAttached() => Function.Express.SetLinkUp((int)Link!.Speed, (int)Link.Width);

    /// <inheritdoc/>
    protected internal override void OnLinkStateChanged(bool up)
    {
        _linkControl.OnLinkStateChanged(up);
        if (up) return;
        Requester.OnLinkDown();
        Peers.OnLinkDown();
        Messages.OnLinkDown();
    }

    /// <inheritdoc/>
    RoutingId IErrorMessageSink.RoutingId => Function.Id;

    /// <summary>The root port's own error: its Message is internal to the Root Complex (§6.2.4.1.1).</summary>
    void IErrorMessageSink.SendErrorMessage(in ErrorMessage message) => RootErrors.ReceiveOwn(in message);

    void IRootErrorPlatform.SignalInterrupt(int messageNumber) => SignalInterrupt(messageNumber);

    void IContainedPort.SignalInterrupt(int messageNumber) => SignalInterrupt(messageNumber);

    void IRootErrorPlatform.RaiseSystemError(in ErrorMessage message) => SystemErrors.Emit(Sim.Now, in message);

    void IContainedPort.RaiseSystemError(in ErrorMessage message) => SystemErrors.Emit(Sim.Now, in message);

    /// <summary>DPC (§6.2.11): the link is down until software clears DPC Trigger Status.</summary>
    bool IContainedPort.BeginContainment()
    {
        Link?.TakeDown(LinkDownCause.Containment);
        _rpBusy.ScheduleAfter(RpBusyTime);
        return true;
    }

    void IContainedPort.EndContainment() => Link?.BringUp(LinkDownCause.Containment);

    internal void SignalInterrupt(int messageNumber) =>
        Function.SignalMsi(messageNumber, (_, data) => _root.Interrupts.Deliver(Function.Id, data));

    /// <summary>Whether AtomicOps of peers may not leave by this port, and the error if it is one of this port's own (§6.15.2).</summary>
    internal bool BlocksAtomicOps(out PcieError? error)
    {
        error = (Function.Blocks & EgressBlocking.AtomicOps) != 0 ? PcieError.AtomicOpEgressBlocked : null;
        return (Function.Blocks & (EgressBlocking.AtomicOps | EgressBlocking.NoAtomicOpRouting)) != 0;
    }

    /// <summary>The slow look at a TLP that may be malformed, poisoned, prefixed or carry an ECRC.</summary>
    private bool Admits(in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        var passes = header.IsCompletion && header.RequesterId != HostRequester.Id && header.RequesterId != Function.Id;
        var tolerates = header.FlowClass == FlowClass.Posted && _root.Options.PoisonedWrites != PoisonedMemoryWrite.Discard;
        var role = passes ? DetectingRole.IntermediateReceiver
            : tolerates ? DetectingRole.TolerantReceiver
            : DetectingRole.UltimateReceiver;
        switch (Checks.Look(in tlp, Function.MaxPayloadSize, from, Function, Function.Express, Function.Aer, role))
        {
            case Admission.Discarded:
                return false;
            case Admission.Poisoned when !header.IsCompletion && !tolerates:
                RefuseSilently(in tlp, from, Function, CompletionStatus.UnsupportedRequest);
                return false;
            default:
                return true;
        }
    }

    private void ReceiveMessage(in Tlp tlp, LinkDirection from)
    {
        _root.EmitMessage(this, in tlp);
        if (ErrorMessage.From(tlp.Header.MessageCode, tlp.Header.RequesterId) is { } error) RootErrors.Receive(in error);
        else if (!Messages.Receive(in tlp)) RefuseMessage(Function, in tlp.Header);
        Drop(in tlp, from);
    }
}
