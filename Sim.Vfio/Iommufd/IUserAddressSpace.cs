using Sim.Iommu;
using Sim.Pcie.Spec;
using Sim.Vfio.Migration;
using Sim.Vfio.VfioPci;

namespace Sim.Vfio.Iommufd;

/// <summary>
/// What a user of devices maps for their DMA: memory of its own and BARs of its devices. Two kernels' answers implement it:
/// <see cref="Type1Container"/> and <see cref="IoAddressSpace"/>; they part where a BAR's access is revoked.
/// </summary>
public interface IUserAddressSpace
{
    /// <summary>What tells which pages devices wrote; null where nothing does.</summary>
    IDirtyLogDriver? Tracker { get; }

    /// <summary>Its mappings, in order; one whose BAR was revoked is there without being present.</summary>
    IEnumerable<MappedArea> Areas { get; }

    /// <summary>Maps memory of the user.</summary>
    /// <param name="iova">Where; page-aligned.</param>
    /// <param name="address">Host address of the memory; page-aligned.</param>
    /// <param name="bytes">Whole pages.</param>
    /// <param name="permissions">At least one.</param>
    /// <returns>EINVAL for what is not whole pages, EEXIST where something is mapped.</returns>
    Errno Map(ulong iova, ulong address, ulong bytes, IoPermissions permissions);

    /// <summary>Maps a BAR of a device, for its peers.</summary>
    /// <param name="iova">Where; page-aligned.</param>
    /// <param name="device">The device, open.</param>
    /// <param name="bar">The BAR, as far as users see it.</param>
    /// <returns>As <see cref="Map"/>; ENODEV while access is revoked, where the kernel knows of that.</returns>
    Errno MapBar(ulong iova, VfioPciDevice device, int bar);

    /// <summary>Takes mappings that lie in a range away, and waits until nothing uses them.</summary>
    /// <returns>EINVAL where a mapping is only partly in the range, ENOENT where none is; and bytes taken.</returns>
    Task<(Errno Error, ulong Bytes)> UnmapAsync(ulong iova, ulong bytes);

    /// <summary>Gives a device this address space.</summary>
    void Attach(RoutingId requester);

    /// <summary>Takes a device out, and waits until it reaches nothing any more.</summary>
    Task DetachAsync(RoutingId requester);
}
