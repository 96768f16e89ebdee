using Sim.Core;
using Sim.Pcie.Config;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Topology;

/// <summary>A port of a switch: a link end and a Type 1 function.</summary>
public sealed class SwitchPort : Port, IContainedPort
{
    private readonly Switch _owner;
    private readonly DpcController? _dpc;
    private readonly BridgeErrorForwarder _forwarder;
    private readonly DownstreamLinkControl? _linkControl;

    internal SwitchPort(Simulator sim, string name, Switch owner, bool isUpstream, int index)
        : base(sim, name, owner.Options.Credits)
    {
        _owner = owner;
        IsUpstream = isUpstream;
        Index = index;
        Function = FunctionTemplates.SwitchPort(sim, name, isUpstream, index, owner.Options);
        _dpc = Function.Dpc is { } dpc ? new DpcController(ErrorTrace, Function.Express, dpc, this) : null;
        _forwarder = new BridgeErrorForwarder(ErrorTrace, Function.Config, Function.Express, this) { Dpc = _dpc };
        Function.AttachErrors(new ErrorReporter(ErrorTrace, Function.Config, Function.Express, Function.Aer, this) { Dpc = _dpc });
        if (isUpstream) Function.SecondaryBusResetChanged += asserted => HoldAllBelow(asserted, ResetKind.Hot);
        else _linkControl = new DownstreamLinkControl(this, Function);
    }

    /// <summary>Position: the port towards the Root Complex.</summary>
    public bool IsUpstream { get; }

    /// <summary>Device number on the internal bus, of a downstream port.</summary>
    public int Index { get; }

    /// <summary>The switch it belongs to.</summary>
    public Switch Owner => _owner;

    /// <summary>The Type 1 function.</summary>
    public BridgeFunction Function { get; }

    /// <inheritdoc/>
    public override Function ErrorFunction => Function;

    /// <inheritdoc/>
    protected override SimDuration ResponseLatency => _owner.Options.Latency;

    /// <inheritdoc/>
    protected internal override void Receive(in Tlp tlp, LinkDirection from) => _owner.Route(this, in tlp, from);

    /// <inheritdoc/>
    RoutingId IErrorMessageSink.RoutingId => Function.Id;

    /// <summary>An error Message of this port's own function: it goes up; a downstream port's passes the upstream port like any from
    /// below.</summary>
    void IErrorMessageSink.SendErrorMessage(in ErrorMessage message)
    {
        if (!IsUpstream && !_owner.Upstream.ForwardsErrors(in message)) return;
        var tlp = Tlps.Message(message.Requester, message.Code, MessageRouting.ToRootComplex);
        tlp.Header.Dw0 |= Function.OriginBits;
        _owner.Upstream.Transmitter.Send(in tlp, Sim.Now + ResponseLatency, null);
    }

    /// <summary>Status of a non-posted request that finds the link down.</summary>
    internal CompletionStatus StatusWhileDown => DpcController.StatusWhileDown(_dpc);

    /// <summary>DPC (§6.2.11): the link is down until software clears DPC Trigger Status.</summary>
    bool IContainedPort.BeginContainment()
    {
        Link?.TakeDown(LinkDownCause.Containment);
        return false;
    }

    void IContainedPort.EndContainment() => Link?.BringUp(LinkDownCause.Containment);

    void IContainedPort.SignalInterrupt(int messageNumber) => Function.SignalMsi(messageNumber, (address, data) =>
    {
        var write = Tlps.MemoryWrite(Function.Id, address, Bodies.RentDword(data));
        _owner.Upstream.Transmitter.Send(in write, Sim.Now + ResponseLatency, null);
    });

    void IContainedPort.RaiseSystemError(in ErrorMessage message)
    {
        // RP PIO errors are a Root Port's alone (§6.2.11.3).
    }

    /// <summary>Whether an error Message from the secondary side goes on (§6.2.8.1).</summary>
    internal bool ForwardsErrors(in ErrorMessage message) => _forwarder.Receive(in message);

    internal void CaptureBus(in TlpHeader request) => Function.Id = request.DestinationId;

    /// <inheritdoc/>
    protected override void OnAttached() => Function.Express.SetLinkUp((int)Link!.Speed, (int)Link.Width);

    /// <inheritdoc/>
    protected internal override void OnLinkStateChanged(bool up)
    {
        if (_linkControl is { } control)
        {
            control.OnLinkStateChanged(up);
            if (!up) _owner.Messages.OnDown(this);
            return;
        }

        if (up)
        {
            Function.Express.SetLinkUp((int)Link!.Speed, (int)Link.Width);
            HoldAllBelow(false, ResetKind.Hot);
            return;
        }

        // The upstream port's link went down: the whole switch is reset, and so is all below it (§6.6.1).
        var kind = Link!.ResetKindOfDown;
        Function.Express.SetLinkDown();
        Function.Reset(kind);
        _owner.Messages.Reset();
        HoldAllBelow(true, kind);
    }

    /// <summary>The reset of the switch's internal bus: its Downstream Ports are reset and their links held down.</summary>
    private void HoldAllBelow(bool asserted, ResetKind kind)
    {
        foreach (var port in _owner.Downstream)
        {
            if (!asserted)
            {
                port.Link?.BringUp(LinkDownCause.UpstreamReset);
                continue;
            }

            port.Link?.TakeDown(LinkDownCause.UpstreamReset);
            port.Function.Reset(kind);
        }
    }
}
