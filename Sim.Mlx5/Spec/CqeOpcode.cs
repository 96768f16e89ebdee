namespace Sim.Mlx5.Spec;

/// <summary>Opcodes of completions.</summary>
public enum CqeOpcode : byte
{
    /// <summary>A send WQE is done.</summary>
    Requester = 0,

    /// <summary>A receive WQE was consumed by an RDMA write with immediate data.</summary>
    ResponderWriteImmediate = 1,

    /// <summary>A receive WQE was consumed by a send.</summary>
    ResponderSend = 2,

    /// <summary>A receive WQE was consumed by a send with immediate data.</summary>
    ResponderSendImmediate = 3,

    /// <summary>A send WQE failed.</summary>
    RequesterError = 13,

    /// <summary>A receive WQE failed.</summary>
    ResponderError = 14,

    /// <summary>Not a completion: how drivers initialize a CQ.</summary>
    Invalid = 15,
}
