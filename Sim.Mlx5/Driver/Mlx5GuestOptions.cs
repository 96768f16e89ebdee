using Sim.Core;
using Sim.Vfio.Virtualization;

namespace Sim.Mlx5.Driver;

/// <summary>What a <see cref="Mlx5Guest"/> does.</summary>
public sealed record Mlx5GuestOptions
{
    /// <summary>Pages that firmware may ask for.</summary>
    internal const int FirmwarePages = 64;

    private const ulong Page = GuestMemory.PageBytes;

    /// <summary>Which of the guest's devices it drives.</summary>
    public int Device { get; init; }

    /// <summary>Where its memory begins, in guest memory; page-aligned.</summary>
    public ulong MemoryBase { get; init; } = 0x1_0000;

    /// <summary>QPs that it works with, 1 to 16.</summary>
    public int Queues { get; init; } = 2;

    /// <summary>WQEs of each queue: a power of two from 2 to 64.</summary>
    public int RingSize { get; init; } = 8;

    /// <summary>Bytes that each job copies: a multiple of 8 up to 4096.</summary>
    public int CopyBytes { get; init; } = 512;

    /// <summary>Jobs posted per step, to one queue, while it has room.</summary>
    public int Batch { get; init; } = 2;

    /// <summary>Jobs in all; afterwards the guest only waits. 0: no end.</summary>
    public int Jobs { get; init; }

    /// <summary>Pause between two steps.</summary>
    public SimDuration Interval { get; init; } = SimDuration.FromMicroseconds(5);

    /// <summary>Time between two looks at the health buffer. Linux looks every 2 s.</summary>
    public SimDuration HealthInterval { get; init; } = SimDuration.FromMicroseconds(200);

    /// <summary>Steps without any completion, while some are due, until the guest looks for itself.</summary>
    public int StallSteps { get; init; } = 100;

    /// <summary>Bytes of guest memory that it takes from <see cref="MemoryBase"/> on.</summary>
    public ulong MemoryBytes => DataBase + ((ulong)(Queues * RingSize) * 2 * Page) - MemoryBase;

    internal ulong FirmwareBase => MemoryBase + Align(Mlx5CommandInterface.BytesFor(1));

    internal ulong AsyncRing => FirmwareBase + (FirmwarePages * Page);

    internal ulong EventRing => AsyncRing + Page;

    internal ulong DataBase => QueueBase(Queues);

    internal ulong QueueBase(int queue) => EventRing + Page + (ulong)(queue * LoopbackQueue.MemoryBytes);

    internal ulong Source(int queue, int slot) => DataBase + ((ulong)(((queue * RingSize) + slot) * 2) * Page);

    internal ulong Destination(int queue, int slot) => Source(queue, slot) + Page;

    private static ulong Align(ulong bytes) => (bytes + Page - 1) & ~(Page - 1);
}
