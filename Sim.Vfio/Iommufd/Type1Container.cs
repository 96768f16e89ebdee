using Sim.Iommu;
using Sim.Pcie.Spec;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using Sim.Vfio.VfioPci;

namespace Sim.Vfio.Iommufd;

/// <summary>
/// A container of the older VFIO type1 driver: one domain for all its devices. A BAR is mapped by the host address that its mmap has at
/// that moment; nothing tells the container when access to the BAR is revoked, and its mapping stays. A device that is added finds
/// all mappings there.
/// </summary>
public sealed class Type1Container : IUserAddressSpace
{
    private readonly IntelIommu _iommu;
    private readonly AreaList _areas = new();

    /// <summary>Opens a container.</summary>
    /// <param name="iommu">The IOMMU of the devices to come.</param>
    /// <param name="name">Who owns it, for messages.</param>
    public Type1Container(IntelIommu iommu, string name) => (_iommu, Domain) = (iommu, iommu.CreateDomain(name));

    /// <summary>What this driver offered: every mapped page of memory counts as written, always.</summary>
    public IDirtyLogDriver Tracker => new EverythingIsDirty(_areas);

    /// <summary>Its domain.</summary>
    public IommuDomain Domain { get; }

    /// <summary>Its mappings, in order.</summary>
    public IEnumerable<MappedArea> Areas => _areas.All;

    /// <summary>VFIO_IOMMU_MAP_DMA of memory.</summary>
    public Errno Map(ulong iova, ulong address, ulong bytes, IoPermissions permissions)
    {
        var error = _areas.Check(iova, address, bytes, permissions);
        if (error != Errno.None) return error;
        _areas.Add(new MappedArea(iova, address, bytes, permissions, null));
        Domain.Map(iova, address, bytes, permissions);
        return Errno.None;
    }

    /// <summary>VFIO_IOMMU_MAP_DMA of a BAR's mmap.</summary>
    public Errno MapBar(ulong iova, VfioPciDevice device, int bar) =>
        Map(iova, device.BarAddress(bar), device.UserBarBytes(bar), IoPermissions.ReadWrite);

    /// <summary>VFIO_IOMMU_UNMAP_DMA.</summary>
    public async Task<(Errno Error, ulong Bytes)> UnmapAsync(ulong iova, ulong bytes)
    {
        var (error, areas) = _areas.Take(iova, bytes);
        ulong unmapped = 0;
        foreach (var area in areas) unmapped += await Domain.UnmapAsync(area.Iova, area.Bytes);
        return (error, unmapped);
    }

    /// <inheritdoc/>
    public void Attach(RoutingId requester) => _iommu.Attach(requester, Domain);

    /// <inheritdoc/>
    public Task DetachAsync(RoutingId requester) => _iommu.DetachAsync(requester);

    private sealed class EverythingIsDirty(AreaList areas) : IDirtyLogDriver
    {
        public Task<(Errno Error, ulong PageBytes)> StartLogAsync(IReadOnlyList<IovaRange> ranges, ulong pageBytes) =>
            Task.FromResult((Errno.None, pageBytes));

        public Task<Errno> StopLogAsync() => Task.FromResult(Errno.None);

        public Task<Errno> ReadAndClearLogAsync(DirtyBitmap dirty)
        {
            foreach (var area in areas.All) dirty.Set(area.Iova, area.Bytes);
            return Task.FromResult(Errno.None);
        }
    }
}
