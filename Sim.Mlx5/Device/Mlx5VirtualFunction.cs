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

    /// <summary>Makes the function.</summary>
    /// <param name="sim">Simulator.</param>
    /// <param name="name">Component path.</param>
    /// <param name="layout">Configuration space, for example <see cref="Mlx5Templates.VirtualFunction"/>.</param>
    /// <param name="options">Costs and policies.</param>
    public Mlx5VirtualFunction(Simulator sim, string name, EndpointConfig layout, Mlx5Options? options = null)
        : base(sim, name, layout, options ?? new Mlx5Options(), BarLayout.VirtualFunctionVectors, BarLayout.VirtualFunctionSize)
    {
    }

    /// <inheritdoc/>
    public bool SuspendsInitiatorAlone => true;

    /// <inheritdoc/>
    public bool InitiatorSuspended { get; private set; }

    /// <inheritdoc/>
    public bool ResponderSuspended { get; private set; }

    /// <inheritdoc/>
    protected override string StateName =>
        ResponderSuspended ? "responder suspended" : InitiatorSuspended ? "initiator suspended" : "running";

    /// <summary>The PF has enabled the HCA of this VF.</summary>
    internal override bool IsReady => _enabled;

    internal override bool InitiatorStopping => _stopping;

    internal override bool InitiatorStopped => InitiatorSuspended;

    /// <inheritdoc/>
    public void SuspendInitiator(Action done)
    {
        _stopping = true;
        _suspended += done;
        OnBoundary();
    }

    /// <inheritdoc/>
    public void SuspendResponder()
    {
        ResponderSuspended = true;
        InitSegment.Freeze();
    }

    /// <inheritdoc/>
    public void ResumeResponder()
    {
        ResponderSuspended = false;
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
    public byte[] SaveImage()
    {
        using var body = new MemoryStream();
        using var image = new BinaryWriter(body);
        InitSegment.Save(image);
        Commands.Save(image);
        Vhca.Save(image);
        MsixTable.Save(image);
        return VhcaImage.Seal(body.GetBuffer().AsSpan(0, (int)body.Length));
    }

    /// <inheritdoc/>
    public bool LoadImage(ReadOnlySpan<byte> image)
    {
        if (!VhcaImage.TryOpen(image, out var body)) return false;
        using var reader = new BinaryReader(new MemoryStream(body.ToArray()));
        InitSegment.Load(reader);
        Commands.Load(reader);
        Vhca.Load(reader);
        MsixTable.Load(reader);
        return true;
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
        if (_suspended is null || Vhca.Sends.Busy > 0 || Commands.Busy > 0) return;
        InitiatorSuspended = Dma.Suspended = true;
        MsixTable.Held = true;
        var done = _suspended;
        _suspended = null;
        done();
    }
}
