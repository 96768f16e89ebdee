namespace Sim.Mlx5.Spec;

/// <summary>CQ context: 64 bytes.</summary>
public static class CqContext
{
    /// <summary>Size of an entry: 0 for 64 bytes, 1 for 128.</summary>
    public static BitField EntrySize => new(0x00, 23, 21);

    /// <summary>Overrun ignore: producer and consumer are not compared.</summary>
    public static BitField OverrunIgnore => new(0x00, 17, 17);

    /// <summary>log2 of the entries.</summary>
    public static BitField LogSize => new(0x0C, 28, 24);

    /// <summary>UAR through which it is armed.</summary>
    public static BitField Uar => new(0x0C, 23, 0);

    /// <summary>Moderation: microseconds from the first completion to its event.</summary>
    public static BitField Period => new(0x10, 27, 16);

    /// <summary>Moderation: completions after which the event comes at once.</summary>
    public static BitField MaxCount => new(0x10, 15, 0);

    /// <summary>EQ that gets its events.</summary>
    public static BitField EqNumber => new(0x14, 31, 0);

    /// <summary>log2 of the page size, in 4 KiB.</summary>
    public static BitField LogPageSize => new(0x18, 28, 24);

    /// <summary>Address of its doorbell record.</summary>
    public static QwordField DoorbellRecord => new(0x38);
}
