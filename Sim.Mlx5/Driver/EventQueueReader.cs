using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Driver;

/// <summary>The driver's side of an EQ: takes entries as their owner bits say, and arms.</summary>
/// <param name="platform">Memory and registers.</param>
/// <param name="ring">Address of the entries, in one piece.</param>
/// <param name="logSize">log2 of the entries.</param>
public sealed class EventQueueReader(IMlx5Platform platform, ulong ring, int logSize)
{
    /// <summary>Number that CREATE_EQ gave.</summary>
    public uint Number { get; set; }

    /// <summary>UAR through which it is armed.</summary>
    public uint Uar { get; set; }

    /// <summary>Entries taken.</summary>
    public uint Consumer { get; set; }

    /// <summary>Before CREATE_EQ: gives every entry to the device.</summary>
    public void Initialize()
    {
        Span<byte> eqe = stackalloc byte[Eqe.Size];
        eqe.Clear();
        eqe[Eqe.Owner] = 1;
        for (var i = 0; i < 1 << logSize; i++) platform.Write(ring + (ulong)(i * Eqe.Size), eqe);
    }

    /// <summary>Takes the next entry into <paramref name="eqe"/> of 64 bytes; false if there is none.</summary>
    public bool TryTake(Span<byte> eqe)
    {
        platform.Read(ring + ((Consumer & ((1u << logSize) - 1)) * Eqe.Size), eqe);
        if ((eqe[Eqe.Owner] & 1) != ((Consumer >> logSize) & 1)) return false;
        Consumer++;
        return true;
    }

    /// <summary>Tells the device what was taken, and asks for nothing.</summary>
    public Task UpdateAsync() => DoorbellAsync(UarPage.EqUpdate);

    /// <summary>Tells the device what was taken, and asks for an interrupt at the next entry.</summary>
    public Task ArmAsync() => DoorbellAsync(UarPage.EqArm);

    private Task DoorbellAsync(int offset) =>
        platform.StoreAsync(((ulong)Uar * BarLayout.UarPageSize) + (ulong)offset, (Number << 24) | (Consumer & 0xFF_FFFF));
}
