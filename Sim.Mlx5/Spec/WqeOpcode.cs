namespace Sim.Mlx5.Spec;

/// <summary>Opcodes of send WQEs that this model executes.</summary>
public enum WqeOpcode : byte
{
    /// <summary>Nothing but a completion.</summary>
    Nop = 0x00,

    /// <summary>RDMA write.</summary>
    RdmaWrite = 0x08,

    /// <summary>RDMA write that also consumes a receive WQE and hands 32 bits over.</summary>
    RdmaWriteImmediate = 0x09,

    /// <summary>Send: data go where the responder's next receive WQE says.</summary>
    Send = 0x0A,

    /// <summary>Send with 32 bits of immediate data.</summary>
    SendImmediate = 0x0B,

    /// <summary>RDMA read.</summary>
    RdmaRead = 0x10,
}
