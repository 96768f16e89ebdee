using Sim.Core;
using Sim.Pcie.Config;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Endpoints;

/// <summary>An endpoint device: one upstream port and the functions behind it, PFs and their VFs.</summary>
public sealed partial class PcieDevice : Port
{
    private readonly DeviceOptions _options;
    private readonly List<EndpointFunction> _functions = [];
    private EndpointFunction? _first;
    private EndpointFunction?[] _byNumber = new EndpointFunction?[256];
    private int _bus;
    private readonly int[] _asserting = new int[4];
    private Decoder[] _decoders = [];
    private Decoder[] _ioDecoders = [];
    private bool _decodeStale = true;

    /// <summary>Makes a device without functions.</summary>
    public PcieDevice(Simulator sim, string name, DeviceOptions? options = null)
        : base(sim, name, (options ?? new DeviceOptions()).Credits)
    {
        _options = options ?? new DeviceOptions();
    }

    /// <summary>Physical and virtual functions, in order of addition.</summary>
    public IReadOnlyList<EndpointFunction> Functions => _functions;

    /// <summary>Function 0 speaks for the device.</summary>
    public override Function ErrorFunction => _functions[0];

    /// <summary>What it costs, and its policies.</summary>
    internal DeviceOptions Options => _options;

    /// <summary>Every decision a function took on a memory request.</summary>
    public Probe<AccessRecord> Accesses { get; } = new();

    /// <inheritdoc/>
    protected override SimDuration ResponseLatency => _options.Latency;

    /// <summary>Adds a function at a function number of the device (with ARI 0 to 255, §6.13). A VF's number follows from its PF's SR-IOV
    /// registers, as they stand.</summary>
    /// <exception cref="InvalidOperationException">The number is taken.</exception>
    public void Add(EndpointFunction function, int number)
    {
        if (!function.IsVirtual && _functions.Find(f => !f.IsVirtual && f.Number == number) is { } other)
            throw new InvalidOperationException($"{Name}: function {number} is {other.Name} already");
        _functions.Add(function);
        _first ??= function;
        function.AttachTo(this, number);
        Renumber();
        if (Link is { } link) function.ShowLink(link);
    }

    /// <summary>Resets every function (§6.6.1).</summary>
    public void Reset(ResetKind kind)
    {
        foreach (var function in _functions) function.Reset(kind);
        _decodeStale = true;
    }

    /// <inheritdoc/>
    protected internal override void Receive(in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        if (IsSuspicious(in tlp, _first!.MaxPayloadSize) && !Admits(in tlp, from)) return;
        if (_held.Count > 0 && !header.IsCompletion)
        {
            // §2.4.1: nothing but a completion may be let past a posted request that waits.
            Hold(in tlp, from);
            return;
        }

        Dispatch(in tlp, from);
    }

    private void Dispatch(in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        if (header.IsCompletion) ReceiveCompletion(in tlp, from);
        else if (header.IsMessage) ReceiveMessage(in tlp, from);
        else if (header.IsConfiguration) ReceiveConfiguration(in tlp, from);
        else if (header.IsAtomicOp) ReceiveAtomicOp(in tlp, from);
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
        if (up)
        {
            foreach (var function in _functions) function.BeginReadiness(ResetKind.LinkDown);
            return;
        }

        DropHeld();
        Reset(Link!.ResetKindOfDown);
    }

    internal void SendErrorMessage(in ErrorMessage message)
    {
        var tlp = Tlps.Message(message.Requester, message.Code, MessageRouting.ToRootComplex);
        tlp.Header.Dw0 |= _functions[0].OriginBits;
        Transmitter.Send(in tlp, Sim.Now + _options.Latency, null);
    }

    internal void SendMessage(EndpointFunction function, MessageCode code, MessageRouting routing, uint dw3 = 0)
    {
        var tlp = Tlps.Message(function.Id, code, routing, 0, dw3);
        tlp.Header.Dw0 |= function.OriginBits;
        Transmitter.Send(in tlp, Sim.Now, null);
    }

