using Sim.Iommu;

namespace Sim.Vfio.Kernel;

/// <summary>What Linux's VT-d driver prints for faults.</summary>
public static class IommuText
{
    /// <summary>The line that begins a fault interrupt.</summary>
    /// <param name="status">Fault Status as it was read.</param>
    public static string Status(uint status) => $"DMAR: DRHD: handling fault status reg {status:x}";

    /// <summary>The line of one fault record.</summary>
    /// <param name="fault">The record; the address of an interrupt's has its index in bits 63:48.</param>
    public static string Fault(in FaultRecord fault)
    {
        var id = fault.Requester;
        var device = $"{id.Bus:x2}:{id.Device:x2}.{id.Function}";
        var reason = $"[fault reason 0x{(byte)fault.Reason:x2}] {Reason(fault.Reason)}";
        return fault.IsInterrupt
            ? $"DMAR: [INTR-REMAP] Request device [{device}] fault index 0x{fault.Address >> 48:x} {reason}"
            : $"DMAR: [DMA {(fault.IsWrite ? "Write" : "Read")} NO_PASID] Request device [{device}] "
                + $"fault addr 0x{fault.PageAddress:x} {reason}";
    }

    private static string Reason(FaultReason reason) => reason switch
    {
        FaultReason.RootEntryNotPresent => "Present bit in root entry is clear",
        FaultReason.ContextEntryNotPresent => "Present bit in context entry is clear",
        FaultReason.ContextEntryInvalid => "Invalid context entry",
        FaultReason.AddressBeyondWidth => "Access beyond MGAW",
        FaultReason.WriteNotPermitted => "PTE Write access is not set",
        FaultReason.ReadNotPermitted => "PTE Read access is not set",
        FaultReason.PagingEntryInaccessible => "Next page table ptr is invalid",
        FaultReason.RootEntryInaccessible => "Root table address invalid",
        FaultReason.ContextEntryInaccessible => "Context table ptr is invalid",
        FaultReason.RootEntryReserved => "non-zero reserved fields in RTP",
        FaultReason.ContextEntryReserved => "non-zero reserved fields in CTP",
        FaultReason.PagingEntryReserved => "non-zero reserved fields in PTE",
        FaultReason.TranslationBlocked => "PCE for translation request specifies blocking",
        FaultReason.InterruptRequestReserved => "Detected reserved fields in the decoded interrupt-remapped request",
        FaultReason.InterruptIndexOutOfRange => "Interrupt index exceeded the interrupt-remapping table size",
        FaultReason.InterruptEntryNotPresent => "Present field in the IRTE entry is clear",
        FaultReason.InterruptEntryInaccessible => "Error accessing interrupt-remapping table pointed by IRTA_REG",
        FaultReason.InterruptEntryReserved => "Detected reserved fields in the IRTE entry",
        FaultReason.InterruptFormatBlocked => "Blocked a compatibility format interrupt request",
        FaultReason.InterruptSourceBlocked => "Blocked an interrupt request due to source-id verification failure",
        FaultReason.ScalableRootInaccessible => "SM: Error attempting to access Root Entry",
        FaultReason.ScalableRootNotPresent => "SM: Present bit in Root Entry is clear",
        FaultReason.ScalableRootReserved => "SM: Non-zero reserved field set in Root Entry",
        FaultReason.ScalableContextInaccessible => "SM: Error attempting to access Context Entry",
        FaultReason.ScalableContextNotPresent => "SM: Present bit in Context Entry is clear",
        FaultReason.ScalableContextReserved => "SM: Non-zero reserved field set in the Context Entry",
        FaultReason.ScalableContextInvalid => "SM: Invalid Context Entry",
        FaultReason.ScalableTranslationBlocked => "SM: DTE field in Context Entry is clear",
        FaultReason.PasidDirectoryInaccessible => "SM: Error attempting to access the PASID Directory Entry",
        FaultReason.PasidDirectoryNotPresent => "SM: Present bit in Directory Entry is clear",
        FaultReason.PasidEntryInaccessible => "SM: Error attempting to access PASID Table Entry",
        FaultReason.PasidEntryNotPresent => "SM: Present bit in PASID Table Entry is clear",
        FaultReason.PasidEntryInvalid => "SM: Invalid Scalable-Mode PASID Table Entry",
        FaultReason.SecondStageInaccessible => "SM: Error attempting to access second-level paging entry",
        FaultReason.SecondStageNotPermitted => "SM: Read/Write permission error in second-level paging entry",
        FaultReason.SecondStageReserved => "SM: Non-zero reserved field set in second-level paging entry",
        FaultReason.ScalableAddressBeyondWidth => "SM: Address beyond the DMA hardware max",
        FaultReason.TranslatedToInterruptRange => "SM: Invalid address-interrupt address",
        _ => "Unknown",
    };
}
