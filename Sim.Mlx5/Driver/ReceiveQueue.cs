using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Driver;

/// <summary>The driver's side of a QP's receive queue: WQEs of one data segment each, and the doorbell record that counts them.</summary>
/// <param name="platform">Memory.</param>
/// <param name="ring">Address of the WQEs, in one piece.</param>
/// <param name="logSize">log2 of the WQEs.</param>
/// <param name="doorbellRecord">Address of the QP's doorbell record.</param>
public sealed class ReceiveQueue(IMlx5Platform platform, ulong ring, int logSize, ulong doorbellRecord)
{
    /// <summary>WQEs posted.</summary>
    public uint Posted { get; set; }

    /// <summary>Posts a WQE.</summary>
    /// <param name="address">Address of the buffer.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="key">Its key.</param>
    public void Post(ulong address, uint bytes, uint key)
    {
        Span<byte> segment = stackalloc byte[SendWqe.Segment];
        segment.Clear();
        SendWqe.DataBytes.Set(segment, bytes);
        SendWqe.DataKey.Set(segment, key);
        SendWqe.DataAddress.Set(segment, address);
        platform.Write(ring + ((Posted & ((1u << logSize) - 1)) * SendWqe.Segment), segment);
        Posted++;
        Span<byte> record = stackalloc byte[4];
        record.Clear();
        DoorbellRecords.Receive.Set(record, Posted);
        platform.Write(doorbellRecord, record);
    }
}