    /// <summary>A function asserts or deasserts its INTx wire: the device sends a Message when the first does or the last stops
    /// (§2.2.8.1).</summary>
    internal void DriveWire(int pin, bool asserted)
    {
        _asserting[pin] += asserted ? 1 : -1;
        if (_asserting[pin] != (asserted ? 1 : 0) || Link is not { IsUp: true }) return;
        var first = asserted ? MessageCode.AssertIntA : MessageCode.DeassertIntA;
        var sender = new RoutingId((ushort)(_functions[0].Id.Value & ~7)); // the Function Number is reserved
        var tlp = Tlps.Message(sender, (MessageCode)((int)first + pin), MessageRouting.Local);
        Transmitter.Send(in tlp, Sim.Now, null);
    }

    internal void ForgetWire(int pin) => _asserting[pin]--;

    internal void MarkDecodeStale() => _decodeStale = true;

    /// <summary>Gives every Function its Routing ID anew: a VF's follows from First VF Offset and VF Stride and may lie on a further bus
    /// (§9.2.1.2).</summary>
    internal void Renumber()
    {
        Array.Clear(_byNumber);
        foreach (var function in _functions)
        {
            if (function.PhysicalFunction is { Sriov: { } sriov } pf)
                function.Number = pf.Number + sriov.FirstVfOffset + (function.VfIndex * sriov.VfStride);
            function.Id = new RoutingId((ushort)((_bus << 8) + function.Number));
            if (!function.IsPresent) continue;
            if (function.Number >= _byNumber.Length) Array.Resize(ref _byNumber, (function.Number | 0xFF) + 1);
            _byNumber[function.Number] ??= function;
        }

        _decodeStale = true;
    }

    private EndpointFunction? FunctionAt(RoutingId id)
    {
        var number = id.Value - (_bus << 8);
        return (uint)number < (uint)_byNumber.Length ? _byNumber[number] : null;
    }

    private void ReceiveCompletion(in Tlp tlp, LinkDirection from)
    {
        var function = FunctionAt(tlp.Header.RequesterId);
        from.ReturnCredits(in tlp, Sim.Now);
        if (Routes.IsObserved) ShowCompletion(in tlp.Header, function);
        if (function is null)
            _functions[0].Errors.Report(PcieError.UnexpectedCompletion, tlp.Header);
        else
            function.Dma.OnCompletion(in tlp);
        Release(in tlp);
    }

