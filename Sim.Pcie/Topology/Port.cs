using System.Runtime.CompilerServices;
using Sim.Core;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Topology;

/// <summary>One end of a link: a Root Port, a switch port or the upstream port of an endpoint device.</summary>
public abstract class Port
{
    private LinkDirection? _transmitter;

    /// <summary>Makes a port.</summary>
    /// <param name="sim">Its simulator.</param>
    /// <param name="name">Component path, unique in the topology.</param>
    /// <param name="advertised">The receive buffer it advertises (§2.6.1).</param>
    protected Port(Simulator sim, string name, FlowControlCredits advertised)
    {
        Sim = sim;
        Name = name;
        Advertised = advertised;
        Bodies = TlpBodyPool.Of(sim);
        Checks = new ReceiverChecks(this);
        Routes = RouteTrace.Of(sim);
    }

    /// <summary>The simulator this port lives in.</summary>
    public Simulator Sim { get; }

    /// <summary>Component path.</summary>
    public string Name { get; }

    /// <summary>The receive buffer this port advertises.</summary>
    public FlowControlCredits Advertised { get; }

    /// <summary>The link, once connected.</summary>
    public Link? Link { get; private set; }

    /// <summary>From the arrival of a request to the completion that this port makes itself.</summary>
    protected virtual SimDuration ResponseLatency => SimDuration.Zero;

    /// <summary>Where the decisions of error paths are shown.</summary>
    public ErrorTrace ErrorTrace => Sim.Shared(static sim => new ErrorTrace(sim));

    /// <summary>The Function that reports the port's own errors.</summary>
    /// <exception cref="InvalidOperationException">It has none: a bare end of a link.</exception>
    public virtual Function ErrorFunction => throw new InvalidOperationException($"{Name} has no function");

    /// <summary>Where consumed TLPs return their bodies and new ones rent them.</summary>
    public TlpBodyPool Bodies { get; }

    /// <summary>Where routing decisions are shown.</summary>
    internal RouteTrace Routes { get; }

    /// <summary>What it checks in a TLP that it receives.</summary>
    internal ReceiverChecks Checks { get; }

    /// <summary>The direction this port transmits on.</summary>
    /// <exception cref="InvalidOperationException">The port is not connected.</exception>
    public LinkDirection Transmitter => _transmitter ?? throw NotConnected();

    private InvalidOperationException NotConnected() => new($"{Name} is not connected to a link");

    internal void Attach(Link link, LinkDirection transmitter)
    {
        Link = link;
        _transmitter = transmitter;
        OnAttached();
    }

    /// <summary>The link was connected: a place to show its speed and width in Link Status.</summary>
    protected virtual void OnAttached()
    {
    }

    /// <summary>Whether a TLP that arrived needs a closer look (§2.3). The TLPs that models make are well-formed; what is injected may be
    /// anything.</summary>
    /// <param name="tlp">The TLP.</param>
    /// <param name="maxPayload">Max_Payload_Size of the receiver, in bytes (§2.2.2).</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool IsSuspicious(in Tlp tlp, int maxPayload) => (tlp.Header.Dw0 & (TlpHeader.DigestPresent | TlpHeader.PoisonedData)) != 0
        || Bodies.NeedCare || (tlp.Header.LengthDw * 4 > maxPayload && tlp.Header.HasData);

    /// <summary>A TLP has arrived whole. The port now owns it: it forwards it, or consumes it, returns its credits and its body.</summary>
    protected internal abstract void Receive(in Tlp tlp, LinkDirection from);

    /// <summary>A TLP of this port was lost with the link: whoever waits for its completion learns it by completion timeout or from
    /// here.</summary>
    protected internal virtual void OnLost(in Tlp tlp) => Release(in tlp);

    /// <summary>The link went down or came up.</summary>
    protected internal virtual void OnLinkStateChanged(bool up)
    {
    }

    /// <summary>Ends the life of a TLP that was consumed here: its body goes back to the pool.</summary>
    protected internal void Release(in Tlp tlp)
    {
        if (tlp.Body is { } body) Bodies.Return(body);
    }

    /// <summary>Ends the life of a TLP that came in here: buffer credits and body go back.</summary>
    protected internal void Drop(in Tlp tlp, LinkDirection from)
    {
        from.ReturnCredits(in tlp, Sim.Now);
        Release(in tlp);
    }

    /// <summary>
    /// Refuses a request: the error is reported by the function that detected it; a non-posted request gets its completion with the status,
    /// a posted one ends here (§2.3.1).
    /// </summary>
    protected internal void Refuse(in Tlp tlp, LinkDirection from, Function function, PcieError error, CompletionStatus status)
    {
        if (Routes.IsObserved) Routes.Show(this, in tlp.Header, $"refused: {ErrorTable.Of(error).Name}, reported by {function.Name}");
        function.Errors.Report(error, tlp.Header);
        RefuseSilently(in tlp, from, function, status);
    }

