namespace Sim.Mlx5.Spec;

/// <summary>QP context: 232 bytes, of which the first 192 have fields that this model uses.</summary>
public static class QpContext
{
    /// <summary>Bytes.</summary>
    public const int Size = 0xE8;

    /// <summary>Service type: reliable connection.</summary>
    public const uint ReliableConnection = 0;

    /// <summary><see cref="ReceiveQueueType"/>: a receive queue of the QP's own.</summary>
    public const uint OwnReceiveQueue = 0;

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

    /// <summary>Primary path: force loopback; the remote QP is one of the same function.</summary>
    public static BitField ForceLoopback => new(0x18, 31, 31);

    /// <summary>Primary path: global routing; the remote QP is one of the function with <see cref="RemoteGid"/>.</summary>
    public static BitField GlobalRoute => new(0x1C, 23, 23);

    /// <summary>Primary path: the requester waits 4.096 us times 2^n for an answer; 0: it gives up never.</summary>
    public static BitField AckTimeout => new(0x20, 31, 27);

    /// <summary>Primary path: byte offset of the remote GID, 16 bytes.</summary>
    public const int RemoteGid = 0x28;

    /// <summary>How often an unanswered request is repeated.</summary>
    public static BitField RetryCount => new(0x70, 18, 16);

    /// <summary>How often a request is repeated whose responder has no receive WQE; 7: without end.</summary>
    public static BitField RnrRetry => new(0x70, 15, 13);

    /// <summary><see cref="RnrRetry"/>: without end.</summary>
    public const uint RnrRetryInfinite = 7;

    /// <summary>Repetitions so far of the request in hand for want of a receive WQE.</summary>
    public static BitField CurrentRnrRetry => new(0x70, 10, 8);

    /// <summary>Repetitions so far of the request in hand for want of an answer.</summary>
    public static BitField CurrentRetry => new(0x70, 7, 5);

    /// <summary>Code of the time that a requester waits which found no receive WQE here.</summary>
    public static BitField MinRnrNak => new(0x94, 28, 24);

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

    /// <summary>Receive queue: WQEs consumed by hardware.</summary>
    public static BitField HardwareReceiveCounter => new(0xB8, 31, 0);

    /// <summary>Receive queue: WQEs posted by software.</summary>
    public static BitField SoftwareReceiveCounter => new(0xBC, 31, 0);
}