    private void ShowCompletion(in TlpHeader header, EndpointFunction? function) =>
        Routes.Show(this, in header, $"ends here: {(function is null ? "Unexpected Completion (§2.3.2)" : function.Name + "'s")}");

    private void ReceiveConfiguration(in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        var id = header.DestinationId;
        if (header.Type is TlpType.CfgWr0 && id.Bus != _bus)
        {
            // §2.2.6.2: functions capture the bus number from every Type 0 configuration write.
            _bus = id.Bus;
            Renumber();
        }

        // A Type 0 Request is on the device's own bus whatever number that has; VFs on further buses take Type 1 (§9.2.1.2).
        var found = header.Type is TlpType.CfgRd0 or TlpType.CfgWr0 ? _byNumber[id.Value & 0xFF] : id.Bus == _bus ? null : FunctionAt(id);
        if (found is { } function)
        {
            CompleteConfiguration(in tlp, from, function);
            return;
        }

        Refuse(in tlp, from, _functions[0], PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
    }

    /// <summary>The slow look at a TLP that may be malformed, poisoned, prefixed or carry an ECRC.</summary>
    private bool Admits(in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        var target = header.IsCompletion ? FunctionAt(header.RequesterId)
            : header.IsConfiguration ? _byNumber[header.DestinationId.Value & 0xFF]
            : header.IsMessage ? null
            : Find(header.FirstByteAddress, header.IsIo, out _);
        var function = target ?? _functions[0];
        var accepts = _options.PoisonedWrites == PoisonedWrite.Accept && header.Type is TlpType.MWr or TlpType.MsgD;
        var role = accepts ? DetectingRole.TolerantReceiver : DetectingRole.UltimateReceiver;
        switch (Checks.Look(in tlp, _functions[0].MaxPayloadSize, from, function, _functions[0].Express, _functions[0].Aer, role))
        {
            case Admission.Discarded:
                return false;
            case Admission.Poisoned when !accepts && !header.IsCompletion:
                RefuseSilently(in tlp, from, function, CompletionStatus.UnsupportedRequest);
                return false;
            default:
                return true;
        }
    }

    private void ReceiveMessage(in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        var target = header.MessageRouting == MessageRouting.ById ? FunctionAt(header.DestinationId) : _functions[0];
        if (target is null || !IsActedOn(target, in tlp)) EndpointMessages.Refuse(this, target ?? _functions[0], in header);
        Drop(in tlp, from);
    }

    private bool IsActedOn(EndpointFunction target, in Tlp tlp)
    {
        switch (tlp.Header.MessageCode)
        {
            case MessageCode.PmeTurnOff:
                SendMessage(target, MessageCode.PmeToAck, MessageRouting.Gathered);
                return true;
            case MessageCode.SetSlotPowerLimit:
                if (tlp.Body is { } body) target.Express.CaptureSlotPowerLimit(body.Dword);
                return true;
            case MessageCode.Unlock:
                return true;
            default:
                return target.OnMessage(in tlp);
        }
    }

    /// <summary>Whether a decision lets a request go on; if not, it has ended here.</summary>
    private bool Proceeds(in Tlp tlp, LinkDirection from, EndpointFunction function, AccessDecision decision)
    {
        switch (decision)
        {
            case AccessDecision.UnsupportedRequest:
                Refuse(in tlp, from, function, PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
                return false;
            case AccessDecision.CompleterAbort:
                Refuse(in tlp, from, function, PcieError.CompleterAbort, CompletionStatus.CompleterAbort);
                return false;
            case AccessDecision.NoCompletion:
                Drop(in tlp, from);
                return false;
            case AccessDecision.Hold:
                _heldAgain = true;
                Hold(in tlp, from);
                function.OnHeld();
                return false;
            default:
                return true;
        }
    }

    private void ReceiveMemory(in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        var isIo = header.IsIo;
        if (Find(header.FirstByteAddress, isIo, out var bar) is not { } function)
        {
            if (Routes.IsObserved) Routes.Show(this, in header, "no BAR of it that is enabled has the address");
            Refuse(in tlp, from, _functions[0], PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
            return;
        }

        var isWrite = header.Type is TlpType.MWr or TlpType.IOWr;
        var offset = header.FirstByteAddress - bar.Base;
        var known = isWrite || isIo || header.IsMemoryRead;
        var decision = known && function.TakesRequests
            ? function.Decide(bar.Index, offset, in header)
            : AccessDecision.UnsupportedRequest;
        if (Accesses.IsObserved)
            Accesses.Emit(Sim.Now, new AccessRecord(function, bar.Index, offset, header, decision, function.StateName));
        if (Routes.IsObserved) ShowAccess(function, bar.Index, offset, in header, decision);
        if (!Proceeds(in tlp, from, function, decision)) return;
        var accepted = decision == AccessDecision.Accept;
        if (isIo)
        {
            CompleteIo(in tlp, function, in bar, offset, accepted);
        }
        else if (!isWrite)
        {
            CompleteRead(
                in header, function, accepted ? bar.Window : bar.Garbage, offset, header.EnabledBytes,
                function.MaxPayloadSize, _options.ReadCompletionBoundary, Sim.Now + _options.Latency);
        }
        else if (accepted && tlp.Body is { } body)
        {
            if (Checks.HasHoles(in header)) WriteEnabled(function, bar.Index, offset, in header, body.Bytes);
            else function.WriteBar(bar.Index, offset, body.Bytes);
        }

        Drop(in tlp, from);
    }

    private void ShowAccess(EndpointFunction function, int bar, ulong offset, in TlpHeader header, AccessDecision decision) =>
        Routes.Show(this, in header, $"reaches BAR{bar}+0x{offset:x} of {function.Name}: {decision} ({function.StateName})");

    /// <summary>An I/O Request: at most one DW, non-posted both ways; its Completion has Byte Count 4 and Lower Address 0
    /// (§2.2.9.1).</summary>
    private void CompleteIo(in Tlp tlp, EndpointFunction function, in BarHit bar, ulong offset, bool accepted)
    {
        ref readonly var header = ref tlp.Header;
        var lane = (int)(header.FirstByteAddress & 3);
        var bytes = header.EnabledBytes;
        Tlp completion;
        if (header.Type == TlpType.IOWr)
        {
            if (accepted && bytes > 0 && tlp.Body is { } body) function.WriteBar(bar.Index, offset, body.Bytes.Slice(lane, bytes));
            completion = Tlps.Completion(in header, function.Id, CompletionStatus.Successful);
        }
        else
        {
            var data = Bodies.RentDword(0);
            (accepted ? bar.Window : bar.Garbage).Read(offset, data.Bytes.Slice(lane, bytes));
            completion = Tlps.CompletionWithData(in header, function.Id, 4, 0, data);
        }

        Transmitter.Send(in completion, Sim.Now + _options.Latency, null);
    }

    /// <summary>Byte enables with holes: each run of enabled bytes is a write of its own (§2.2.5).</summary>
    private static void WriteEnabled(EndpointFunction function, int bar, ulong offset, in TlpHeader header, ReadOnlySpan<byte> data)
    {
        var enabled = ByteEnables.OfQuadword(in header);
        for (var i = 0; i < data.Length;)
        {
            var run = 0;
            while (i + run < data.Length && (enabled >> (i + run) & 1) != 0) run++;
            if (run > 0) function.WriteBar(bar, offset + (ulong)i, data.Slice(i, run));
            i += run + 1;
        }
    }

    /// <summary>An AtomicOp (§6.15): read, modify, write, and the old value back. Without a completer for the operand it is
    /// unsupported.</summary>
    private void ReceiveAtomicOp(in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        var bytes = AtomicOps.OperandBytes(in header);
        if (Find(header.Address, isIo: false, out var bar) is not { } function
            || !AtomicOps.Covers(function.Express.Options.AtomicOpCompleter, bytes) || !function.TakesRequests || tlp.Body is not { } body)
        {
            Refuse(in tlp, from, _functions[0], PcieError.UnsupportedRequest, CompletionStatus.UnsupportedRequest);
            return;
        }

        var offset = header.Address - bar.Base;
        var decision = function.Decide(bar.Index, offset, in header);
        if (Accesses.IsObserved)
            Accesses.Emit(Sim.Now, new AccessRecord(function, bar.Index, offset, header, decision, function.StateName));
        if (Routes.IsObserved) ShowAccess(function, bar.Index, offset, in header, decision);
        if (!Proceeds(in tlp, from, function, decision)) return;
        Span<byte> old = stackalloc byte[AtomicOps.MaxOperandBytes];
        Span<byte> next = stackalloc byte[AtomicOps.MaxOperandBytes];
        if (decision == AccessDecision.Accept)
        {
            function.ReadBar(bar.Index, offset, old[..bytes]);
            if (AtomicOps.Compute(header.Type, body.Bytes, old[..bytes], next[..bytes]))
                function.WriteBar(bar.Index, offset, next[..bytes]);
        }
        else
        {
            function.ReadDiscarded(bar.Index, offset, old[..bytes]);
        }

        CompleteAtomicOp(in header, function, old[..bytes], Sim.Now + _options.Latency);
        Drop(in tlp, from);
    }

    private EndpointFunction? Find(ulong address, bool isIo, out BarHit hit)
    {
        if (_decodeStale) BuildDecoders();
        foreach (ref readonly var d in (isIo ? _ioDecoders : _decoders).AsSpan())
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
        var io = new List<Decoder>();
        foreach (var function in _functions)
        {
            if (!function.IsPresent || function.IsVirtual) continue;
            foreach (var bar in function.Header.Bars)
            {
                if (bar is null || !(bar.IsIo ? function.IoSpaceEnable : function.MemorySpaceEnable)) continue;
                (bar.IsIo ? io : decoders).Add(Decoder.For(bar.Address, bar.Size, bar.Index, [function]));
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
        _ioDecoders = [.. io];
    }

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
