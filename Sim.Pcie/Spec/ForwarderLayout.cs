namespace Sim.Pcie.Spec;

/// <summary>
/// Register layout of the forwarder, a device of this project's own: BAR0 as <see cref="DmaQueueLayout"/> has it. Every quadword that is
/// stored to its window (<see cref="DmaQueueLayout.PeerWindow"/>), by a CPU or a peer, enters a FIFO of finite depth; the device writes the
/// FIFO's entries, in order, to a ring in host memory and raises MSI-X vector 0.
/// </summary>
public static class ForwarderLayout
{
    /// <summary>What Identification reads.</summary>
    public const uint Magic = 0x51DA_0003;

    /// <summary>Control: bit 0 enables forwarding.</summary>
    public const int Control = DmaQueueLayout.Control;

    /// <summary>Ring base, 64 bits.</summary>
    public const int RingBase = DmaQueueLayout.SubmissionBase;

    /// <summary>Quadwords of the ring: a power of two from 2 to 4096.</summary>
    public const int RingSize = DmaQueueLayout.RingSize;

    /// <summary>Quadwords forwarded so far, read-only.</summary>
    public const int Forwarded = DmaQueueLayout.Head;

    /// <summary>Entries in the FIFO, read-only.</summary>
    public const int Level = 0x34;

    /// <summary>Quadwords dropped because the FIFO was full, read-only.</summary>
    public const int Dropped = 0x38;
}
