namespace Sim.Mlx5.Spec;

/// <summary>Completion queue entry of 64 bytes.</summary>
public static class Cqe
{
    /// <summary>Bytes.</summary>
    public const int Size = 64;

    /// <summary>Byte offset of opcode (7:4) and owner (0).</summary>
    public const int OpcodeAndOwner = 0x3F;

    /// <summary>Byte offset of an error's syndrome (<see cref="CqeSyndrome"/>).</summary>
    public const int Syndrome = 0x37;

    /// <summary>Byte offset of an error's vendor syndrome.</summary>
    public const int VendorSyndrome = 0x36;

    /// <summary>Bytes of the larger kind of entry, whose second half is one of 64 bytes.</summary>
    public const int LargeSize = 128;

    /// <summary>Responder: QP number of the requester.</summary>
    public static BitField RemoteQp => new(0x18, 23, 0);

    /// <summary>Responder: immediate data.</summary>
    public static BitField Immediate => new(0x24, 31, 0);

    /// <summary>Bytes moved.</summary>
    public static BitField ByteCount => new(0x2C, 31, 0);

    /// <summary>Timestamp in timer ticks.</summary>
    public static QwordField Timestamp => new(0x30);

    /// <summary>Opcode of the send WQE.</summary>
    public static BitField SendOpcode => new(0x38, 31, 24);

    /// <summary>QP number.</summary>
    public static BitField Qp => new(0x38, 23, 0);

    /// <summary>Index of the WQE.</summary>
    public static BitField WqeCounter => new(0x3C, 31, 16);

    /// <summary>The owner bit that a fresh entry has at producer or consumer index <paramref name="index"/>.</summary>
    public static int OwnerAt(uint index, int logSize) => (int)(index >> logSize) & 1;
}
