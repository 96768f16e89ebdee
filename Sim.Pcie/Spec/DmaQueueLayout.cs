namespace Sim.Pcie.Spec;

/// <summary>
/// Register layout of the simple DMA-queue device, a device of this project's own: BAR0 of 32 KiB, little-endian. A driver fills a
/// submission ring with copy descriptors and rings the doorbell; the device copies, writes a completion entry and raises MSI-X vector 0.
/// </summary>
public static class DmaQueueLayout
{
    /// <summary>Vendor ID of the device: one that is not assigned to a vendor's products.</summary>
    public const ushort VendorId = 0x1DE5;

    /// <summary>Device ID of the PF.</summary>
    public const ushort PhysicalDeviceId = 0x5100;

    /// <summary>Device ID of the VFs.</summary>
    public const ushort VirtualDeviceId = 0x5101;

    /// <summary>Size of BAR0 in bytes.</summary>
    public const int BarSize = 0x8000;

    /// <summary>Identification, read-only: <see cref="Magic"/>.</summary>
    public const int Identification = 0x00;

    /// <summary>Control: bit 0 enables the queue.</summary>
    public const int Control = 0x04;

    /// <summary>Submission ring base, 64 bits.</summary>
    public const int SubmissionBase = 0x08;

    /// <summary>Completion ring base, 64 bits.</summary>
    public const int CompletionBase = 0x10;

    /// <summary>Entries of both rings, a power of two from 2 to 4096.</summary>
    public const int RingSize = 0x18;

    /// <summary>Doorbell: tail of the submission ring, taken modulo its size: at most size - 1 descriptors can be outstanding.</summary>
    public const int Doorbell = 0x20;

    /// <summary>Head of the submission ring, counted without wrapping, read-only.</summary>
    public const int Head = 0x24;

    /// <summary>Status, read-only: bit 0 idle, bit 1 error (a descriptor's read failed).</summary>
    public const int Status = 0x28;

    /// <summary>Event cause: bit 0 set with every completion, cleared by reading.</summary>
    public const int EventCause = 0x2C;

    /// <summary>Health counter: advances with every doorbell and completion, read-only.</summary>
    public const int Health = 0x30;

    /// <summary>Memory of the device that peers write to and the image holds.</summary>
    public const int PeerWindow = 0x1000;

    /// <summary>Bytes of it.</summary>
    public const int PeerWindowSize = 0x1000;

    /// <summary>Offset of the MSI-X table.</summary>
    public const int MsixTable = 0x2000;

    /// <summary>Offset of the MSI-X Pending Bit Array.</summary>
    public const int MsixPba = 0x3000;

    /// <summary>MSI-X vectors.</summary>
    public const int Vectors = 2;

    /// <summary>What <see cref="Identification"/> reads.</summary>
    public const uint Magic = 0x51DA_0001;

    /// <summary>Bytes of a descriptor: identifier u32, length u32 (1 to 4096), source u64, destination u64, reserved u64.</summary>
    public const int DescriptorSize = 32;

    /// <summary>Bytes of a completion entry: identifier u32, status u32 (0 done, else the completion status that failed), head u32, phase
    /// u32.</summary>
    public const int CompletionSize = 16;
}
