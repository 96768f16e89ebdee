using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>Where the send queue of a QP is with the WQE in hand.</summary>
internal enum SendPhase
{
    /// <summary>Between two WQEs: the boundary at which a suspension ends.</summary>
    Idle,

    /// <summary>Reading the doorbell record.</summary>
    ReadingRecord,

    /// <summary>Reading basic blocks.</summary>
    FetchingWqe,

    /// <summary>Reading data.</summary>
    ReadingData,

    /// <summary>Reading the doorbell record of a CQ that looks full.</summary>
    ReadingCqRecord,
}

/// <summary>A queue pair: its context, where its send queue stands, and the WQE in hand.</summary>
internal sealed class Qp
{
    public required uint Number { get; init; }

    /// <summary>The context as the driver gave it, kept for QUERY_QP; fields below follow from it.</summary>
    public byte[] Context { get; } = new byte[QpContext.Size];

    public required PageList Ring { get; init; }

    public uint Pd => QpContext.Pd.Get(Context);

    public uint Uar => QpContext.Uar.Get(Context);

    public uint SendCq => QpContext.SendCq.Get(Context);

    public uint ReceiveCq => QpContext.ReceiveCq.Get(Context);

    public uint RemoteQp => QpContext.RemoteQp.Get(Context);

    public bool RemoteReadAllowed => QpContext.RemoteRead.IsSet(Context);

    public bool RemoteWriteAllowed => QpContext.RemoteWrite.IsSet(Context);

    public ulong DoorbellRecord => QpContext.DoorbellRecord.Get(Context);

    public bool HasSendQueue => !QpContext.NoSendQueue.IsSet(Context);

    public int LogSendSize => (int)QpContext.LogSendSize.Get(Context);

    /// <summary>The receive queue lies first in the ring, the send queue behind it.</summary>
    public ulong SendQueueOffset => SendQueueOffsetOf(Context);

    public QpState State
    {
        get => (QpState)QpContext.State.Get(Context);
        set => QpContext.State.Set(Context, (uint)value);
    }

    /// <summary>Basic blocks consumed, modulo 2^16.</summary>
    public ushort Consumed { get; set; }

    /// <summary>Basic blocks posted as the doorbell record last said, modulo 2^16.</summary>
    public ushort Posted { get; set; }

    /// <summary>A doorbell rang after the record was last read.</summary>
    public bool DoorbellPending { get; set; }

    public SendPhase Phase { get; set; }

    public byte[] Wqe { get; } = new byte[SendWqe.BasicBlock * SendWqe.MaxBasicBlocks];

    public int WqeBytesFetched { get; set; }

    public int WqeBytes { get; set; }

    /// <summary>Byte offset in the WQE of the data segment in hand.</summary>
    public int Segment { get; set; }

    /// <summary>Bytes done of that segment.</summary>
    public ulong SegmentDone { get; set; }

    /// <summary>Bytes done of the message.</summary>
    public ulong MessageDone { get; set; }

    /// <summary>What the WQE in hand came to.</summary>
    public CqeSyndrome Syndrome { get; set; }

    /// <summary>Called once at the next WQE boundary.</summary>
    public Action? AtBoundary { get; set; }

    public bool IsWorking => State is QpState.ReadyToSend or QpState.Error;

    public bool HasWork => DoorbellPending || Consumed != Posted;

    public static ulong SendQueueOffsetOf(ReadOnlySpan<byte> context) => QpContext.ReceiveQueueType.Get(context) == QpContext.NoReceiveQueue
        ? 0
        : 1UL << (int)(QpContext.LogReceiveSize.Get(context) + QpContext.LogReceiveStride.Get(context) + 4);

    public ulong BlockAddress(int index) =>
        Ring.AddressOf(SendQueueOffset + (ulong)(index & ((1 << LogSendSize) - 1)) * SendWqe.BasicBlock);

    /// <summary>Back to the counters of a new QP.</summary>
    public void ResetCounters()
    {
        Consumed = Posted = 0;
        DoorbellPending = false;
    }

    public void Save(BinaryWriter image)
    {
        image.Write(Context);
        image.Write(Consumed);
        image.Write(Posted);
        image.Write(DoorbellPending);
        Ring.Save(image);
    }

    public static Qp Load(uint number, BinaryReader image)
    {
        Span<byte> context = stackalloc byte[QpContext.Size];
        image.BaseStream.ReadExactly(context);
        var (consumed, posted, pending) = (image.ReadUInt16(), image.ReadUInt16(), image.ReadBoolean());
        var qp = new Qp { Number = number, Ring = PageList.Load(image), Consumed = consumed, Posted = posted, DoorbellPending = pending };
        context.CopyTo(qp.Context);
        return qp;
    }
}
