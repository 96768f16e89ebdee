namespace Sim.Mlx5.Spec;

/// <summary>What every command's input and output begin with.</summary>
public static class CommandHeader
{
    /// <summary>Shortest input and output of a command.</summary>
    public const int Size = 0x10;

    /// <summary>Input: opcode.</summary>
    public static BitField Opcode => new(0x00, 31, 16);

    /// <summary>Input: opcode modifier.</summary>
    public static BitField OpMod => new(0x04, 15, 0);

    /// <summary>Input: number of the object that a command acts on (QP, CQ, PD, mkey index), 23:0.</summary>
    public static BitField ObjectNumber => new(0x08, 23, 0);

    /// <summary>Output: status.</summary>
    public static BitField Status => new(0x00, 31, 24);

    /// <summary>Output: syndrome, the vendor's detail of a status that is not 0.</summary>
    public static BitField Syndrome => new(0x04, 31, 0);

    /// <summary>Output: number of the object that was created.</summary>
    public static BitField CreatedNumber => new(0x08, 23, 0);
}
