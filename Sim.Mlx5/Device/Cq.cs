using Sim.Core;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>A completion queue: its context and where it stands.</summary>
internal sealed class Cq
{
    private const uint IndexMask = 0xFF_FFFF;

    public required uint Number { get; init; }

    public required int LogSize { get; init; }

    /// <summary>Bytes of an entry: 64, or 128 of which the second half is used.</summary>
    public required int EntrySize { get; init; }

    public required uint Uar { get; init; }

    public required uint EqNumber { get; init; }

    public required bool OverrunIgnore { get; init; }

    public required ulong DoorbellRecord { get; init; }

    /// <summary>Moderation: time to wait for more completions; with 0 there is none.</summary>
    public required int PeriodMicroseconds { get; init; }

    /// <summary>Moderation: completions that do not wait.</summary>
    public required int MaxCount { get; init; }

    public required PageList Ring { get; init; }

    public uint Producer { get; set; }

    /// <summary>Consumer index as last seen: from the doorbell record when the ring looked full, or from an arm.</summary>
    public uint Consumer { get; set; }

    /// <summary>Index behind the last completion that asked for a solicited event, or failed.</summary>
    public uint LastSolicited { get; set; }

    public bool Armed { get; set; }

    public bool ArmedSolicitedOnly { get; set; }

    /// <summary>Consumer index of the arm: completions from here on are news.</summary>
    public uint ArmedAt { get; set; }

    /// <summary>Sequence number that the next arm must carry, so that an arm written before an event does not count after it.</summary>
    public uint ArmSequence { get; set; }

    public bool Failed { get; set; }

    /// <summary>Moderation timer; made with the queue where there is moderation.</summary>
    public SimEvent? Timer { get; set; }

    public bool LooksFull => !OverrunIgnore && ((Producer - Consumer) & IndexMask) >= 1u << LogSize;

    /// <summary>Address of the 64 bytes that are written next.</summary>
    public ulong NextEntry =>
        Ring.AddressOf(((ulong)(Producer & ((1u << LogSize) - 1)) * (ulong)EntrySize) + (ulong)(EntrySize - Cqe.Size));

    public int NextOwner => Cqe.OwnerAt(Producer, LogSize);

    /// <summary>Completions that an armed event is for.</summary>
    public uint News => ((ArmedSolicitedOnly ? LastSolicited : Producer) - ArmedAt) & IndexMask;

    public void Advance(bool solicited)
    {
        Producer = (Producer + 1) & IndexMask;
        if (solicited) LastSolicited = Producer;
    }

    public void Save(BinaryWriter image)
    {
        image.Write((byte)LogSize);
        image.Write((byte)EntrySize);
        image.Write(Uar);
        image.Write(EqNumber);
        image.Write(OverrunIgnore);
        image.Write(DoorbellRecord);
        image.Write((ushort)PeriodMicroseconds);
        image.Write((ushort)MaxCount);
        image.Write(Producer);
        image.Write(Consumer);
        image.Write(LastSolicited);
        image.Write(Armed);
        image.Write(ArmedSolicitedOnly);
        image.Write(ArmedAt);
        image.Write((byte)ArmSequence);
        image.Write(Failed);
        Ring.Save(image);
    }

    public static Cq Load(uint number, BinaryReader image)
    {
        var (logSize, entrySize) = (image.ReadByte(), image.ReadByte());
        var (uar, eq) = (image.ReadUInt32(), image.ReadUInt32());
        var overrunIgnore = image.ReadBoolean();
        var record = image.ReadUInt64();
        var (period, count) = (image.ReadUInt16(), image.ReadUInt16());
        var (producer, consumer, solicited) = (image.ReadUInt32(), image.ReadUInt32(), image.ReadUInt32());
        var (armed, solicitedOnly, armedAt) = (image.ReadBoolean(), image.ReadBoolean(), image.ReadUInt32());
        var (sequence, failed) = (image.ReadByte(), image.ReadBoolean());
        return new Cq
        {
            Number = number,
            LogSize = logSize,
            EntrySize = entrySize,
            Uar = uar,
            EqNumber = eq,
            OverrunIgnore = overrunIgnore,
            DoorbellRecord = record,
            PeriodMicroseconds = period,
            MaxCount = count,
            Producer = producer,
            Consumer = consumer,
            LastSolicited = solicited,
            Armed = armed,
            ArmedSolicitedOnly = solicitedOnly,
            ArmedAt = armedAt,
            ArmSequence = sequence,
            Failed = failed,
            Ring = PageList.Load(image),
        };
    }
}
