namespace Sim.Mlx5.Spec;

/// <summary>ALLOC_MEMIC and DEALLOC_MEMIC: device memory that lies in the BAR, and its capabilities.</summary>
public static class MemicCommands
{
    /// <summary>Bytes of either input.</summary>
    public const int InputSize = 0x20;

    /// <summary>ALLOC input: log2 of the alignment.</summary>
    public static BitField LogAlignment => new(0x0C, 7, 0);

    /// <summary>ALLOC input: bytes.</summary>
    public static BitField AllocSize => new(0x1C, 31, 0);

    /// <summary>ALLOC output: offset in the BAR.</summary>
    public static QwordField Allocated => new(0x08);

    /// <summary>DEALLOC input: offset in the BAR.</summary>
    public static QwordField Start => new(0x10);

    /// <summary>DEALLOC input: bytes.</summary>
    public static BitField Size => new(0x18, 31, 0);

    /// <summary>Capability: there is device memory.</summary>
    public static BitField Supported => new(0x00, 31, 31);

    /// <summary>Capability: log2 of the smallest piece.</summary>
    public static BitField LogMinSize => new(0x04, 20, 16);

    /// <summary>Capability: log2 of the largest alignment.</summary>
    public static BitField LogMaxAlignment => new(0x04, 7, 0);

    /// <summary>Capability: where it begins in the BAR.</summary>
    public static QwordField BarStart => new(0x08);

    /// <summary>Capability: how much of the BAR it takes.</summary>
    public static BitField BarSize => new(0x10, 31, 0);

    /// <summary>Capability: largest piece.</summary>
    public static BitField MaxSize => new(0x14, 31, 0);
}
