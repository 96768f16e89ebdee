namespace Sim.Mlx5.Spec;

/// <summary>Memory key context: 64 bytes.</summary>
public static class MkeyContext
{
    /// <summary>Access mode: addresses are used as they are.</summary>
    public const uint PhysicalAddress = 0;

    /// <summary>Access mode: addresses are looked up in a page list.</summary>
    public const uint PageList = 1;

    /// <summary>Remote write.</summary>
    public static BitField RemoteWrite => new(0x00, 13, 13);

    /// <summary>Remote read.</summary>
    public static BitField RemoteRead => new(0x00, 12, 12);

    /// <summary>Local write.</summary>
    public static BitField LocalWrite => new(0x00, 11, 11);

    /// <summary>Local read.</summary>
    public static BitField LocalRead => new(0x00, 10, 10);

    /// <summary>Access mode, upper bits.</summary>
    public static BitField AccessModeHigh => new(0x00, 28, 26);

    /// <summary>Access mode.</summary>
    public static BitField AccessMode => new(0x00, 9, 8);

    /// <summary>The QP that may use it; FFFFFFh for any.</summary>
    public static BitField Qp => new(0x04, 31, 8);

    /// <summary>The key's low 8 bits, which the driver chooses.</summary>
    public static BitField Variant => new(0x04, 7, 0);

    /// <summary>The region is all 2^64 bytes.</summary>
    public static BitField Length64 => new(0x0C, 31, 31);

    /// <summary>Protection domain.</summary>
    public static BitField Pd => new(0x0C, 23, 0);

    /// <summary>First address of the region.</summary>
    public static QwordField Start => new(0x10);

    /// <summary>Bytes of the region.</summary>
    public static QwordField Length => new(0x18);

    /// <summary>Octwords of the page list.</summary>
    public static BitField TranslationOctwords => new(0x34, 31, 0);

    /// <summary>log2 of the page size, in bytes.</summary>
    public static BitField LogPageSize => new(0x38, 4, 0);
}
