using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Endpoints;

/// <summary>
/// A function of an endpoint device, physical or virtual. A model overrides what its registers do, what it decides on a request in its
/// present state, and what it does with the data of its own reads.
/// </summary>
public abstract class EndpointFunction : Function, IErrorMessageSink
{
    private readonly EndpointConfig _layout;
    private ErrorReporter? _errors;
    private PcieDevice? _device;

    /// <summary>Makes a function.</summary>
    /// <param name="sim">Simulator.</param>
    /// <param name="name">Component path.</param>
    /// <param name="layout">Its configuration space; a VF's names its PF.</param>
    /// <param name="tags">Tags it can have outstanding, 1 to 1024.</param>
    protected EndpointFunction(Simulator sim, string name, EndpointConfig layout, int tags = 256)
        : base(sim, name, layout.Config, layout.Express)
    {
        _layout = layout;
        Dma = new DmaEngine(this, tags);
        Signals = new FunctionSignals(this);
        Config.OnWrite(HeaderView.CommandOffset, 4, _ => Refresh());
        Config.OnWrite(0x10, 0x18, _ => _device?.MarkDecodeStale());
        Config.OnWrite(Express.DeviceControl, 2, _ => Refresh());
        Config.OnWrite(Express.DeviceControl2, 2, _ => Refresh());
        if (layout.Aer is { } aer) Config.OnWrite(aer.Control, 4, _ => Refresh());
        if (layout.Msix is { } msix) Config.OnWrite(msix.Offset, 4, _ => Signals.Refresh());
        if (layout.ResizableBar is { } resizable) Config.OnWrite(resizable.Control, 4, _ => _device?.MarkDecodeStale());
        Express.OnInitiateFlr(() => Reset(ResetKind.FunctionLevel));
        if (layout.Power is { } power) power.OnStateChange += OnPowerStateChange;
        if (layout.Sriov is not { } sriov) return;
        Config.OnWrite(sriov.Offset, SriovCapability.Length, _ => _device?.Renumber());
        sriov.OnVfEnable += OnVfEnable;
    }

    /// <summary>Type 0 header.</summary>
    public Type0Header Header => _layout.Header;

    /// <summary>SR-IOV capability of a PF that has one.</summary>
    public SriovCapability? Sriov => _layout.Sriov;

    /// <summary>Advanced Error Reporting, if the function has it.</summary>
    public AerCapability? Aer => _layout.Aer;

    /// <summary>Power Management, if the function has it.</summary>
    public PowerManagementCapability? Power => _layout.Power;

    /// <summary>The PF of a VF; null for a PF.</summary>
    public EndpointFunction? PhysicalFunction => _layout.PhysicalFunction;

    /// <summary>Whether this is a VF.</summary>
    public bool IsVirtual => PhysicalFunction is not null;

    /// <summary>Index of a VF below its PF, from 0.</summary>
    public int VfIndex => _layout.VfIndex;

    /// <summary>Function number in the device; a VF's may exceed 255, and it then lies on a further bus.</summary>
    public int Number { get; internal set; }

    /// <summary>Power state: D0 without the capability. A VF sleeps with its PF (§9.6.1).</summary>
    public PowerState PowerState =>
        PhysicalFunction is { PowerState: not PowerState.D0 and var pf } ? pf : _layout.Power?.State ?? PowerState.D0;

    /// <summary>Whether memory and I/O requests are decided on at all: not while it is in reset, and in D3Hot configuration requests and
    /// Messages alone are taken (§5.3.1.4.1).</summary>
    public bool TakesRequests => Sim.Now >= ReadyAt && PowerState == PowerState.D0;

    /// <summary>Whether configuration requests find it: always for a PF, for a VF while its PF has VF Enable set and NumVFs covers it
    /// (§9.3.3.3.1).</summary>
    public bool IsPresent => PhysicalFunction is not { } pf || (pf.Sriov is { VfEnable: true } s && VfIndex < s.NumVfs);

    /// <inheritdoc/>
    public override bool MemorySpaceEnable =>
        PhysicalFunction is { } pf ? pf.Sriov is { VfMemorySpaceEnable: true } : base.MemorySpaceEnable;

    /// <inheritdoc/>
    public override ErrorReporter Errors => _errors ?? throw new InvalidOperationException($"{Name} belongs to no device yet");

    /// <summary>The device it belongs to.</summary>
    public PcieDevice Device => _device ?? throw new InvalidOperationException($"{Name} belongs to no device yet");

    /// <summary>Its requester: reads, writes and interrupts.</summary>
    public DmaEngine Dma { get; }

    /// <summary>Its Messages: INTx, PM_PME, LTR.</summary>
    public FunctionSignals Signals { get; }

    /// <summary>MSI-X capability, if it has one.</summary>
    public MsixCapability? Msix => _layout.Msix;

    /// <summary>Max_Payload_Size in force, in bytes: a VF uses its PF's (§9.3.5.4).</summary>
    public int MaxPayloadSize { get; private set; } = 128;

    /// <summary>Max_Read_Request_Size in force, in bytes: a VF uses its PF's (§9.3.5.4).</summary>
    public int MaxReadRequestSize { get; private set; } = 512;

    /// <summary>Command.Bus Master Enable as last written, and D0.</summary>
    public bool MayRequest { get; private set; }

    /// <summary>Device Control 2.AtomicOp Requester Enable as last written: a VF uses its PF's.</summary>
    public bool MayRequestAtomicOps { get; private set; }

    /// <summary>The function's word for its present state, shown beside its decisions.</summary>
    protected internal virtual string StateName => "running";

