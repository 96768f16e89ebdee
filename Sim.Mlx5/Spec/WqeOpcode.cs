namespace Sim.Mlx5.Spec;

/// <summary>Opcodes of send WQEs that this model executes.</summary>
public enum WqeOpcode : byte
{
    /// <summary>Nothing but a completion.</summary>
    Nop = 0x00,

    /// <summary>RDMA write.</summary>
    RdmaWrite = 0x08,

    /// <summary>RDMA read.</summary>
    RdmaRead = 0x10,
}
