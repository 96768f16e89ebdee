using Sim.Vfio.Iommufd;

namespace Sim.Vfio.VfioPci;

public sealed partial class VfioPciDevice
{
    private readonly List<VfioDmaBuf> _dmaBufs = [];
    private bool _dmaBufsRevoked;

    /// <summary>VFIO_DEVICE_FEATURE_DMA_BUF: a BAR for importers, who lose it when access is revoked; while it is, a new one
    /// is revoked from the beginning.</summary>
    public VfioDmaBuf ExportDmaBuf(int bar)
    {
        var buffer = new VfioDmaBuf(this, bar) { IsRevoked = _dmaBufsRevoked };
        _dmaBufs.Add(buffer);
        return buffer;
    }

    private async Task RevokeDmaBufsAsync()
    {
        _dmaBufsRevoked = true;
        foreach (var buffer in _dmaBufs) await buffer.RevokeAsync();
    }

    private void RestoreDmaBufs()
    {
        if (!MemoryEnabled || IsRevoked) return;
        _dmaBufsRevoked = false;
        foreach (var buffer in _dmaBufs) buffer.Restore();
    }
}
