using Sim.Core;
using Sim.Pcie.Config;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Endpoints;

/// <summary>An endpoint device: one upstream port and the functions behind it, PFs and their VFs.</summary>
public sealed class PcieDevice : Port
{
    private readonly DeviceOptions _options;
    private readonly List<EndpointFunction> _functions = [];
    private readonly EndpointFunction?[] _byNumber = new EndpointFunction?[256];
    private readonly RingQueue<HeldTlp> _held = new();
    private Decoder[] _decoders = [];
    private bool _decodeStale = true;

    /// <summary>Makes a device without functions.</summary>
    public PcieDevice(Simulator sim, string name, DeviceOptions? options = null)
        : base(sim, name, (options ?? new DeviceOptions()).Credits)
    {
        _options = options ?? new DeviceOptions();
    }

    /// <summary>Physical and virtual functions, in order of addition.</summary>
    public IReadOnlyList<EndpointFunction> Functions => _functions;

    /// <summary>TLPs that wait in the ingress buffer because a function holds them.</summary>
    public int HeldTlps => _held.Count;

    /// <summary>Every decision a function took on a memory request.</summary>
    public Probe<AccessRecord> Accesses { get; } = new();

    /// <inheritdoc/>
    protected override SimDuration ResponseLatency => _options.Latency;

    /// <summary>Adds a function at a function number of the device (with ARI 0 to 255, §6.13). A VF's number follows from its PF's SR-IOV
    /// registers.</summary>
    /// <exception cref="InvalidOperationException">The number is taken.</exception>
    public void Add(EndpointFunction function, int number)
    {
        if (_byNumber[number] is { } other) throw new InvalidOperationException($"{Name}: function {number} is {other.Name} already");
        _byNumber[number] = function;
        _functions.Add(function);
        function.AttachTo(this, number);
        function.Id = new RoutingId((ushort)number);
        _decodeStale = true;
        if (Link is { } link) function.ShowLink(link);
    }

    /// <summary>Resets every function (§6.6.1).</summary>
    public void Reset(ResetKind kind)
    {
        foreach (var function in _functions) function.Reset(kind);
        _decodeStale = true;
    }

    /// <summary>Decides anew on what was held, in order: a function may take now what it could not before.</summary>
    public void Reconsider()
    {
        for (var n = _held.Count; n > 0; n--)
        {
            var (tlp, from) = _held.Dequeue();
            var before = _held.Count;
            if (tlp.Header.IsConfiguration) ReceiveConfiguration(in tlp, from);
            else if (tlp.Header.IsMessage) Drop(in tlp, from);
            else ReceiveMemory(in tlp, from);
            if (_held.Count == before) continue;

            // Held once more, at the end: turn the ring until it heads the line again.
            for (; before > 0; before--) _held.Enqueue(_held.Dequeue());
            return;
        }
    }

    /// <inheritdoc/>
    protected internal override void Receive(in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        if (_held.Count > 0 && !header.IsCompletion)
        {
            // §2.4.1: nothing but a completion may be let past a posted request that waits.
            Hold(in tlp, from);
            return;
        }

        if (header.IsCompletion) ReceiveCompletion(in tlp, from);
        else if (header.IsMessage) Drop(in tlp, from);
        else if (header.IsConfiguration) ReceiveConfiguration(in tlp, from);
        else ReceiveMemory(in tlp, from);
    }

    /// <inheritdoc/>
    protected override void OnAttached()
    {
        foreach (var function in _functions) function.ShowLink(Link!);
    }

    /// <inheritdoc/>
    protected internal override void OnLinkStateChanged(bool up)
    {
        if (up) return;
        while (_held.Count > 0)
        {
            var (tlp, from) = _held.Dequeue();
            Drop(in tlp, from);
        }

        Reset(ResetKind.LinkDown);
    }

    internal void SendErrorMessage(in ErrorMessage message)
    {
        var tlp = Tlps.Message(message.Requester, message.Code, MessageRouting.ToRootComplex);
        Transmitter.Send(in tlp, Sim.Now + _options.Latency, null);
    }

    internal void MarkDecodeStale() => _decodeStale = true;

    private void ReceiveCompletion(in Tlp tlp, LinkDirection from)
    {
        var function = _byNumber[tlp.Header.RequesterId.Value & 0xFF];
        from.ReturnCredits(in tlp, Sim.Now);
        if (function is null || function.Id != tlp.Header.RequesterId)
            _functions[0].Errors.Report(PcieError.UnexpectedCompletion, tlp.Header);
        else
            function.Dma.OnCompletion(in tlp);
        Release(in tlp);
    }

