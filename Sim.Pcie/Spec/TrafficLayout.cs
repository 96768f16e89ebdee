namespace Sim.Pcie.Spec;

/// <summary>
/// Register layout of the traffic generator, a device of this project's own: BAR0, little-endian. Software writes what it wants and starts
/// it; the device reads or writes memory as fast as its outstanding transfers and the link let it.
/// </summary>
public static class TrafficLayout
{
    /// <summary>Device ID of the PF, below the vendor ID of <see cref="DmaQueueLayout.VendorId"/>.</summary>
    public const ushort PhysicalDeviceId = 0x5200;

    /// <summary>Device ID of the VFs.</summary>
    public const ushort VirtualDeviceId = 0x5201;

    /// <summary>Size of BAR0 in bytes.</summary>
    public const int BarSize = 0x8000;

    /// <summary>Identification, read-only: <see cref="Magic"/>.</summary>
    public const int Identification = 0x00;

    /// <summary>Control: bit 0 runs, from 0 to 1 starts anew with counters at zero.</summary>
    public const int Control = 0x04;

    /// <summary>Pattern: the bits below.</summary>
    public const int Pattern = 0x08;

    /// <summary>Bytes of a transfer, 1 to 4096.</summary>
    public const int Bytes = 0x0C;

    /// <summary>Transfers under way at most, 1 to 1024.</summary>
    public const int Outstanding = 0x10;

    /// <summary>Distance between places in the window in bytes; 0 for the size of a transfer rounded up to a power of two.</summary>
    public const int Stride = 0x14;

    /// <summary>First address of the window, 64 bits.</summary>
    public const int WindowBase = 0x18;

    /// <summary>Bytes of the window, 64 bits; it holds at least one place.</summary>
    public const int WindowSize = 0x20;

    /// <summary>Transfers after which it stops, 64 bits; 0 for none.</summary>
    public const int Count = 0x28;

    /// <summary>Reads that ended with data, 64 bits, read-only.</summary>
    public const int ReadsDone = 0x30;

    /// <summary>Writes sent, 64 bits, read-only.</summary>
    public const int WritesDone = 0x38;

    /// <summary>Reads that failed, and transfers that Bus Master Enable forbade, 32 bits, read-only.</summary>
    public const int Failed = 0x40;

    /// <summary>Status, read-only: bit 0 a transfer is under way or due.</summary>
    public const int Status = 0x44;

    /// <summary>Fill, 32 bits: the DW that writes carry again and again; 0 for bytes that count up by seven.</summary>
    public const int Fill = 0x48;

    /// <summary>Pattern bit: reads.</summary>
    public const uint Reads = 1;

    /// <summary>Pattern bit: writes. With reads: each transfer is one of both.</summary>
    public const uint Writes = 2;

    /// <summary>Pattern bit: places of the window in random order, else one after the other.</summary>
    public const uint RandomOrder = 4;

    /// <summary>What <see cref="Identification"/> reads.</summary>
    public const uint Magic = 0x51DA_0002;
}
