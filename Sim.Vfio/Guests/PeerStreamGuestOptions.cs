using Sim.Core;

namespace Sim.Vfio.Guests;

/// <summary>What a device of a <see cref="PeerStreamGuest"/> does for it.</summary>
public enum PeerRole
{
    /// <summary>A DMA-queue device: it copies items to the next device, and holds those of the one before.</summary>
    Queue,

    /// <summary>It only holds items.</summary>
    Memory,

    /// <summary>It forwards items to a ring in memory.</summary>
    Forwarder,
}

/// <summary>What a <see cref="PeerStreamGuest"/> does.</summary>
public sealed record PeerStreamGuestOptions
{
    /// <summary>Its devices, in the order in which the guest has them; at least two, and at least one queue.</summary>
    public IReadOnlyList<PeerRole> Roles { get; init; } = [PeerRole.Queue, PeerRole.Queue];

    /// <summary>Where its rings and buffers begin in guest memory; page-aligned. It takes 16 pages for each device.</summary>
    public ulong MemoryBase { get; init; } = 0x1_0000;

    /// <summary>Bytes of an item: 8 to 256, a power of two.</summary>
    public int ItemBytes { get; init; } = 64;

    /// <summary>Items that each queue sends.</summary>
    public int Items { get; init; } = 48;

    /// <summary>Items posted in a step, while the ring has room.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Pause between two steps.</summary>
    public SimDuration Interval { get; init; } = SimDuration.FromMicroseconds(1);
}
