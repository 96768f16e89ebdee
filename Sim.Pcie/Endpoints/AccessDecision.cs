using Sim.Pcie.Spec;

namespace Sim.Pcie.Endpoints;

/// <summary>What a function does with a memory request to one of its BARs.</summary>
public enum AccessDecision
{
    /// <summary>The registers act on it.</summary>
    Accept,

    /// <summary>A write is sunk; a read completes successfully with data that means nothing. No register sees it.</summary>
    Discard,

    /// <summary>Unsupported Request (§2.3.1).</summary>
    UnsupportedRequest,

    /// <summary>Completer Abort (§2.3.1): a programming-model violation.</summary>
    CompleterAbort,

    /// <summary>A write is sunk; a read is never completed: the requester's completion timeout ends it (§2.8).</summary>
    NoCompletion,

    /// <summary>Not yet: a write stays in the ingress buffer, and what must not pass it behind it, until the device asks again by
    /// <see cref="PcieDevice.Reconsider"/>. Their credits do not return meanwhile (§2.6.1).</summary>
    Hold,
}

/// <summary>A decision as it was taken, for those who look at the device.</summary>
/// <param name="Function">The function.</param>
/// <param name="Bar">BAR index.</param>
/// <param name="Offset">Byte offset in the BAR.</param>
/// <param name="Header">The request.</param>
/// <param name="Decision">What was decided.</param>
/// <param name="State">The function's own word for the state that decided: "running", "responder suspended", ...</param>
public readonly record struct AccessRecord(
    EndpointFunction Function, int Bar, ulong Offset, TlpHeader Header, AccessDecision Decision, string State);
