namespace Sim.Mlx5.Spec;

/// <summary>An entry of the command queue: 64 bytes, big-endian.</summary>
public static class CommandEntry
{
    /// <summary>Bytes.</summary>
    public const int Size = 64;

    /// <summary>Bytes of input and of output that lie in the entry itself.</summary>
    public const int InlineSize = 16;

    /// <summary>The one type there is: PCI Express command interface transport.</summary>
    public const uint PcieTransport = 7;

    /// <summary>Byte offset of the first 16 input bytes.</summary>
    public const int Input = 0x10;

    /// <summary>Byte offset of the first 16 output bytes.</summary>
    public const int Output = 0x20;

    /// <summary>Byte offset of the token.</summary>
    public const int Token = 0x3C;

    /// <summary>Byte offset of the signature.</summary>
    public const int Signature = 0x3D;

    /// <summary>Byte offset of delivery status (7:1) and ownership (0: owned by hardware).</summary>
    public const int StatusAndOwner = 0x3F;

    /// <summary>Type.</summary>
    public static BitField Type => new(0x00, 31, 24);

    /// <summary>Bits that must be clear beside the type.</summary>
    public static BitField Reserved => new(0x00, 23, 0);

    /// <summary>Bytes of the whole input.</summary>
    public static BitField InputLength => new(0x04, 31, 0);

    /// <summary>First input mailbox, 512-byte aligned.</summary>
    public static QwordField InputPointer => new(0x08);

    /// <summary>First output mailbox, 512-byte aligned.</summary>
    public static QwordField OutputPointer => new(0x30);

    /// <summary>Bytes of the whole output.</summary>
    public static BitField OutputLength => new(0x38, 31, 0);
}
