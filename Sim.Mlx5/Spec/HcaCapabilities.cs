namespace Sim.Mlx5.Spec;

/// <summary>Fields of the general device capabilities (QUERY_HCA_CAP, SET_HCA_CAP), and of the second page.</summary>
public static class HcaCapabilities
{
    /// <summary>Bytes of a capability page.</summary>
    public const int Size = 0x1000;

    /// <summary>Capability type, op_mod 15:1: general device.</summary>
    public const uint General = 0;

    /// <summary>Capability type: general device, second page.</summary>
    public const uint General2 = 0x20;

    /// <summary>Capability type: device memory.</summary>
    public const uint DeviceMemoryType = 0xF;

    /// <summary>Capability type: advanced virtualization, which is page tracking.</summary>
    public const uint AdvancedVirtualizationType = 0x26;

    /// <summary>op_mod bit 0: what the device can do at most.</summary>
    public const uint Maximum = 0;

    /// <summary>op_mod bit 0: what is in force.</summary>
    public const uint Current = 1;

    /// <summary><see cref="CommandChecksum"/>: signatures are not looked at.</summary>
    public const uint ChecksumDisabled = 0;

    /// <summary><see cref="CommandChecksum"/>: as after reset; signatures are not looked at.</summary>
    public const uint ChecksumInitial = 1;

    /// <summary><see cref="CommandChecksum"/>: signatures are checked.</summary>
    public const uint ChecksumEnabled = 3;

    /// <summary>The second page exists.</summary>
    public static BitField HasGeneral2 => new(0x04, 31, 31);

    /// <summary>The function's vhca_id.</summary>
    public static BitField VhcaId => new(0x04, 15, 0);

    /// <summary>log2 of a QP's WQEs.</summary>
    public static BitField LogMaxQpSize => new(0x10, 23, 16);

    /// <summary>log2 of the QPs.</summary>
    public static BitField LogMaxQp => new(0x10, 4, 0);

    /// <summary>log2 of a CQ's entries.</summary>
    public static BitField LogMaxCqSize => new(0x18, 23, 16);

    /// <summary>log2 of the CQs.</summary>
    public static BitField LogMaxCq => new(0x18, 4, 0);

    /// <summary>log2 of an EQ's entries.</summary>
    public static BitField LogMaxEqSize => new(0x1C, 31, 24);

    /// <summary>log2 of the mkeys.</summary>
    public static BitField LogMaxMkey => new(0x1C, 21, 16);

    /// <summary>log2 of the EQs.</summary>
    public static BitField LogMaxEq => new(0x1C, 3, 0);

    /// <summary>May command others' virtual ports.</summary>
    public static BitField VportGroupManager => new(0x34, 31, 31);

    /// <summary>May command other VHCAs.</summary>
    public static BitField VhcaGroupManager => new(0x34, 30, 30);

    /// <summary>The device memory page exists.</summary>
    public static BitField DeviceMemory => new(0x34, 23, 23);

    /// <summary>Ports.</summary>
    public static BitField Ports => new(0x34, 7, 0);

    /// <summary>log2 of the longest message.</summary>
    public static BitField LogMaxMessage => new(0x38, 28, 24);

    /// <summary>Command signatures.</summary>
    public static BitField CommandChecksum => new(0x40, 15, 14);

    /// <summary>Reliable connection is supported.</summary>
    public static BitField ReliableConnection => new(0x44, 0, 0);

    /// <summary>UAR pages of 4 KiB.</summary>
    public static BitField Uar4K => new(0x48, 31, 31);

    /// <summary>log2 of the smallest page.</summary>
    public static BitField LogPageSize => new(0x48, 7, 0);

    /// <summary>Longest send WQE in bytes.</summary>
    public static BitField MaxSendWqe => new(0x50, 15, 0);

    /// <summary>log2 of the protection domains.</summary>
    public static BitField LogMaxPd => new(0x64, 20, 16);

    /// <summary>log2 of the UAR page size in 4 KiB.</summary>
    public static BitField LogUarPageSize => new(0x90, 15, 0);

    /// <summary>Frequency of the internal timer in kHz.</summary>
    public static BitField TimerFrequency => new(0x9C, 31, 0);

    /// <summary>The advanced virtualization page exists.</summary>
    public static BitField AdvancedVirtualization => new(0xAC, 6, 6);

    /// <summary>VFs can be migrated (SUSPEND_VHCA and its relatives).</summary>
    public static BitField Migration => new(0xD0, 18, 18);

    /// <summary>Second page: SAVE_VHCA_STATE gives an image in chunks, if QUERY asks for it.</summary>
    public static BitField MigrationInChunks => new(0x18, 15, 15);

    /// <summary>Second page: LOAD_VHCA_STATE takes several images of one migration.</summary>
    public static BitField MigrationMultiLoad => new(0x18, 23, 23);

    /// <summary>Second page: SAVE_VHCA_STATE tracks changes (incremental images).</summary>
    public static BitField MigrationTracking => new(0x18, 22, 22);
}
