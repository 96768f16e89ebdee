using Sim.Core;

namespace Sim.Vfio.Guests;

/// <summary>What a <see cref="DmaQueueGuest"/> does.</summary>
public sealed record DmaQueueGuestOptions
{
    /// <summary>Which of the guest's devices it drives.</summary>
    public int Device { get; init; }

    /// <summary>Where its rings and buffers begin in guest memory; page-aligned. It takes (2 + 2 x ring size) pages.</summary>
    public ulong MemoryBase { get; init; } = 0x1_0000;

    /// <summary>Entries of the rings: a power of two from 2 to 128.</summary>
    public int RingSize { get; init; } = 16;

    /// <summary>Bytes copied by each job: a multiple of 8 up to 4096.</summary>
    public int CopyBytes { get; init; } = 512;

    /// <summary>Jobs posted per step, while the ring has room.</summary>
    public int Batch { get; init; } = 2;

    /// <summary>Jobs in all; afterwards the guest only waits. 0: no end.</summary>
    public int Jobs { get; init; }

    /// <summary>Pause between two steps.</summary>
    public SimDuration Interval { get; init; } = SimDuration.FromMicroseconds(5);

    /// <summary>Steps between two looks at the health counter; 0: never looks.</summary>
    public int HealthPeriod { get; init; } = 20;

    /// <summary>Steps without any completion, while some are due, until the guest looks for itself.</summary>
    public int StallSteps { get; init; } = 100;
}
