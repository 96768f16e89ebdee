namespace Sim.Mlx5.Spec;

/// <summary>Receive WQE: data segments (<see cref="SendWqe.DataBytes"/>, <see cref="SendWqe.DataKey"/>,
/// <see cref="SendWqe.DataAddress"/>) until the stride ends or <see cref="InvalidKey"/> ends them.</summary>
public static class ReceiveWqe
{
    /// <summary>The key of a segment that is none: there are no more.</summary>
    public const uint InvalidKey = 0x100;

    /// <summary>Largest stride: log2 of bytes.</summary>
    public const int MaxLogStride = 11;
}
