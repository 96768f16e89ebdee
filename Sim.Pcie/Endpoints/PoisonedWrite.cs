namespace Sim.Pcie.Endpoints;

/// <summary>What a Completer does with a write whose data is poisoned. It is reported as Poisoned TLP Received in any case
/// (§2.7.2.1).</summary>
public enum PoisonedWrite
{
    /// <summary>Nothing is changed; a non-posted request completes with UR: what §2.7.2.1 asks for where control registers are the
    /// target.</summary>
    Reject,

    /// <summary>The data is taken, as memory that keeps no track of poison may; the error is then an advisory one (§6.2.3.2.4.3).</summary>
    Accept,
}
