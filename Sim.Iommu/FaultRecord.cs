using Sim.Core;
using Sim.Pcie.Spec;

namespace Sim.Iommu;

/// <summary>One refused request.</summary>
/// <param name="Time">When the request reached the translation agent.</param>
/// <param name="Requester">Its Requester ID.</param>
/// <param name="Address">The untranslated address (IOVA) of its first byte.</param>
/// <param name="IsWrite">A write, as opposed to a read.</param>
/// <param name="Reason">Why it was refused.</param>
public readonly record struct FaultRecord(SimTime Time, RoutingId Requester, ulong Address, bool IsWrite, FaultReason Reason)
{
    /// <summary>Whether interrupt remapping refused it, not DMA remapping.</summary>
    public bool IsInterrupt => (byte)Reason is >= 0x20 and < 0x30;

    /// <summary>The page that the kernel reports: the address without its low 12 bits.</summary>
    public ulong PageAddress => Address & ~0xFFFul;
}
