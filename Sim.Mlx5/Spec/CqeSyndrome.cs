namespace Sim.Mlx5.Spec;

/// <summary>Syndromes of failed completions.</summary>
public enum CqeSyndrome : byte
{
    /// <summary>None.</summary>
    None = 0x00,

    /// <summary>The message is too long.</summary>
    LocalLength = 0x01,

    /// <summary>The WQE cannot be executed.</summary>
    LocalQpOperation = 0x02,

    /// <summary>A local data segment is not covered by its key.</summary>
    LocalProtection = 0x04,

    /// <summary>The QP was in the error state.</summary>
    FlushedInError = 0x05,

    /// <summary>A receive WQE's data segment is not covered by its key.</summary>
    LocalAccess = 0x11,

    /// <summary>The responder could not use the request.</summary>
    RemoteInvalidRequest = 0x12,

    /// <summary>The remote address is not covered by the remote key.</summary>
    RemoteAccess = 0x13,

    /// <summary>The responder failed.</summary>
    RemoteOperation = 0x14,

    /// <summary>The responder did not answer, however often it was asked.</summary>
    TransportRetryExceeded = 0x15,

    /// <summary>The responder had no receive WQE, however often it was asked.</summary>
    RnrRetryExceeded = 0x16,
}
