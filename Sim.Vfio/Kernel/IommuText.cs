using Sim.Iommu;

namespace Sim.Vfio.Kernel;

/// <summary>What Linux's VT-d driver prints for a fault.</summary>
public static class IommuText
{
    /// <summary>Pending Fault bit of the Fault Status register.</summary>
    private const int PrimaryPendingFault = 2;

    /// <summary>The lines of one fault.</summary>
    public static IEnumerable<string> Fault(in FaultRecord fault)
    {
        var id = fault.Requester;
        var device = $"{id.Bus:x2}:{id.Device:x2}.{id.Function}";
        var reason = $"[fault reason 0x{(byte)fault.Reason:x2}] {Reason(fault.Reason)}";
        return
        [
            $"DMAR: DRHD: handling fault status reg {PrimaryPendingFault:x}",
            fault.IsInterrupt
                ? $"DMAR: [INTR-REMAP] Request device [{device}] fault index 0x{fault.Address >> 48:x} {reason}"
                : $"DMAR: [DMA {(fault.IsWrite ? "Write" : "Read")} NO_PASID] Request device [{device}] "
                    + $"fault addr 0x{fault.PageAddress:x} {reason}",
        ];
    }

    private static string Reason(FaultReason reason) => reason switch
    {
        FaultReason.RootEntryNotPresent => "Present bit in root entry is clear",
        FaultReason.ContextEntryNotPresent => "Present bit in context entry is clear",
        FaultReason.WriteNotPermitted => "PTE Write access is not set",
        FaultReason.ReadNotPermitted => "PTE Read access is not set",
        FaultReason.TranslationBlocked => "PCE for translation request specifies blocking",
        FaultReason.InterruptIndexOutOfRange => "Interrupt index exceeded the interrupt-remapping table size",
        FaultReason.InterruptEntryNotPresent => "Present field in the IRTE entry is clear",
        FaultReason.InterruptFormatBlocked => "Blocked a compatibility format interrupt request",
        FaultReason.InterruptSourceBlocked => "Blocked an interrupt request due to source-id verification failure",
        _ => "Unknown",
    };
}