    private void ReceiveConfiguration(in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        var id = header.DestinationId;
        if (header.Type is TlpType.CfgWr0)
        {
            // §2.2.6.2: functions capture the bus number from every Type 0 configuration write.
            foreach (var f in _functions) f.Id = new RoutingId((ushort)(id.Bus << 8 | f.Number));
        }

        if (header.Type is TlpType.CfgRd0 or TlpType.CfgWr0 && _byNumber[id.Value & 0xFF] is { IsPresent: true } function)
        {
            CompleteConfiguration(in tlp, from, function);
            return;
        }

        Refuse(in tlp, from, _functions[0], PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
    }

    private void ReceiveMemory(in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        if (Find(header.FirstByteAddress, out var bar) is not { } function)
        {
            Refuse(in tlp, from, _functions[0], PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
            return;
        }

        var isWrite = header.Type == TlpType.MWr;
        var offset = header.FirstByteAddress - bar.Base;
        var known = isWrite || header.Type == TlpType.MRd;
        var decision = known && Sim.Now >= function.ReadyAt
            ? function.Decide(bar.Index, offset, in header)
            : AccessDecision.UnsupportedRequest;
        if (Accesses.IsObserved)
            Accesses.Emit(Sim.Now, new AccessRecord(function, bar.Index, offset, header, decision, function.StateName));
        switch (decision)
        {
            case AccessDecision.UnsupportedRequest:
                Refuse(in tlp, from, function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
                return;
            case AccessDecision.CompleterAbort:
                Refuse(in tlp, from, function, PcieError.CompleterAbort, CompletionStatus.CompleterAbort);
                return;
            case AccessDecision.NoCompletion:
                Drop(in tlp, from);
                return;
            case AccessDecision.Hold:
                Hold(in tlp, from);
                return;
        }

        var accepted = decision == AccessDecision.Accept;
        if (!isWrite)
        {
            CompleteRead(
                in header, function.Id, accepted ? bar.Window : bar.Garbage, offset, header.EnabledBytes,
                function.MaxPayloadSize, _options.ReadCompletionBoundary, Sim.Now + _options.Latency);
        }
        else if (accepted && tlp.Body is { } body)
        {
            function.WriteBar(bar.Index, offset, body.Bytes);
        }

        Drop(in tlp, from);
    }

    private void Hold(in Tlp tlp, LinkDirection from) => _held.Enqueue(new HeldTlp(tlp, from));

    private EndpointFunction? Find(ulong address, out BarHit hit)
    {
        if (_decodeStale) BuildDecoders();
        foreach (ref readonly var d in _decoders.AsSpan())
        {
            var distance = address - d.Base;
            if (distance >= d.Size * (ulong)d.Windows.Length) continue;
            var i = d.Windows.Length == 1 ? 0 : (int)(distance / d.Size);
            var window = d.Windows[i];
            hit = new BarHit(d.Base + ((ulong)i * d.Size), window.Bar, window, d.Garbage[i]);
            return window.Function;
        }

        hit = default;
        return null;
    }

    private void BuildDecoders()
    {
        _decodeStale = false;
        var decoders = new List<Decoder>();
        foreach (var function in _functions)
        {
            if (!function.IsPresent || function.IsVirtual) continue;
            if (function.MemorySpaceEnable)
            {
                foreach (var bar in function.Header.Bars)
                {
                    if (bar is { IsIo: false }) decoders.Add(Decoder.For(bar.Address, bar.Size, bar.Index, [function]));
                }
            }

            if (function.Sriov is not { VfEnable: true, VfMemorySpaceEnable: true } sriov) continue;
            EndpointFunction[] vfs = [.. _functions.Where(f => f.PhysicalFunction == function && f.IsPresent).OrderBy(f => f.VfIndex)];
            if (vfs.Length == 0) continue;
            foreach (var bar in sriov.VfBars)
            {
                if (bar is not null) decoders.Add(Decoder.For(bar.Address, bar.Size, bar.Index, vfs));
            }
        }

        _decoders = [.. decoders];
    }

    private readonly record struct HeldTlp(Tlp Tlp, LinkDirection From);

    private readonly record struct BarHit(ulong Base, int Index, IReadSource Window, IReadSource Garbage);

    private readonly record struct Decoder(ulong Base, ulong Size, BarWindow[] Windows, GarbageWindow[] Garbage)
    {
        public static Decoder For(ulong address, ulong size, int bar, EndpointFunction[] functions) => new(
            address, size, [.. functions.Select(f => new BarWindow(f, bar))], [.. functions.Select(f => new GarbageWindow(f, bar))]);
    }

    private sealed class BarWindow(EndpointFunction function, int bar) : IReadSource
    {
        public EndpointFunction Function { get; } = function;

        public int Bar { get; } = bar;

        public void Read(ulong address, Span<byte> destination) => Function.ReadBar(Bar, address, destination);
    }

    private sealed class GarbageWindow(EndpointFunction function, int bar) : IReadSource
    {
        public void Read(ulong address, Span<byte> destination) => function.ReadDiscarded(bar, address, destination);
    }
}
