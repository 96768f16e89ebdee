namespace Sim.Mlx5.Spec;

/// <summary>
/// What lies where in BAR0: the initialization segment, the MSI-X structures where adapters show them (lspci: BAR0+2000h, BAR0+3000h), then
/// UAR pages. UAR n is the n-th 4 KiB page of the BAR.
/// </summary>
public static class BarLayout
{
    /// <summary>BAR index.</summary>
    public const int Bar = 0;

    /// <summary>Size of a VF's BAR0: 1 MiB.</summary>
    public const int VirtualFunctionSize = 0x10_0000;

    /// <summary>Size of a PF's BAR0 in this model: 32 MiB.</summary>
    public const int PhysicalFunctionSize = 0x200_0000;

    /// <summary>Bytes of the initialization segment.</summary>
    public const int InitSegmentSize = 0x2000;

    /// <summary>MSI-X table.</summary>
    public const int MsixTable = 0x2000;

    /// <summary>MSI-X Pending Bit Array.</summary>
    public const int MsixPending = 0x3000;

    /// <summary>First byte behind the MSI-X structures.</summary>
    public const int MsixEnd = 0x4000;

    /// <summary>MSI-X vectors of a PF.</summary>
    public const int PhysicalFunctionVectors = 64;

    /// <summary>MSI-X vectors of a VF.</summary>
    public const int VirtualFunctionVectors = 12;

    /// <summary>Bytes of a UAR page.</summary>
    public const int UarPageSize = 0x1000;

    /// <summary>Where the device memory of a VF begins (ALLOC_MEMIC); UAR pages end here.</summary>
    public const int DeviceMemory = 0x8_0000;

    /// <summary>Bytes of device memory of a VF: 256 KiB.</summary>
    public const int DeviceMemorySize = 0x4_0000;

    /// <summary>First UAR that ALLOC_UAR hands out.</summary>
    public const int FirstUar = 0x10;
}
