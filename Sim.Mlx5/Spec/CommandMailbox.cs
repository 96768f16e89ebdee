namespace Sim.Mlx5.Spec;

/// <summary>A mailbox block: 512 bytes of data and a control segment, in a chain, big-endian.</summary>
public static class CommandMailbox
{
    /// <summary>Bytes.</summary>
    public const int Size = 576;

    /// <summary>Bytes of data, at offset 0.</summary>
    public const int DataSize = 512;

    /// <summary>Alignment that the pointers' low bits leave room for.</summary>
    public const int Alignment = 512;

    /// <summary>Byte offset of the control segment.</summary>
    public const int Control = 0x200;

    /// <summary>Byte offset from which the control signature counts: the next pointer.</summary>
    public const int SignedControl = 0x230;

    /// <summary>Byte offset of the token.</summary>
    public const int Token = 0x23D;

    /// <summary>Byte offset of the control segment's signature.</summary>
    public const int ControlSignature = 0x23E;

    /// <summary>Byte offset of the block's signature.</summary>
    public const int Signature = 0x23F;

    /// <summary>Next block; 0 in the last.</summary>
    public static QwordField Next => new(0x230);

    /// <summary>Number of the block in its chain, from 0.</summary>
    public static BitField BlockNumber => new(0x238, 31, 0);

    /// <summary>Blocks that carry what of <paramref name="bytes"/> does not fit in the entry.</summary>
    public static int Blocks(int bytes) => Math.Max(0, (bytes - CommandEntry.InlineSize + DataSize - 1) / DataSize);
}
