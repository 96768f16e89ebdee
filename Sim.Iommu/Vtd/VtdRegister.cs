namespace Sim.Iommu.Vtd;

/// <summary>Offsets of the remapping hardware unit's registers (VT-d §11.4), in its 4 KiB page.</summary>
public static class VtdRegister
{
    /// <summary>Version.</summary>
    public const int Version = 0x00;

    /// <summary>Capability.</summary>
    public const int Capability = 0x08;

    /// <summary>Extended Capability.</summary>
    public const int ExtendedCapability = 0x10;

    /// <summary>Global Command.</summary>
    public const int GlobalCommand = 0x18;

    /// <summary>Global Status.</summary>
    public const int GlobalStatus = 0x1C;

    /// <summary>Root Table Address.</summary>
    public const int RootTableAddress = 0x20;

    /// <summary>Context Command.</summary>
    public const int ContextCommand = 0x28;

    /// <summary>Fault Status.</summary>
    public const int FaultStatus = 0x34;

    /// <summary>Fault Event Control; data, address and upper address follow.</summary>
    public const int FaultEventControl = 0x38;

    /// <summary>Fault Event Data.</summary>
    public const int FaultEventData = 0x3C;

    /// <summary>Fault Event Address.</summary>
    public const int FaultEventAddress = 0x40;

    /// <summary>Invalidation Queue Head.</summary>
    public const int QueueHead = 0x80;

    /// <summary>Invalidation Queue Tail.</summary>
    public const int QueueTail = 0x88;

    /// <summary>Invalidation Queue Address.</summary>
    public const int QueueAddress = 0x90;

    /// <summary>Invalidation Completion Status.</summary>
    public const int CompletionStatus = 0x9C;

    /// <summary>Invalidation Event Control; data, address and upper address follow.</summary>
    public const int CompletionEventControl = 0xA0;

    /// <summary>Invalidation Event Data.</summary>
    public const int CompletionEventData = 0xA4;

    /// <summary>Invalidation Event Address.</summary>
    public const int CompletionEventAddress = 0xA8;

    /// <summary>Invalidation Queue Error Record.</summary>
    public const int QueueErrorRecord = 0xB0;

    /// <summary>Interrupt Remapping Table Address.</summary>
    public const int InterruptTableAddress = 0xB8;

    /// <summary>Invalidate Address, at Extended Capability's IRO.</summary>
    public const int InvalidateAddress = 0xF0;

    /// <summary>IOTLB Invalidate.</summary>
    public const int IotlbInvalidate = 0xF8;

    /// <summary>First Fault Recording register, at Capability's FRO.</summary>
    public const int FaultRecording = 0x220;

    /// <summary>Bytes of a Fault Recording register.</summary>
    public const int FaultRecordingBytes = 16;

    /// <summary>Where the page lies in host physical memory on most platforms: what the DMAR table's DRHD says.</summary>
    public const ulong PageAddress = 0xFED9_0000;
}

/// <summary>Bits of Global Command and Global Status, which are the same.</summary>
[Flags]
public enum GlobalBits : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Translation Enable.</summary>
    Translation = 1u << 31,

    /// <summary>Set Root Table Pointer.</summary>
    RootTable = 1u << 30,

    /// <summary>Write Buffer Flush.</summary>
    WriteBuffer = 1u << 27,

    /// <summary>Queued Invalidation Enable.</summary>
    Queue = 1u << 26,

    /// <summary>Interrupt Remapping Enable.</summary>
    InterruptRemapping = 1u << 25,

    /// <summary>Set Interrupt Remapping Table Pointer.</summary>
    InterruptTable = 1u << 24,

    /// <summary>Compatibility Format Interrupts pass.</summary>
    CompatibilityFormat = 1u << 23,
}

/// <summary>Bits of Fault Status.</summary>
[Flags]
public enum FaultStatusBits : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Primary Fault Overflow.</summary>
    Overflow = 1,

    /// <summary>Primary Pending Fault.</summary>
    Pending = 2,

    /// <summary>Invalidation Queue Error.</summary>
    QueueError = 1 << 4,
}

/// <summary>Fields of the other registers.</summary>
public static class VtdField
{
    /// <summary>Root Table Address: Translation Table Mode.</summary>
    public const ulong TableMode = 3ul << 10;

    /// <summary>Root Table Address: scalable mode.</summary>
    public const ulong ScalableMode = 1ul << 10;

    /// <summary>Event control: Interrupt Mask.</summary>
    public const uint InterruptMask = 1u << 31;

    /// <summary>Event control: Interrupt Pending.</summary>
    public const uint InterruptPending = 1u << 30;

    /// <summary>Fault Status: Fault Record Index, bits 15:8.</summary>
    public const int RecordIndexShift = 8;

    /// <summary>Invalidation Queue Address: descriptors of 256 bits.</summary>
    public const ulong WideDescriptors = 1ul << 11;

    /// <summary>Interrupt Remapping Table Address: Extended Interrupt Mode (x2APIC).</summary>
    public const ulong ExtendedInterruptMode = 1ul << 11;

    /// <summary>Fault Recording, upper half: Fault.</summary>
    public const ulong Fault = 1ul << 63;

    /// <summary>Fault Recording, upper half: Type, set for a read.</summary>
    public const ulong FaultIsRead = 1ul << 62;

    /// <summary>Capability: Required Write-Buffer Flushing and so on are clear; SAGAW bit of 3-level tables.</summary>
    public const ulong ThreeLevels = 1ul << 9;

    /// <summary>Capability: SAGAW bit of 4-level tables.</summary>
    public const ulong FourLevels = 1ul << 10;

    /// <summary>Capability: 2 MiB pages.</summary>
    public const ulong Pages2M = 1ul << 34;

    /// <summary>Capability: 1 GiB pages.</summary>
    public const ulong Pages1G = 1ul << 35;

    /// <summary>Extended Capability: Scalable Mode Translation Support.</summary>
    public const ulong ScalableModeSupport = 1ul << 43;

    /// <summary>Extended Capability: Second-Stage Accessed/Dirty Support.</summary>
    public const ulong AccessedDirtySupport = 1ul << 45;
}
