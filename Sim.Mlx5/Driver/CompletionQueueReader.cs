using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Driver;

/// <summary>The driver's side of a CQ: takes entries as their owner bits say, keeps the doorbell record, and arms.</summary>
/// <param name="platform">Memory and registers.</param>
/// <param name="ring">Address of the entries, in one piece.</param>
/// <param name="logSize">log2 of the entries.</param>
/// <param name="doorbellRecord">Address of the doorbell record.</param>
/// <param name="entrySize">Bytes of an entry: 64, or 128 of which the second half is used.</param>
public sealed class CompletionQueueReader(
    IMlx5Platform platform, ulong ring, int logSize, ulong doorbellRecord, int entrySize = Cqe.Size)
{
    private const uint IndexMask = 0xFF_FFFF;

    /// <summary>Number that CREATE_CQ gave.</summary>
    public uint Number { get; set; }

    /// <summary>UAR through which it is armed.</summary>
    public uint Uar { get; set; }

    /// <summary>Entries taken.</summary>
    public uint Consumer { get; set; }

    /// <summary>Events received: the sequence number of the next arm.</summary>
    public uint Events { get; set; }

    /// <summary>Before CREATE_CQ: marks every entry invalid and owned by the device, and clears the doorbell record.</summary>
    public void Initialize()
    {
        Span<byte> cqe = stackalloc byte[Cqe.Size];
        cqe.Clear();
        platform.Write(doorbellRecord, cqe[..DoorbellRecords.Size]);
        cqe[Cqe.OpcodeAndOwner] = ((int)CqeOpcode.Invalid << 4) | 1;
        for (var i = 0u; i < 1u << logSize; i++) platform.Write(EntryAddress(i), cqe);
    }

    /// <summary>Takes the next entry into <paramref name="cqe"/> of 64 bytes; false if there is none.</summary>
    public bool TryTake(Span<byte> cqe)
    {
        platform.Read(EntryAddress(Consumer), cqe);
        if (cqe[Cqe.OpcodeAndOwner] >> 4 == (int)CqeOpcode.Invalid) return false;
        if ((cqe[Cqe.OpcodeAndOwner] & 1) != Cqe.OwnerAt(Consumer, logSize)) return false;
        Consumer++;
        Span<byte> record = stackalloc byte[4];
        DoorbellRecords.CqConsumer.Set(record, Consumer & IndexMask);
        platform.Write(doorbellRecord, record);
        return true;
    }

    /// <summary>Asks for an event at the next completion that was not taken: record first, then doorbell.</summary>
    public Task ArmAsync()
    {
        var arm = ((Events & 3) << 28) | (Consumer & IndexMask);
        Span<byte> record = stackalloc byte[DoorbellRecords.Size];
        DoorbellRecords.CqConsumer.Set(record, Consumer & IndexMask);
        DoorbellRecords.CqArm.Set(record, arm);
        platform.Write(doorbellRecord, record);
        return platform.StoreAsync(((ulong)Uar * BarLayout.UarPageSize) + UarPage.CqArm, ((ulong)arm << 32) | Number, 8);
    }

    private ulong EntryAddress(uint index) =>
        ring + ((index & ((1u << logSize) - 1)) * (ulong)entrySize) + (ulong)(entrySize - Cqe.Size);
}
