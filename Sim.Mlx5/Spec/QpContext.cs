namespace Sim.Mlx5.Spec;

/// <summary>QP context: 232 bytes, of which the first 192 have fields that this model uses.</summary>
public static class QpContext
{
    /// <summary>Bytes.</summary>
    public const int Size = 0xE8;

    /// <summary>Service type: reliable connection.</summary>
    public const uint ReliableConnection = 0;

    /// <summary><see cref="ReceiveQueueType"/>: there is no receive queue.</summary>
    public const uint NoReceiveQueue = 3;

    /// <summary>State (<see cref="QpState"/>).</summary>
    public static BitField State => new(0x00, 31, 28);

    /// <summary>Service type.</summary>
    public static BitField ServiceType => new(0x00, 23, 16);

    /// <summary>Protection domain.</summary>
    public static BitField Pd => new(0x04, 23, 0);

    /// <summary>log2 of the receive WQEs.</summary>
    public static BitField LogReceiveSize => new(0x08, 22, 19);

    /// <summary>log2 of the receive WQE's size in 16 bytes.</summary>
    public static BitField LogReceiveStride => new(0x08, 18, 16);

    /// <summary>There is no send queue.</summary>
    public static BitField NoSendQueue => new(0x08, 15, 15);

    /// <summary>log2 of the send queue's 64-byte basic blocks.</summary>
    public static BitField LogSendSize => new(0x08, 14, 11);

    /// <summary>UAR whose doorbell it listens to.</summary>
    public static BitField Uar => new(0x0C, 23, 0);

    /// <summary>log2 of the page size, in 4 KiB.</summary>
    public static BitField LogPageSize => new(0x14, 28, 24);

    /// <summary>Remote QP.</summary>
    public static BitField RemoteQp => new(0x14, 23, 0);

    /// <summary>Primary path: force loopback.</summary>
    public static BitField ForceLoopback => new(0x18, 31, 31);

    /// <summary>CQ of the send queue.</summary>
    public static BitField SendCq => new(0x7C, 23, 0);

    /// <summary>Remote reads are allowed.</summary>
    public static BitField RemoteRead => new(0x90, 15, 15);

    /// <summary>Remote writes are allowed.</summary>
    public static BitField RemoteWrite => new(0x90, 14, 14);

    /// <summary>CQ of the receive queue.</summary>
    public static BitField ReceiveCq => new(0x9C, 23, 0);

    /// <summary>Address of the doorbell record.</summary>
    public static QwordField DoorbellRecord => new(0xA0);

    /// <summary>Receive queue type.</summary>
    public static BitField ReceiveQueueType => new(0xAC, 26, 24);

    /// <summary>Send queue: basic blocks consumed by hardware.</summary>
    public static BitField HardwareSendCounter => new(0xB4, 31, 16);

    /// <summary>Send queue: basic blocks posted by software.</summary>
    public static BitField SoftwareSendCounter => new(0xB4, 15, 0);
}
