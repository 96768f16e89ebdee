using System.Runtime.CompilerServices;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Topology;

/// <summary>A switch: one upstream port, downstream ports on its internal bus, routing by address, by ID and implicitly (§2.2.4).</summary>
public sealed class Switch
{
    private readonly SwitchPort[] _downstream;
    private readonly Simulator _sim;
    private readonly SimDuration _latency;
    private readonly RouteTrace _routes;

    /// <summary>Makes a switch.</summary>
    /// <param name="sim">Simulator.</param>
    /// <param name="name">Component path; ports are named below it.</param>
    /// <param name="downstreamPorts">Number of downstream ports, 1 to 32: device numbers 0 and up on the internal bus.</param>
    /// <param name="options">Latency and buffers.</param>
    public Switch(Simulator sim, string name, int downstreamPorts, SwitchOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(downstreamPorts, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(downstreamPorts, 32);
        Name = name;
        Options = options ?? new SwitchOptions();
        _sim = sim;
        _latency = Options.Latency;
        Upstream = new SwitchPort(sim, $"{name}.up", this, isUpstream: true, 0);
        _downstream = new SwitchPort[downstreamPorts];
        for (var i = 0; i < downstreamPorts; i++)
        {
            var below = i < Options.PortNames.Count ? Options.PortNames[i] : $"p{i}";
            _downstream[i] = new SwitchPort(sim, $"{name}.{below}", this, isUpstream: false, i);
        }

        Messages = new SwitchMessages(this);
        _routes = RouteTrace.Of(sim);
    }

    /// <summary>Component path.</summary>
    public string Name { get; }

    /// <summary>Latency and buffers.</summary>
    public SwitchOptions Options { get; }

    /// <summary>The port towards the Root Complex.</summary>
    public SwitchPort Upstream { get; }

    /// <summary>The ports away from it.</summary>
    public IReadOnlyList<SwitchPort> Downstream => _downstream;

    /// <summary>INTx, PME_TO_Ack and LTR, which it combines.</summary>
    internal SwitchMessages Messages { get; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Route(SwitchPort ingress, in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        if (ingress.IsSuspicious(in tlp, ingress.Function.MaxPayloadSize) && !Admits(ingress, in tlp, from)) return;
        if (header.IsCompletion) RouteCompletion(ingress, in tlp, from);
        else if (header.IsMessage) RouteMessage(ingress, in tlp, from);
        else if (header.IsConfiguration) RouteConfiguration(ingress, in tlp, from);
        else RouteByAddress(ingress, in tlp, from);
    }

    private void RouteByAddress(SwitchPort ingress, in Tlp tlp, LinkDirection from)
    {
        var address = tlp.Header.Address;
        if (tlp.Header.IsIo)
        {
            RouteIo(ingress, in tlp, from);
            return;
        }

        if (ingress.IsUpstream)
        {
            foreach (var port in _downstream)
            {
                // Two bridges in a row: the windows of both must claim it (§7.5.1.3).
                if (!port.Function.Claims(address) || !ingress.Function.Claims(address)) continue;
                if (_routes.IsObserved) ShowWindow(ingress, in tlp, port, "routed by address: in the window of");
                Forward(port, in tlp, from);
                return;
            }

            if (_routes.IsObserved) ShowNoWindow(ingress, in tlp.Header);
            ingress.Refuse(in tlp, from, ingress.Function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
            return;
        }

        if (!ingress.Function.ForwardsUpstream)
        {
            if (_routes.IsObserved)
                _routes.Show(ingress, in tlp.Header, "lets no request up", null, [ingress.Function.DescribeBusMaster()]);
            ingress.Refuse(in tlp, from, ingress.Function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
            return;
        }

        var acs = ingress.Function.Acs;
        if (acs != AcsFeatures.None
            && !AcsRules.Admits(acs, ingress.Function.ClaimsBus((byte)tlp.Header.RequesterId.Bus), tlp.Header.At))
        {
            Violate(ingress, in tlp, from, "does not pass Source Validation or Translation Blocking", null,
                AcsFeatures.SourceValidation | AcsFeatures.TranslationBlocking);
            return;
        }

        if (!Upstream.Function.Claims(address))
        {
            if (_routes.IsObserved) ShowWindow(ingress, in tlp, Upstream, "routed upstream: outside of the windows of");
            Forward(Upstream, in tlp, from);
            return;
        }

        foreach (var port in _downstream)
        {
            if (!port.Function.Claims(address)) continue;
            ForwardToPeer(ingress, port, in tlp, from);
            return;
        }

        if (_routes.IsObserved) ShowWindow(ingress, in tlp, Upstream, "in no Downstream Port's window, but in that of");
        ingress.Refuse(in tlp, from, ingress.Function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
    }

    /// <summary>I/O Requests go by the I/O windows, down or, from below, up (§7.5.1.3.6).</summary>
    private void RouteIo(SwitchPort ingress, in Tlp tlp, LinkDirection from)
    {
        var address = tlp.Header.Address;
        if (ingress.IsUpstream && ingress.Function.ClaimsIo(address))
        {
            foreach (var port in _downstream)
            {
                if (!port.Function.ClaimsIo(address)) continue;
                _routes.Show(ingress, in tlp.Header, "routed by address: in the I/O window of", port);
                Forward(port, in tlp, from);
                return;
            }
        }
        else if (!ingress.IsUpstream && ingress.Function.ForwardsUpstream && !ingress.Function.ClaimsIo(address))
        {
            Forward(Upstream, in tlp, from);
            return;
        }

        ingress.Refuse(in tlp, from, ingress.Function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
    }

    /// <summary>A request that came from below and whose target is below: peer-to-peer (§6.12.3).</summary>
    private void ForwardToPeer(SwitchPort ingress, SwitchPort egress, in Tlp tlp, LinkDirection from)
    {
        var acs = ingress.Function.Acs;
        if (egress == ingress)
        {
            // Back out of the port it came in by: Upstream Forwarding lets the Root Complex look at it; without, it is unsupported.
            var forwards = (acs & AcsFeatures.UpstreamForwarding) != 0;
            ShowAcs(ingress, in tlp, forwards
                ? "targets its own side: forwarded upstream (ACS Upstream Forwarding)"
                : "targets its own side, and nothing forwards it upstream", null, AcsFeatures.UpstreamForwarding);
            if (forwards) Forward(Upstream, in tlp, from);
            else ingress.Refuse(in tlp, from, ingress.Function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
            return;
        }

        if (_routes.IsObserved) ShowWindow(ingress, in tlp, egress, "peer-to-peer: in the window of");
        var route = acs == AcsFeatures.None
            ? AcsRoute.Direct
            : AcsRules.OfRequest(acs, ingress.Function.BlocksEgressTo(egress.Function), tlp.Header.At);
        switch (route)
        {
            case AcsRoute.Direct:
                ShowAcs(ingress, in tlp, "routed directly, inside the switch, to", egress, AcsRules.Peer);
                Forward(egress, in tlp, from);
                break;
            case AcsRoute.Redirected:
                ShowAcs(ingress, in tlp, "redirected upstream (ACS P2P Request Redirect) although it targets", egress, AcsRules.Peer);
                Forward(Upstream, in tlp, from);
                break;
            default:
                Violate(ingress, in tlp, from, "blocked by ACS P2P Egress Control towards", egress, AcsRules.Peer);
                break;
        }
    }

    /// <summary>§6.12.1.1: a blocked request is an ACS Violation and, if non-posted, completes with Completer Abort.</summary>
    private void Violate(SwitchPort ingress, in Tlp tlp, LinkDirection from, string why, SwitchPort? towards, AcsFeatures by)
    {
        ShowAcs(ingress, in tlp, why, towards, by);
        ingress.Refuse(in tlp, from, ingress.Function, PcieError.AcsViolation, CompletionStatus.CompleterAbort);
    }

    private void ShowAcs(SwitchPort ingress, in Tlp tlp, string text, SwitchPort? towards, AcsFeatures by)
    {
        if (_routes.IsObserved)
            _routes.Show(ingress, in tlp.Header, text, towards, ingress.Function.DescribeAcs(by, towards?.Function));
    }

    private void ShowBuses(SwitchPort ingress, in Tlp tlp, SwitchPort of, string text) =>
        _routes.Show(ingress, in tlp.Header, text, of, of.Function.DescribeBuses());

    private void ShowNoWindow(SwitchPort ingress, in TlpHeader header) => _routes.Show(
        ingress, in header, $"no window of a Downstream Port has 0x{header.Address:x}", null, ingress.Function.Window(header.Address));

    private void ShowWindow(SwitchPort ingress, in Tlp tlp, SwitchPort of, string text) =>
        _routes.Show(ingress, in tlp.Header, text, of, of.Function.Window(tlp.Header.Address));

    /// <summary>The slow look at a TLP that may be malformed, poisoned, prefixed or carry an ECRC.</summary>
    private bool Admits(SwitchPort ingress, in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        var endsHere = header.IsConfiguration
            ? ingress.IsUpstream && (header.Type is TlpType.CfgRd0 or TlpType.CfgWr0
                || header.DestinationId.Bus == Upstream.Function.SecondaryBus)
            : header.IsMessage && header.MessageRouting >= MessageRouting.Local;
        var role = endsHere ? DetectingRole.UltimateReceiver : DetectingRole.IntermediateReceiver;
        var function = ingress.Function;
        switch (ingress.Checks.Look(in tlp, function.MaxPayloadSize, from, function, function.Express, function.Aer, role))
        {
            case Admission.Discarded:
                return false;
            case Admission.Poisoned when endsHere:
                ingress.RefuseSilently(in tlp, from, function, CompletionStatus.UnsupportedRequest);
                return false;
            default:
                return true;
        }
    }

    private void RouteCompletion(SwitchPort ingress, in Tlp tlp, LinkDirection from)
    {
        var bus = (byte)tlp.Header.DestinationId.Bus;
        var redirect = !ingress.IsUpstream && AcsRules.RedirectsCompletion(ingress.Function.Acs, tlp.Header.Attributes);
        if (!redirect)
        {
            foreach (var port in _downstream)
            {
                if (port == ingress || !port.Function.ClaimsBus(bus)) continue;
                if (_routes.IsObserved) ShowBuses(ingress, in tlp, port, "routed by ID: its Requester's bus is below");
                Forward(port, in tlp, from);
                return;
            }
        }
        else if (_routes.IsObserved)
        {
            ShowAcs(ingress, in tlp, "redirected upstream (ACS P2P Completion Redirect)", null, AcsFeatures.CompletionRedirect);
        }

        if (!ingress.IsUpstream
            && (!ingress.Function.ClaimsBus(bus) || (ingress.Function.Acs & AcsFeatures.UpstreamForwarding) != 0))
        {
            if (_routes.IsObserved && !redirect) ShowBuses(ingress, in tlp, ingress, "routed by ID: its Requester's bus is not below");
            Forward(Upstream, in tlp, from);
            return;
        }

        // Nobody below asked for it: an Unexpected Completion at the port that finds no way (§2.3.2).
        if (_routes.IsObserved) ShowBuses(ingress, in tlp, ingress, "refused: Unexpected Completion, no way to its Requester's bus from");
        ingress.Function.Errors.Report(PcieError.UnexpectedCompletion, tlp.Header);
        ingress.Drop(in tlp, from);
    }

    private void RouteConfiguration(SwitchPort ingress, in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        if (ingress.IsUpstream && header.Type is TlpType.CfgRd0 or TlpType.CfgWr0)
        {
            ingress.CaptureBus(in header);
            ingress.CompleteConfiguration(in tlp, from, ingress.Function);
            return;
        }

        var bus = (byte)header.DestinationId.Bus;
        if (ingress.IsUpstream && bus == Upstream.Function.SecondaryBus)
        {
            if (header.DestinationId.Function == 0 && header.DestinationId.Device < _downstream.Length)
            {
                var port = _downstream[header.DestinationId.Device];
                port.CaptureBus(in header);
                ingress.CompleteConfiguration(in tlp, from, port.Function);
                return;
            }
        }
        else if (ingress.IsUpstream)
        {
            foreach (var below in _downstream)
            {
                if (!below.Function.ClaimsBus(bus)) continue;
                var forwarded = tlp;
                if (bus == below.Function.SecondaryBus)
                {
                    if (!below.Function.ForwardsDevice(header.DestinationId))
                    {
                        ingress.Refuse(in tlp, from, below.Function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
                        return;
                    }

                    forwarded.Header = AsType0(in header);
                }

                Forward(below, in forwarded, from);
                return;
            }
        }

        // §7.3.3: configuration requests never travel upstream, and a bus nobody has is an Unsupported Request.
        ingress.Refuse(in tlp, from, ingress.Function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
    }

    private static TlpHeader AsType0(in TlpHeader header)
    {
        // CfgRd1/CfgWr1 and CfgRd0/CfgWr0 differ in Type bit 0 alone (Table 2-3).
        var type0 = header;
        type0.Dw0 &= ~(1u << 24);
        return type0;
    }

    private void RouteMessage(SwitchPort ingress, in Tlp tlp, LinkDirection from)
    {
        switch (tlp.Header.MessageRouting)
        {
            case MessageRouting.Gathered when !ingress.IsUpstream:
                Messages.Acknowledge(ingress);
                ingress.Drop(in tlp, from);
                return;
            case MessageRouting.ToRootComplex when !ingress.IsUpstream:
                if (ErrorMessage.From(tlp.Header.MessageCode, tlp.Header.RequesterId) is { } error
                    && !(ingress.ForwardsErrors(in error) && Upstream.ForwardsErrors(in error)))
                    ingress.Drop(in tlp, from);
                else
                    Upstream.Transmitter.Send(in tlp, Upstream.Sim.Now + Options.Latency, from);
                return;
            case MessageRouting.ById:
                RouteMessageById(ingress, in tlp, from);
                return;
            case MessageRouting.ByAddress:
                RouteByAddress(ingress, in tlp, from);
                return;
            case MessageRouting.Broadcast when ingress.IsUpstream:
                Broadcast(in tlp);
                if (tlp.Header.MessageCode == MessageCode.PmeTurnOff) Messages.OnTurnOff();
                ingress.Drop(in tlp, from);
                return;
            default:
                // Local Messages end at the receiver, as do those of a routing that it may not come this way with (§2.2.8).
                ReceiveLocal(ingress, in tlp);
                ingress.Drop(in tlp, from);
                return;
        }
    }

    private void ReceiveLocal(SwitchPort ingress, in Tlp tlp)
    {
        ref readonly var header = ref tlp.Header;
        var code = header.MessageCode;
        if (!ingress.IsUpstream && code is >= MessageCode.AssertIntA and <= MessageCode.DeassertIntD)
            Messages.OnInterrupt(ingress, code);
        else if (!ingress.IsUpstream && code == MessageCode.Ltr && ingress.Function.Express.LtrEnabled)
            Messages.OnTolerance(ingress, in header);
        else if (ingress.IsUpstream && code == MessageCode.SetSlotPowerLimit && tlp.Body is { } body)
            ingress.Function.Express.CaptureSlotPowerLimit(body.Dword);
        else
            ingress.RefuseMessage(ingress.Function, in header);
    }

    private void RouteMessageById(SwitchPort ingress, in Tlp tlp, LinkDirection from)
    {
        var bus = (byte)tlp.Header.DestinationId.Bus;
        foreach (var port in _downstream)
        {
            if (port == ingress || !port.Function.ClaimsBus(bus)) continue;
            Forward(port, in tlp, from);
            return;
        }

        if (!ingress.IsUpstream) Forward(Upstream, in tlp, from);
        else ingress.Refuse(in tlp, from, ingress.Function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
    }

    private void Broadcast(in Tlp tlp)
    {
        foreach (var port in _downstream)
        {
            if (port.Link is not { IsUp: true }) continue;
            var copy = tlp;
            if (tlp.Body is { } body) copy.Body = port.Bodies.Rent(body.Bytes);
            port.Transmitter.Send(in copy, port.Sim.Now + Options.Latency, null);
        }
    }

    private bool IsBlocked(SwitchPort egress, in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        var ingress = (SwitchPort)from.To;
        var blocks = egress.Function.Blocks;
        if ((blocks & EgressBlocking.NoAtomicOpRouting) != 0 && header.IsAtomicOp)
            ingress.Refuse(in tlp, from, ingress.Function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
        else if ((blocks & EgressBlocking.AtomicOps) != 0 && header.IsAtomicOp)
            Block(PcieError.AtomicOpEgressBlocked, in tlp);
        else if ((blocks & EgressBlocking.Prefixes) != 0 && tlp.Body is { PrefixCount: > 0 })
            Block(PcieError.TlpPrefixBlocked, in tlp);
        else if ((blocks & EgressBlocking.Poisoned) != 0 && header.Poisoned && header.HasData && !egress.IsUpstream)
            Block(PcieError.PoisonedTlpEgressBlocked, in tlp);
        else
            return false;
        return true;

        // The Egress Port reports; a non-posted request completes with UR at the port it came in by (§6.15.2, §6.2.11.5).
        void Block(PcieError error, in Tlp blocked)
        {
            if (_routes.IsObserved)
                _routes.Show(ingress, in blocked.Header, $"not let out: {ErrorTable.Of(error).Name}, reported by", egress);
            egress.Function.Errors.Report(error, blocked.Header, prefixes: ReceiverChecks.PrefixesOf(in blocked));
            ingress.RefuseSilently(in blocked, from, egress.Function, CompletionStatus.UnsupportedRequest);
        }
    }

    private void Forward(SwitchPort egress, in Tlp tlp, LinkDirection from)
    {
        if (egress.Function.Blocks != EgressBlocking.None && IsBlocked(egress, in tlp, from)) return;
        if (egress.Link is { IsUp: true })
        {
            egress.Transmitter.Send(in tlp, _sim.Now + _latency, from);
            return;
        }

        _routes.Show((SwitchPort)from.To, in tlp.Header, "goes no further, the link being down of", egress);

        // §2.9.1: a Downstream Port in DL_Down discards posted requests and completions and completes non-posted requests with UR.
        // In DPC the status is what DPC Completion Control says (§2.9.3).
        ((SwitchPort)from.To).RefuseSilently(in tlp, from, egress.Function, egress.StatusWhileDown);
    }
}
