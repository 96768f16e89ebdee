using Sim.Pcie.Spec;

namespace Sim.Mlx5.Device;

/// <summary>What a responder answers to a message that needs a receive WQE.</summary>
internal enum ReceiveAnswer
{
    /// <summary>A receive WQE is in hand: data can come.</summary>
    Ready,

    /// <summary>The answer comes later, to <see cref="IMessageSource.OnReceive"/>.</summary>
    Pending,

    /// <summary>No receive WQE is posted (RNR NAK).</summary>
    NotReady,

    /// <summary>The QP has no receive queue, or is in no state to receive.</summary>
    Invalid,

    /// <summary>The responder failed.</summary>
    Failed,

    /// <summary>The responder went away; nothing answers.</summary>
    Gone,
}

/// <summary>Who sends to a responder and waits for it: the send queue of a QP, or firmware.</summary>
internal interface IMessageSource
{
    /// <summary>The answer that was pending.</summary>
    void OnReceive(ReceiveAnswer answer);

    /// <summary>Data that the responder read for an RDMA read.</summary>
    void OnResponderData(ReadOnlySpan<byte> data, CompletionStatus status);
}
