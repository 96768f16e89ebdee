using Sim.Core;
using Sim.Mlx5.Spec;
using Sim.Pcie.Spec;

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

    /// <summary>Waiting until the responder has a receive WQE in hand.</summary>
    AwaitingReceive,

    /// <summary>Reading data.</summary>
    ReadingData,

    /// <summary>Waiting before an unanswered request is repeated.</summary>
    Retrying,

    /// <summary>Reading the doorbell record of a CQ that looks full.</summary>
    ReadingCqRecord,
}

/// <summary>A queue pair: its context, where its send queue stands, and the WQE in hand.</summary>
internal sealed class Qp : IMessageSource
{
    public required uint Number { get; init; }

    /// <summary>The HCA that it belongs to.</summary>
    public required Vhca Vhca { get; init; }

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

    public ReadOnlySpan<byte> RemoteGid => Context.AsSpan(QpContext.RemoteGid, RoceAddress.GidSize);

    public bool IsLoopback => QpContext.ForceLoopback.IsSet(Context);

    public bool HasSendQueue => !QpContext.NoSendQueue.IsSet(Context);

    public int LogSendSize => (int)QpContext.LogSendSize.Get(Context);

    public bool HasReceiveQueue => QpContext.ReceiveQueueType.Get(Context) == QpContext.OwnReceiveQueue;

    /// <summary>Bytes of a receive WQE.</summary>
    public int ReceiveStride => 1 << (int)(QpContext.LogReceiveStride.Get(Context) + 4);

    public bool IsReceiving => State is QpState.ReadyToReceive or QpState.ReadyToSend;

    /// <summary>Receive queue and responder.</summary>
    public ReceiveState Receive { get; } = new();

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

    /// <summary>The function that responds to the WQE in hand, and its QP.</summary>
    public (Mlx5Function Function, Qp Qp)? Responder { get; set; }

    /// <summary>Repeats an unanswered request; made when there first is one.</summary>
    public SimEvent? RetryTimer { get; set; }

    /// <summary>What the WQE in hand came to.</summary>
    public CqeSyndrome Syndrome { get; set; }

    /// <summary>Called once at the next WQE boundary.</summary>
    public Action? AtBoundary { get; set; }

    public bool IsWorking => State is QpState.ReadyToSend or QpState.Error;

    public bool HasWork => DoorbellPending || Consumed != Posted;

    public void OnReceive(ReceiveAnswer answer) => Vhca.Sends.OnReceive(this, answer);

    public void OnResponderData(ReadOnlySpan<byte> data, CompletionStatus status) => Vhca.Sends.OnResponderData(this, data, status);

    public static ulong SendQueueOffsetOf(ReadOnlySpan<byte> context) => QpContext.ReceiveQueueType.Get(context) == QpContext.NoReceiveQueue
        ? 0
        : 1UL << (int)(QpContext.LogReceiveSize.Get(context) + QpContext.LogReceiveStride.Get(context) + 4);

    public ulong BlockAddress(int index) =>
        Ring.AddressOf(SendQueueOffset + (ulong)(index & ((1 << LogSendSize) - 1)) * SendWqe.BasicBlock);

    public ulong ReceiveAddress(int index)
    {
        var slot = (ulong)index & ((1UL << (int)QpContext.LogReceiveSize.Get(Context)) - 1);
        return Ring.AddressOf(slot * (ulong)ReceiveStride);
    }

    /// <summary>Back to the counters of a new QP.</summary>
    public void ResetCounters()
    {
        Consumed = Posted = Receive.Consumed = Receive.Posted = 0;
        DoorbellPending = false;
        ClearRetries();
    }

    /// <summary>The request in hand was answered.</summary>
    public void ClearRetries()
    {
        QpContext.CurrentRetry.Set(Context, 0);
        QpContext.CurrentRnrRetry.Set(Context, 0);
    }

    public void Save(BinaryWriter image)
    {
        image.Write(Context);
        image.Write(Consumed);
        image.Write(Posted);
        image.Write(DoorbellPending);
        image.Write(Receive.Consumed);
        image.Write(Receive.Posted);
        Ring.Save(image);
    }

    public static Qp Load(uint number, Vhca vhca, BinaryReader image)
    {
        Span<byte> context = stackalloc byte[QpContext.Size];
        image.BaseStream.ReadExactly(context);
        var (consumed, posted, pending) = (image.ReadUInt16(), image.ReadUInt16(), image.ReadBoolean());
        var (received, receivable) = (image.ReadUInt16(), image.ReadUInt16());
        var qp = new Qp
        {
            Number = number,
            Vhca = vhca,
            Ring = PageList.Load(image),
            Consumed = consumed,
            Posted = posted,
            DoorbellPending = pending,
        };
        context.CopyTo(qp.Context);
        (qp.Receive.Consumed, qp.Receive.Posted) = (received, receivable);
        return qp;
    }
}
