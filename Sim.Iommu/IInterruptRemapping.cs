using Sim.Pcie.Spec;

namespace Sim.Iommu;

/// <summary>What becomes of a memory write into the interrupt range (FEE0_0000h to FEEF_FFFFh).</summary>
public interface IInterruptRemapping
{
    /// <summary>Decides on one interrupt write; allocates nothing.</summary>
    /// <returns><see cref="FaultReason.None"/> and the address that the interrupt controller sees, or why it is refused.</returns>
    FaultReason Remap(RoutingId requester, ulong address, out ulong remapped);
}
