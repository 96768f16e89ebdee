namespace Sim.Iommu;

/// <summary>Why a request was refused, with the numbers of VT-d's fault reasons (§7.1.3): legacy mode up to 1Fh, interrupt remapping from
/// 20h, scalable mode from 30h.</summary>
public enum FaultReason : byte
{
    /// <summary>Not refused.</summary>
    None = 0x00,

    /// <summary>No root entry for the requester's bus.</summary>
    RootEntryNotPresent = 0x01,

    /// <summary>No context entry for the requester: it is attached to no domain.</summary>
    ContextEntryNotPresent = 0x02,

    /// <summary>A context entry that programs what the unit does not support.</summary>
    ContextEntryInvalid = 0x03,

    /// <summary>An address beyond the width of the domain or of the unit.</summary>
    AddressBeyondWidth = 0x04,

    /// <summary>A write (or an AtomicOp) to an address without write permission, or not mapped at all.</summary>
    WriteNotPermitted = 0x05,

    /// <summary>A read of an address without read permission, or not mapped at all.</summary>
    ReadNotPermitted = 0x06,

    /// <summary>A paging entry lies where no memory is.</summary>
    PagingEntryInaccessible = 0x07,

    /// <summary>The root entry lies where no memory is.</summary>
    RootEntryInaccessible = 0x08,

    /// <summary>The context entry lies where no memory is.</summary>
    ContextEntryInaccessible = 0x09,

    /// <summary>Reserved bits of the root entry are set.</summary>
    RootEntryReserved = 0x0A,

    /// <summary>Reserved bits of the context entry are set.</summary>
    ContextEntryReserved = 0x0B,

    /// <summary>Reserved bits of a paging entry are set.</summary>
    PagingEntryReserved = 0x0C,

    /// <summary>A translation request or translated request from a requester that may not use them.</summary>
    TranslationBlocked = 0x0D,

    /// <summary>Reserved fields of a remappable interrupt request are not 0.</summary>
    InterruptRequestReserved = 0x20,

    /// <summary>The interrupt index is beyond the remapping table.</summary>
    InterruptIndexOutOfRange = 0x21,

    /// <summary>The interrupt's table entry is not present.</summary>
    InterruptEntryNotPresent = 0x22,

    /// <summary>The interrupt's table entry lies where no memory is.</summary>
    InterruptEntryInaccessible = 0x23,

    /// <summary>Reserved bits of the interrupt's table entry are set.</summary>
    InterruptEntryReserved = 0x24,

    /// <summary>An interrupt in compatibility format where only remappable ones pass.</summary>
    InterruptFormatBlocked = 0x25,

    /// <summary>The requester is not the one the interrupt's table entry names.</summary>
    InterruptSourceBlocked = 0x26,

    /// <summary>Scalable mode: the root entry lies where no memory is.</summary>
    ScalableRootInaccessible = 0x38,

    /// <summary>Scalable mode: no root entry for the requester's half of its bus.</summary>
    ScalableRootNotPresent = 0x39,

    /// <summary>Scalable mode: reserved bits of the root entry are set.</summary>
    ScalableRootReserved = 0x3A,

    /// <summary>Scalable mode: the context entry lies where no memory is.</summary>
    ScalableContextInaccessible = 0x40,

    /// <summary>Scalable mode: no context entry for the requester.</summary>
    ScalableContextNotPresent = 0x41,

    /// <summary>Scalable mode: reserved bits of the context entry are set.</summary>
    ScalableContextReserved = 0x42,

    /// <summary>Scalable mode: the context entry programs what the unit does not support.</summary>
    ScalableContextInvalid = 0x43,

    /// <summary>Scalable mode: a translation request from a device that may not make any (Device TLB Enable clear).</summary>
    ScalableTranslationBlocked = 0x44,

    /// <summary>The PASID directory entry lies where no memory is.</summary>
    PasidDirectoryInaccessible = 0x50,

    /// <summary>The PASID directory entry is not present.</summary>
    PasidDirectoryNotPresent = 0x51,

    /// <summary>The PASID table entry lies where no memory is.</summary>
    PasidEntryInaccessible = 0x58,

    /// <summary>The PASID table entry is not present.</summary>
    PasidEntryNotPresent = 0x59,

    /// <summary>The PASID table entry programs what the unit does not support.</summary>
    PasidEntryInvalid = 0x5B,

    /// <summary>Scalable mode: a second-stage paging entry lies where no memory is.</summary>
    SecondStageInaccessible = 0x78,

    /// <summary>Scalable mode: a second-stage paging entry gives no permission for the request.</summary>
    SecondStageNotPermitted = 0x79,

    /// <summary>Scalable mode: reserved bits of a second-stage paging entry are set.</summary>
    SecondStageReserved = 0x7A,

    /// <summary>Scalable mode: an address beyond the width of the tables.</summary>
    ScalableAddressBeyondWidth = 0x83,

    /// <summary>Scalable mode: the translated address is in the interrupt range.</summary>
    TranslatedToInterruptRange = 0x87,
}