    /// <summary>As <see cref="Refuse"/>, where the specification asks for the completion but not for an error.</summary>
    protected internal void RefuseSilently(in Tlp tlp, LinkDirection from, Function function, CompletionStatus status)
    {
        if (Routes.IsObserved) ShowEnd(in tlp.Header, status);
        if (tlp.Header.FlowClass == FlowClass.NonPosted)
        {
            var completion = Tlps.Completion(in tlp.Header, function.Id, status);
            completion.Header.Dw0 |= function.OriginBits;
            Transmitter.Send(in completion, Sim.Now + ResponseLatency, null);
        }

        Drop(in tlp, from);
    }

    private void ShowEnd(in TlpHeader header, CompletionStatus status) => Routes.Show(this, in header,
        header.FlowClass == FlowClass.NonPosted ? $"ends here: completed with {status} (§2.3.1)" : "ends here: posted, so it is dropped");

    /// <summary>A Message that the port does not support: dropped silently if it is a Vendor_Defined Type 1 Message or one that is ignored
    /// (§2.2.8.6, §2.2.8.7), else an Unsupported Request.</summary>
    internal void RefuseMessage(Function function, in TlpHeader header)
    {
        if (header.MessageCode is MessageCode.VendorDefined1 or MessageCode.Unlock
            or >= MessageCode.AttentionIndicatorOff and <= MessageCode.AttentionButtonPressed) return;
        function.Errors.Report(PcieError.UnsupportedRequest, header);
    }

    /// <summary>Answers a configuration request out of a function's configuration space (§2.3.1, §7.2).</summary>
    protected internal void CompleteConfiguration(in Tlp tlp, LinkDirection from, Function function)
    {
        ref readonly var header = ref tlp.Header;
        Tlp completion;
        if (Sim.Now < function.ReadyAt)
        {
            completion = Tlps.Completion(in header, function.Id, CompletionStatus.RequestRetry);
        }
        else if (header.HasData)
        {
            // The completion is built first: a write that starts a reset must still be answered from the identity it was sent to.
            completion = Tlps.Completion(in header, function.Id, CompletionStatus.Successful);
            function.Config.WriteDword(header.Register, tlp.Body!.Dword, (uint)header.FirstBe);
        }
        else
        {
            completion = Tlps.CompletionWithData(in header, function.Id, 4, 0, Bodies.RentDword(function.Config.Read(header.Register)));
        }

        completion.Header.Dw0 |= function.OriginBits;
        Transmitter.Send(in completion, Sim.Now + ResponseLatency, null);
        Drop(in tlp, from);
    }

    /// <summary>The old value of an AtomicOp's location goes back in one completion (§6.15).</summary>
    internal void CompleteAtomicOp(in TlpHeader request, Function completer, ReadOnlySpan<byte> old, SimTime ready)
    {
        var completion = Tlps.CompletionWithData(in request, completer.Id, old.Length, 0, Bodies.Rent(old));
        completion.Header.Dw0 |= completer.OriginBits;
        Transmitter.Send(in completion, ready, null);
    }

    /// <summary>Data goes back in completions of at most Max_Payload_Size that end on Read Completion Boundaries (§2.3.1.1).</summary>
    internal void CompleteRead(
        in TlpHeader request, Function completer, IReadSource source, ulong address, int bytes, int maxPayload, int boundary,
        SimTime ready, IPoisonMap? poison = null)
    {
        if (bytes == 0)
        {
            // A zero-length read flushes; it returns one DW of unspecified data with Byte Count 1 (§2.2.5, §2.3.1.1).
            var flush = Tlps.CompletionWithData(in request, completer.Id, 1, (int)(address & 0x7F), Bodies.RentDword(0));
            flush.Header.Dw0 |= completer.OriginBits;
            Transmitter.Send(in flush, ready, null);
            return;
        }

        while (bytes > 0)
        {
            var n = ReadSplitter.NextCompletionBytes(address, bytes, maxPayload, boundary);
            var body = Bodies.Rent(n);
            source.Read(address, body.Bytes);
            var completion = Tlps.CompletionWithData(in request, completer.Id, bytes, (int)(address & 0x7F), body);
            completion.Header.Dw0 |= completer.OriginBits;
            if (poison is not null) completion.Header.Poisoned = poison.IsPoisoned(address, n);
            Transmitter.Send(in completion, ready, null);
            address += (ulong)n;
            bytes -= n;
        }
    }
}
