namespace Sim.Mlx5.Spec;

/// <summary>States of a QP, with the QP context's numbers.</summary>
public enum QpState : byte
{
    /// <summary>Reset.</summary>
    Reset = 0,

    /// <summary>Initialized.</summary>
    Init = 1,

    /// <summary>Ready to receive.</summary>
    ReadyToReceive = 2,

    /// <summary>Ready to send.</summary>
    ReadyToSend = 3,

    /// <summary>Error: every WQE is flushed.</summary>
    Error = 6,
}
