namespace Sim.Iommu;

/// <summary>Why a request was refused, with the fault reason numbers of VT-d's legacy mode and interrupt remapping.</summary>
public enum FaultReason : byte
{
    /// <summary>Not refused.</summary>
    None = 0x00,

    /// <summary>No root entry for the requester's bus.</summary>
    RootEntryNotPresent = 0x01,

    /// <summary>No context entry for the requester: it is attached to no domain.</summary>
    ContextEntryNotPresent = 0x02,

    /// <summary>A write (or an AtomicOp) to an address without write permission, or not mapped at all.</summary>
    WriteNotPermitted = 0x05,

    /// <summary>A read of an address without read permission, or not mapped at all.</summary>
    ReadNotPermitted = 0x06,

    /// <summary>A translation request or translated request from a requester that may not use them.</summary>
    TranslationBlocked = 0x0D,

    /// <summary>The interrupt index is beyond the remapping table.</summary>
    InterruptIndexOutOfRange = 0x21,

    /// <summary>The interrupt's table entry is not present.</summary>
    InterruptEntryNotPresent = 0x22,

    /// <summary>An interrupt in compatibility format where only remappable ones pass.</summary>
    InterruptFormatBlocked = 0x25,

    /// <summary>The requester is not the one the interrupt's table entry names.</summary>
    InterruptSourceBlocked = 0x26,
}
