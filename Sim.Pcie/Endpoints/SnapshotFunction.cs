using Sim.Core;
using Sim.Pcie.Config;

namespace Sim.Pcie.Endpoints;

/// <summary>
/// A queue device that takes a snapshot where others freeze: the image is what its state was when its responder was suspended. Its
/// registers go on taking stores, which only the device itself sees, and not the image. As it can copy its state at any time, it can also
/// be saved while it runs.
/// </summary>
public sealed class SnapshotFunction(Simulator sim, string name, EndpointConfig layout)
    : DmaQueueFunction(sim, name, layout, StoppedAccessPolicy.Unfenced)
{
    private byte[]? _snapshot;

    /// <inheritdoc/>
    public override MigrationSupport Supports =>
        MigrationSupport.PeerToPeer | MigrationSupport.PreCopy | MigrationSupport.WriteLog | MigrationSupport.StableImage;

    /// <inheritdoc/>
    public override void SuspendResponder()
    {
        base.SuspendResponder();
        _snapshot ??= base.SaveImage();
    }

    /// <inheritdoc/>
    public override void ResumeResponder()
    {
        base.ResumeResponder();
        _snapshot = null;
    }

    /// <inheritdoc/>
    public override byte[] SaveImage() => _snapshot ?? base.SaveImage();

    /// <inheritdoc/>
    public override bool LoadImage(ReadOnlySpan<byte> image)
    {
        if (!base.LoadImage(image)) return false;
        if (_snapshot is not null) _snapshot = base.SaveImage();
        return true;
    }

    /// <inheritdoc/>
    protected override void OnReset(ResetKind kind)
    {
        _snapshot = null;
        base.OnReset(kind);
    }
}
