namespace Sim.Mlx5.Spec;

/// <summary>SET_ROCE_ADDRESS and QUERY_ROCE_ADDRESS: the GIDs under which a function is reached.</summary>
public static class RoceAddress
{
    /// <summary>Bytes of a GID.</summary>
    public const int GidSize = 16;

    /// <summary>Bytes of SET's input and QUERY's output.</summary>
    public const int Size = 0x30;

    /// <summary>Byte offset of the GID in SET's input and in QUERY's output; all zero: the entry is free.</summary>
    public const int Gid = 0x10;

    /// <summary>Entries of a function.</summary>
    public const int TableSize = 4;

    /// <summary>Input: index of the entry.</summary>
    public static BitField Index => new(0x08, 31, 16);
}
