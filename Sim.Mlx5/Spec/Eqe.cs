namespace Sim.Mlx5.Spec;

/// <summary>Event queue entry of 64 bytes.</summary>
public static class Eqe
{
    /// <summary>Bytes.</summary>
    public const int Size = 64;

    /// <summary>Byte offset of the type (<see cref="EventType"/>).</summary>
    public const int Type = 0x01;

    /// <summary>Byte offset of the 28 bytes of event data.</summary>
    public const int Data = 0x20;

    /// <summary>Byte offset of the owner bit.</summary>
    public const int Owner = 0x3F;

    /// <summary>Completion event: CQ number.</summary>
    public static BitField CompletionCq => new(0x38, 23, 0);

    /// <summary>CQ error: CQ number.</summary>
    public static BitField ErrorCq => new(0x20, 23, 0);

    /// <summary>CQ error: syndrome, 1 overrun, 2 access violation.</summary>
    public static BitField ErrorSyndrome => new(0x28, 7, 0);

    /// <summary>QP event: QP number.</summary>
    public static BitField EventQp => new(0x38, 23, 0);

    /// <summary>Command completion: bit per entry of the command queue.</summary>
    public static BitField CommandVector => new(0x20, 31, 0);
}
