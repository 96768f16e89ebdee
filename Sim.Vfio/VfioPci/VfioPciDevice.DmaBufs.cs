using Sim.Vfio.Iommufd;

namespace Sim.Vfio.VfioPci;

public sealed partial class VfioPciDevice
{
    private readonly List<VfioDmaBuf> _dmaBufs = [];

    /// <summary>VFIO_DEVICE_FEATURE_DMA_BUF: a BAR for importers, who lose it when access is revoked.</summary>
    public VfioDmaBuf ExportDmaBuf(int bar)
    {
        var buffer = new VfioDmaBuf(this, bar);
        _dmaBufs.Add(buffer);
        return buffer;
    }

    private async Task RevokeDmaBufsAsync()
    {
        foreach (var buffer in _dmaBufs) await buffer.RevokeAsync();
    }

    private void RestoreDmaBufs()
    {
        if (!MemoryEnabled || IsRevoked) return;
        foreach (var buffer in _dmaBufs) buffer.Restore();
    }
}
