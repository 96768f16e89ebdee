namespace Sim.Mlx5.Spec;

/// <summary>EQ context: 64 bytes.</summary>
public static class EqContext
{
    /// <summary>Overrun ignore.</summary>
    public static BitField OverrunIgnore => new(0x00, 17, 17);

    /// <summary>log2 of the entries.</summary>
    public static BitField LogSize => new(0x0C, 28, 24);

    /// <summary>UAR through which it is armed.</summary>
    public static BitField Uar => new(0x0C, 23, 0);

    /// <summary>MSI-X vector.</summary>
    public static BitField Vector => new(0x14, 7, 0);

    /// <summary>log2 of the page size, in 4 KiB.</summary>
    public static BitField LogPageSize => new(0x18, 28, 24);
}
