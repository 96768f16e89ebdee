using Sim.Core;
using Sim.Mlx5.Spec;
using Sim.Pcie.Config;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Spec;

namespace Sim.Mlx5.Device;

/// <summary>
/// A VF of an mlx5 adapter. Suspended as initiator it begins no WQE, command or event, and remembers doorbells; suspended as responder it
/// treats
/// requests as <see cref="Mlx5Options.StoppedAccess"/> says, except to the MSI-X structures, which belong to the host.
/// </summary>
public sealed class Mlx5VirtualFunction : Mlx5Function, IMigratableFunction
{
    private Action? _suspended;
    private bool _stopping;
    private bool _enabled;
    private VhcaState? _tracked;
    private int _savedSeries;
    private VhcaState? _loaded;
    private int _loadedSeries;

    /// <summary>Makes the function.</summary>
    /// <param name="sim">Simulator.</param>
    /// <param name="name">Component path.</param>
    /// <param name="layout">Configuration space, for example <see cref="Mlx5Templates.VirtualFunction"/>.</param>
    /// <param name="options">Costs and policies.</param>
    public Mlx5VirtualFunction(Simulator sim, string name, EndpointConfig layout, Mlx5Options? options = null)
        : base(sim, name, layout, options ?? new Mlx5Options(), BarLayout.VirtualFunctionVectors, BarLayout.DeviceMemory)
    {
    }

    /// <inheritdoc/>
    public bool SuspendsInitiatorAlone => true;

    /// <inheritdoc/>
    public MigrationSupport Supports
    {
        get
        {
            var supports = MigrationSupport.PeerToPeer;
            var pf = (PhysicalFunction as Mlx5Function)?.Options ?? Options;
            if (pf.IncrementalImages) supports |= MigrationSupport.PreCopy;
            if (pf.PageTracking) supports |= MigrationSupport.WriteLog;
            if (Options.StoppedAccess.Store != StoppedStore.Unfenced) supports |= MigrationSupport.StableImage;
            return supports;
        }
    }

    /// <inheritdoc/>
    public bool InitiatorSuspended { get; private set; }

    /// <inheritdoc/>
    public bool ResponderSuspended { get; private set; }

    /// <inheritdoc/>
    protected override string StateName =>
        ResponderSuspended ? "responder suspended" : InitiatorSuspended ? "initiator suspended" : "running";

    /// <summary>Images in pieces.</summary>
    internal ChunkedImages Chunks { get; } = new();

    /// <summary>Changes since the last image are told from those before it.</summary>
    internal bool IsTracked => _tracked is not null;

    /// <inheritdoc/>
    internal override DeviceMemory Memory { get; } = new();

    private bool HoldsInterrupts => InitiatorSuspended && Options.SuspendedInterrupt == SuspendedInterrupt.Hold;

    /// <summary>The PF has enabled the HCA of this VF.</summary>
    internal override bool IsReady => _enabled;

    internal override bool InitiatorStopping => _stopping;

    internal override bool InitiatorStopped => InitiatorSuspended;

    /// <inheritdoc/>
    public void SuspendInitiator(Action done)
    {
        _stopping = true;
        _suspended += done;
        Vhca.GiveBackRetries();
        OnBoundary();
    }

    /// <inheritdoc/>
    public void SuspendResponder()
    {
        ResponderSuspended = true;
        MsixTable.Held = true;
        InitSegment.Freeze();
    }

    /// <inheritdoc/>
    public void ResumeResponder()
    {
        ResponderSuspended = false;
        _loaded = null;
        Chunks.Clear();
        MsixTable.Held = HoldsInterrupts;
        InitSegment.Thaw();
    }

    /// <inheritdoc/>
    public void ResumeInitiator()
    {
        _stopping = InitiatorSuspended = Dma.Suspended = false;
        MsixTable.Held = false;
        Vhca.Resume();
        Commands.Serve();
    }

    /// <inheritdoc/>
    public byte[] SaveImage() => VhcaImage.Seal(0, VhcaState.Capture(this).All);

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, string Value)> DescribeImage(byte[] image) => ImageDescription.Of(image);

    /// <inheritdoc/>
    public bool LoadImage(ReadOnlySpan<byte> image)
    {
        if (!VhcaImage.TryOpen(image, out var series, out var records)) return false;
        if (series != 0 && (_loaded is null || series != _loadedSeries + 1)) return false;
        if (series == 0) _loaded = new VhcaState();
        _loadedSeries = series;
        _loaded!.Apply(records);
        _loaded.Restore(this);
        return true;
    }

    /// <summary>Whether an incremental image would have anything in it.</summary>
    internal bool HasChanged => VhcaState.Capture(this).ChangesSince(_tracked!).Any();

    /// <summary>An image for SAVE_VHCA_STATE: whole, or what changed since the last one.</summary>
    /// <param name="incremental">What changed; needs <see cref="IsTracked"/>.</param>
    /// <returns>The image and the state that it shows.</returns>
    internal (byte[] Image, VhcaState State) Capture(bool incremental)
    {
        var state = VhcaState.Capture(this);
        return (incremental ? VhcaImage.Seal(_savedSeries + 1, state.ChangesSince(_tracked!)) : VhcaImage.Seal(0, state.All), state);
    }

    /// <summary>An image has left: with tracking the next one tells what changed since, without it the series ends.</summary>
    internal void OnImageSaved(VhcaState state, bool incremental, bool track)
    {
        _savedSeries = incremental ? _savedSeries + 1 : 0;
        _tracked = track ? state : null;
    }

    /// <inheritdoc/>
    protected override AccessDecision Decide(int bar, ulong offset, in TlpHeader header)
    {
        var isHosts = offset is >= BarLayout.MsixTable and < BarLayout.MsixEnd;
        return ResponderSuspended && !isHosts ? Options.StoppedAccess.Decide(in header) : AccessDecision.Accept;
    }

    /// <inheritdoc/>
    protected override void ReadDiscarded(int bar, ulong offset, Span<byte> destination)
    {
        switch (Options.StoppedAccess.Load)
        {
            case StoppedLoad.AllOnes: destination.Fill(0xFF); break;
            case StoppedLoad.Stale: ReadBar(bar, offset, destination); break;
            default: base.ReadDiscarded(bar, offset, destination); break;
        }
    }

    /// <inheritdoc/>
    protected override void OnReset(ResetKind kind)
    {
        _stopping = InitiatorSuspended = ResponderSuspended = false;
        _tracked = _loaded = null;
        Chunks.Clear();
        base.OnReset(kind);

        // Whoever waited for the suspension is told: after a reset nothing is outstanding.
        var done = _suspended;
        _suspended = null;
        done?.Invoke();
    }

    /// <summary>ENABLE_HCA or DISABLE_HCA by the PF for this VF.</summary>
    internal void SetEnabled(bool enabled) => _enabled = enabled;

    /// <inheritdoc/>
    internal override void OnBoundary()
    {
        if (_suspended is null || Vhca.Sends.Busy > 0 || Vhca.Receives.Busy > 0 || Commands.Busy > 0) return;
        InitiatorSuspended = Dma.Suspended = true;
        MsixTable.Held = HoldsInterrupts;
        var done = _suspended;
        _suspended = null;
        done();
    }
}
