using System.Numerics;
using Sim.Pcie.Spec;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;

namespace Sim.Vfio.Iommufd;

/// <summary>
/// A HWPT_PAGING of iommufd: one set of second-stage tables that devices are attached to, with dirty tracking by the system's IOMMU.
/// As <see cref="IDirtyLogDriver"/> it is a tracker like a device's own log, for whoever migrates.
/// </summary>
public sealed class HardwarePageTable : IDirtyLogDriver
{
    private const ulong SmallestPage = 4096;

    private readonly IntelIommu _iommu;

    internal HardwarePageTable(IntelIommu iommu, IommuDomain domain, bool mayTrack) =>
        (_iommu, Domain, MayTrack) = (iommu, domain, mayTrack);

    /// <summary>Its tables.</summary>
    public IommuDomain Domain { get; }

    /// <summary>Whether it was allocated for dirty tracking.</summary>
    public bool MayTrack { get; }

    /// <summary>Whether dirty tracking is on.</summary>
    public bool IsTracking => Domain.TracksDirty;

    /// <summary>Attaches a device.</summary>
    public void Attach(RoutingId requester) => _iommu.Attach(requester, Domain);

    /// <summary>HWPT_SET_DIRTY_TRACKING: on begins with no page dirty.</summary>
    /// <returns>EOPNOTSUPP where it was not allocated for it.</returns>
    public async Task<Errno> SetDirtyTrackingAsync(bool on)
    {
        if (!MayTrack) return Errno.EOPNOTSUPP;
        if (on == IsTracking) return Errno.None;
        if (on) Domain.ReadDirty(0, Domain.Limit, clear: true, []);
        return await _iommu.SetDirtyTrackingAsync(Domain, on) ? Errno.None : Errno.EOPNOTSUPP;
    }

    /// <summary>HWPT_GET_DIRTY_BITMAP: the pages of a range that devices wrote, and unless told otherwise clears them and flushes, so that
    /// the next write counts again.</summary>
    /// <param name="range">Page-aligned.</param>
    /// <param name="pageBytes">What a bit stands for: a power of two of at least 4 KiB.</param>
    /// <param name="noClear">GET_DIRTY_BITMAP_NO_CLEAR: they stay dirty.</param>
    /// <returns>EINVAL for a page size or range that is none, or while tracking is off.</returns>
    public async Task<(Errno Error, DirtyBitmap? Dirty)> GetDirtyBitmapAsync(IovaRange range, ulong pageBytes, bool noClear = false)
    {
        if (pageBytes < SmallestPage || !BitOperations.IsPow2(pageBytes) || !IsTracking) return (Errno.EINVAL, null);
        if ((range.Iova | range.Length) % SmallestPage != 0 || range.Length == 0) return (Errno.EINVAL, null);
        var dirty = new DirtyBitmap(range, pageBytes);
        await ReadAsync(dirty, !noClear);
        return (Errno.None, dirty);
    }

    /// <inheritdoc/>
    async Task<(Errno Error, ulong PageBytes)> IDirtyLogDriver.StartLogAsync(IReadOnlyList<IovaRange> ranges, ulong pageBytes) =>
        (IsTracking ? Errno.EINVAL : await SetDirtyTrackingAsync(true), SmallestPage);

    /// <inheritdoc/>
    Task<Errno> IDirtyLogDriver.StopLogAsync() => SetDirtyTrackingAsync(false);

    /// <inheritdoc/>
    async Task<Errno> IDirtyLogDriver.ReadAndClearLogAsync(DirtyBitmap dirty)
    {
        if (!IsTracking) return Errno.EINVAL;
        await ReadAsync(dirty, clear: true);
        return Errno.None;
    }

    private async Task ReadAsync(DirtyBitmap dirty, bool clear)
    {
        List<ulong> pages = [];
        if (clear) await Domain.ReadAndClearDirtyAsync(dirty.Range.Iova, dirty.Range.Length, pages);
        else Domain.ReadDirty(dirty.Range.Iova, dirty.Range.Length, clear: false, pages);
        foreach (var page in pages) dirty.Set(page, SmallestPage);
    }
}
