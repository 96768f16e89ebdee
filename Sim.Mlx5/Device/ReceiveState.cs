using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>Where the receive queue of a QP is with the receive WQE in hand.</summary>
internal enum ReceivePhase
{
    /// <summary>No receive WQE in hand.</summary>
    Idle,

    /// <summary>Reading the doorbell record.</summary>
    ReadingRecord,

    /// <summary>Reading the receive WQE.</summary>
    FetchingWqe,

    /// <summary>A receive WQE waits for data.</summary>
    Ready,

    /// <summary>Reading the doorbell record of a CQ that looks full, to complete.</summary>
    ReadingCqRecord,
}

/// <summary>The receive queue of a QP, and what the QP does as responder.</summary>
internal sealed class ReceiveState
{
    /// <summary>Receive WQEs consumed, modulo 2^16.</summary>
    public ushort Consumed { get; set; }

    /// <summary>Receive WQEs posted as the doorbell record last said, modulo 2^16.</summary>
    public ushort Posted { get; set; }

    public ReceivePhase Phase { get; set; }

    public byte[] Wqe { get; } = new byte[1 << ReceiveWqe.MaxLogStride];

    /// <summary>Byte offset in the WQE of the data segment in hand.</summary>
    public int Segment { get; set; }

    /// <summary>Bytes done of that segment.</summary>
    public ulong SegmentDone { get; set; }

    /// <summary>Who waits for a receive WQE or for data of a read.</summary>
    public IMessageSource? Waiter { get; set; }

    /// <summary>An RDMA read of this responder is outstanding.</summary>
    public bool IsReading { get; set; }

    /// <summary>The completion that waits for room in the CQ.</summary>
    public ReceiveCompletion Completion { get; set; }

    /// <summary>The QP failed and what is posted is being flushed.</summary>
    public bool Flushing { get; set; }

    public void Restart()
    {
        Segment = 0;
        SegmentDone = 0;
    }
}

/// <summary>What a receive WQE came to.</summary>
/// <param name="Opcode">How it was consumed.</param>
/// <param name="Syndrome">Why it failed, if it did.</param>
/// <param name="Bytes">Bytes of the message.</param>
/// <param name="Immediate">Immediate data.</param>
/// <param name="Solicited">The requester asked for an event.</param>
internal readonly record struct ReceiveCompletion(CqeOpcode Opcode, CqeSyndrome Syndrome, uint Bytes, uint Immediate, bool Solicited);
