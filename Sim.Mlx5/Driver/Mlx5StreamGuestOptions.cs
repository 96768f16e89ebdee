using Sim.Core;

namespace Sim.Mlx5.Driver;

/// <summary>What a <see cref="Mlx5StreamGuest"/> does.</summary>
public sealed record Mlx5StreamGuestOptions
{
    /// <summary>Address of BAR0 of each of its VFs as their IOMMU domain maps it for peers; at least two.</summary>
    public required IReadOnlyList<ulong> Bars { get; init; }

    /// <summary>Where its memory begins, in guest memory; page-aligned.</summary>
    public ulong MemoryBase { get; init; } = 0x1_0000;

    /// <summary>Bytes of an item: 8 to 256, a power of two.</summary>
    public int ItemBytes { get; init; } = 64;

    /// <summary>Items that each VF sends.</summary>
    public int Items { get; init; } = 48;

    /// <summary>Items posted in a step, while the queue has room.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Pause between two steps.</summary>
    public SimDuration Interval { get; init; } = SimDuration.FromMicroseconds(1);
}
