using Sim.Iommu;
using Sim.Pcie.Spec;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using Sim.Vfio.VfioPci;

namespace Sim.Vfio.Iommufd;

/// <summary>
/// An IOAS of iommufd: the user's mappings, which every hardware page table made from it holds. BARs come in as dma-bufs: revoking one
/// takes it out of all page tables and flushes, before the revoke is done.
/// </summary>
public sealed class IoAddressSpace : IUserAddressSpace
{
    private readonly IntelIommu _iommu;
    private readonly AreaList _areas = new();
    private readonly List<HardwarePageTable> _tables = [];

    /// <summary>IOAS_ALLOC.</summary>
    /// <param name="iommu">The IOMMU of the devices to come.</param>
    /// <param name="name">Who owns it, for messages.</param>
    public IoAddressSpace(IntelIommu iommu, string name) => (_iommu, Name) = (iommu, name);

    /// <summary>Who owns it.</summary>
    public string Name { get; }

    /// <summary>The first page table, if it was allocated for dirty tracking.</summary>
    public IDirtyLogDriver? Tracker => FirstTable() is { MayTrack: true } table ? table : null;

    /// <summary>Its mappings, in order.</summary>
    public IEnumerable<MappedArea> Areas => _areas.All;

    /// <summary>HWPT_ALLOC: a page table that holds what is mapped now and later.</summary>
    /// <param name="dirtyTracking">HWPT_ALLOC_DIRTY_TRACKING: it will be asked to track dirty pages.</param>
    /// <param name="largestPage">The largest page it uses: 4 KiB, 2 MiB or 1 GiB.</param>
    /// <returns>EOPNOTSUPP where dirty tracking is asked for and the hardware has none.</returns>
    public (Errno Error, HardwarePageTable? Table) Allocate(bool dirtyTracking = false, ulong largestPage = 4096)
    {
        if (dirtyTracking && !_iommu.CanTrackDirty) return (Errno.EOPNOTSUPP, null);
        var domain = _iommu.CreateDomain(Name);
        domain.LargestPage = largestPage;
        foreach (var area in _areas.All.Where(a => a.IsPresent)) domain.Map(area.Iova, area.Address, area.Bytes, area.Permissions);
        var table = new HardwarePageTable(_iommu, domain, dirtyTracking);
        _tables.Add(table);
        return (Errno.None, table);
    }

    /// <summary>IOAS_MAP.</summary>
    public Errno Map(ulong iova, ulong address, ulong bytes, IoPermissions permissions) =>
        Add(new MappedArea(iova, address, bytes, permissions, null));

    /// <summary>IOAS_MAP_FILE of a dma-buf that is exported for the purpose.</summary>
    public Errno MapBar(ulong iova, VfioPciDevice device, int bar) => MapBuffer(iova, device.ExportDmaBuf(bar));

    /// <summary>IOAS_MAP_FILE of a dma-buf.</summary>
    /// <returns>As <see cref="Map"/>, or ENODEV while the buffer is revoked.</returns>
    public Errno MapBuffer(ulong iova, VfioDmaBuf buffer)
    {
        if (buffer.IsRevoked) return Errno.ENODEV;
        var area = new MappedArea(iova, buffer.Address, buffer.Bytes, IoPermissions.ReadWrite, buffer);
        var error = Add(area);
        if (error == Errno.None) buffer.AddImporter(() => RemoveAsync(area));
        return error;
    }

    /// <summary>IOAS_UNMAP.</summary>
    public async Task<(Errno Error, ulong Bytes)> UnmapAsync(ulong iova, ulong bytes)
    {
        var (error, areas) = _areas.Take(iova, bytes);
        ulong unmapped = 0;
        foreach (var area in areas)
        {
            unmapped += area.Bytes;
            await RemoveAsync(area);
        }

        return (error, unmapped);
    }

    /// <summary>Attaches by the first page table, which is made if there is none.</summary>
    public void Attach(RoutingId requester) => FirstTable().Attach(requester);

    /// <inheritdoc/>
    public Task DetachAsync(RoutingId requester) => _iommu.DetachAsync(requester);

    private HardwarePageTable FirstTable()
    {
        if (_tables.Count == 0) Allocate(_iommu.CanTrackDirty);
        return _tables[0];
    }

    private Errno Add(MappedArea area)
    {
        var error = _areas.Check(area.Iova, area.Address, area.Bytes, area.Permissions);
        if (error != Errno.None) return error;
        _areas.Add(area);
        foreach (var table in _tables) table.Domain.Map(area.Iova, area.Address, area.Bytes, area.Permissions);
        return Errno.None;
    }

    private async Task RemoveAsync(MappedArea area)
    {
        if (!area.IsPresent) return;
        area.IsPresent = false;
        foreach (var table in _tables) await table.Domain.UnmapAsync(area.Iova, area.Bytes);
    }
}