    /// <summary>The pure decision on a memory request: no side effect.</summary>
    protected internal virtual AccessDecision Decide(int bar, ulong offset, in TlpHeader header) => AccessDecision.Accept;

    /// <summary>A request that it decided to hold heads the line from now on. It asks for another decision by
    /// <see cref="PcieDevice.Reconsider"/>.</summary>
    protected internal virtual void OnHeld()
    {
    }

    /// <summary>Registers read by an accepted read; reads with side effects have them here.</summary>
    protected internal abstract void ReadBar(int bar, ulong offset, Span<byte> destination);

    /// <summary>Registers written by an accepted write: the enabled bytes, contiguous.</summary>
    protected internal abstract void WriteBar(int bar, ulong offset, ReadOnlySpan<byte> data);

    /// <summary>What a discarded read returns. Deterministic noise by default: it must not look like a register.</summary>
    protected internal virtual void ReadDiscarded(int bar, ulong offset, Span<byte> destination)
    {
        for (var i = 0; i < destination.Length; i++) destination[i] = (byte)(0xA5 ^ (offset + (ulong)i) * 0x9D);
    }

    /// <summary>Data of a read that this function asked <see cref="Dma"/> for, or its failure.</summary>
    /// <param name="context">What was passed to <see cref="DmaEngine.Read"/>.</param>
    /// <param name="data">The data; empty if it failed. Valid during the call.</param>
    /// <param name="status">The first status that was not successful, or <see cref="CompletionStatus.Successful"/>.</param>
    protected internal virtual void OnDmaRead(int context, ReadOnlySpan<byte> data, CompletionStatus status)
    {
    }

    /// <summary>
    /// A Message for this function that the device does not act on itself: routed by ID to it, or vendor-defined. What is not handled is
    /// an Unsupported Request, but for a Vendor_Defined Type 1 Message, which is dropped silently (§2.2.8.6).
    /// </summary>
    /// <returns>Whether the function handled it. Its body is valid during the call.</returns>
    protected internal virtual bool OnMessage(in Tlp message) => false;

    /// <summary>The device's own state returns to what it is after power-on; registers of configuration space are done.</summary>
    protected virtual void OnReset(ResetKind kind)
    {
    }

    /// <inheritdoc/>
    public override void Reset(ResetKind kind)
    {
        _device?.DiscardHeld(this);
        base.Reset(kind);
        Dma.Clear();
        Signals.Reset(kind);
        BeginReadiness(kind);
        OnReset(kind);
        if (_device is { } device)
        {
            device.MarkDecodeStale();
            if (device.Link is { IsUp: true } link) ShowLink(link);

            // What resets a PF clears VF Enable, which removes its VFs (§9.2.2.3); a reset of the device does both itself.
            if (!IsVirtual && kind is ResetKind.FunctionLevel or ResetKind.D3HotToD0) ResetVirtualFunctions(kind);
            device.Renumber();
        }

        Refresh();
        _device?.Reconsider();
    }

    RoutingId IErrorMessageSink.RoutingId => Id;

    void IErrorMessageSink.SendErrorMessage(in ErrorMessage message) => Device.SendErrorMessage(in message);

    internal void AttachTo(PcieDevice device, int number)
    {
        _device = device;
        Number = number;
        _errors = new ErrorReporter(device.ErrorTrace, Config, Express, Aer, this)
        {
            PhysicalFunction = PhysicalFunction?.Errors,
            VfPolicy = _layout.VfErrors,
        };
        Refresh();
    }

    internal void BeginReadiness(ResetKind kind) => ReadyAt = Sim.Now + Readiness.After(kind);

    internal void ShowLink(Link link)
    {
        // A VF's Link Status reads zero: the link is its PF's (§9.3.5.8).
        if (!IsVirtual) Express.SetLinkUp((int)link.Speed, (int)link.Width);
    }

    private ReadinessTimes Readiness => _device?.Options.Readiness ?? new ReadinessTimes();

    private void OnPowerStateChange(PowerState before, PowerState after)
    {
        if (after == PowerState.D0 && _layout.Power is { NoSoftReset: false }) Reset(ResetKind.D3HotToD0);
        else Refresh();
    }

    /// <summary>VFs that appear are as after a reset and take their time; those that go stop at once (§9.3.3.3.1).</summary>
    private void OnVfEnable(bool enabled)
    {
        if (!enabled)
        {
            ResetVirtualFunctions(ResetKind.FunctionLevel);
            return;
        }

        if (_device is null) return;
        foreach (var f in _device.Functions)
        {
            if (f.PhysicalFunction == this) f.ReadyAt = Sim.Now + Readiness.AfterVfEnable;
        }
    }

    private void ResetVirtualFunctions(ResetKind kind)
    {
        if (_device is null) return;
        foreach (var f in _device.Functions)
        {
            if (f.PhysicalFunction == this) f.Reset(kind);
        }
    }

    private void Refresh()
    {
        var rules = PhysicalFunction?.Express ?? Express;
        MaxPayloadSize = rules.MaxPayloadSize;
        MaxReadRequestSize = rules.MaxReadRequestSize;
        MayRequest = BusMasterEnable && PowerState == PowerState.D0;
        MayRequestAtomicOps = rules.AtomicOpRequesterEnabled;
        Dma.Timeout = CompletionTimeouts.InForce(rules);
        Dma.UseTags(rules);
        OriginBits = (PhysicalFunction ?? this).Aer is { EcrcGenerationEnabled: true } ? TlpHeader.DigestPresent : 0;
        Signals.Refresh();
        _device?.MarkDecodeStale();
        if (IsVirtual || _device is null) return;
        foreach (var f in _device.Functions)
        {
            if (f.PhysicalFunction == this) f.Refresh();
        }
    }
}
