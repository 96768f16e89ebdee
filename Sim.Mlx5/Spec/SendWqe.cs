namespace Sim.Mlx5.Spec;

/// <summary>Send WQE: a control segment, for RDMA a remote address segment, and data segments, in basic blocks of 64 bytes.</summary>
public static class SendWqe
{
    /// <summary>Bytes of a basic block.</summary>
    public const int BasicBlock = 64;

    /// <summary>Bytes of a segment.</summary>
    public const int Segment = 16;

    /// <summary>Most basic blocks of a WQE.</summary>
    public const int MaxBasicBlocks = 16;

    /// <summary>Completion only with an error.</summary>
    public const uint CompleteOnError = 0;

    /// <summary>Completion always.</summary>
    public const uint CompleteAlways = 2;

    /// <summary>Opcode modifier.</summary>
    public static BitField OpcodeModifier => new(0x00, 31, 24);

    /// <summary>Index of the WQE: the basic blocks posted before it, 15:0.</summary>
    public static BitField Index => new(0x00, 23, 8);

    /// <summary>Opcode (<see cref="WqeOpcode"/>).</summary>
    public static BitField Opcode => new(0x00, 7, 0);

    /// <summary>QP number.</summary>
    public static BitField Qp => new(0x04, 31, 8);

    /// <summary>Segments of the WQE, the control segment included.</summary>
    public static BitField Segments => new(0x04, 5, 0);

    /// <summary>When it completes.</summary>
    public static BitField Completion => new(0x08, 3, 2);

    /// <summary>Solicited event.</summary>
    public static BitField Solicited => new(0x08, 1, 1);

    /// <summary>Immediate data.</summary>
    public static BitField Immediate => new(0x0C, 31, 0);

    /// <summary>Remote address segment: address.</summary>
    public static QwordField RemoteAddress => new(0x10);

    /// <summary>Remote address segment: key.</summary>
    public static BitField RemoteKey => new(0x18, 31, 0);

    /// <summary>Data segment: the data follow in the WQE.</summary>
    public static BitField DataInline => new(0x00, 31, 31);

    /// <summary>Data segment: bytes.</summary>
    public static BitField DataBytes => new(0x00, 30, 0);

    /// <summary>Data segment: key.</summary>
    public static BitField DataKey => new(0x04, 31, 0);

    /// <summary>Data segment: address.</summary>
    public static QwordField DataAddress => new(0x08);
}
