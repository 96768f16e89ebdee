using Sim.Pcie.Spec;

namespace Sim.Iommu;

/// <summary>From requester and untranslated address to host address: the part of an IOMMU that tables in host memory may take
/// over.</summary>
public interface IDmaRemapping
{
    /// <summary>Translates one access that stays within a 4 KiB page; allocates nothing.</summary>
    /// <returns><see cref="FaultReason.None"/> and the host address, or why the request is refused.</returns>
    FaultReason Remap(RoutingId requester, ulong iova, bool isWrite, out ulong address);
}
