using Sim.Core;
using Sim.Pcie.Links;

namespace Sim.Pcie.Endpoints;

/// <summary>What an endpoint device costs.</summary>
public sealed record DeviceOptions
{
    /// <summary>From the arrival of a request to its completion at the transmitter. Default 100 ns.</summary>
    public SimDuration Latency { get; init; } = SimDuration.FromNanoseconds(100);

    /// <summary>For how long its Functions ask for a retry after a reset.</summary>
    public ReadinessTimes Readiness { get; init; } = new();

    /// <summary>Receive buffer.</summary>
    public FlowControlCredits Credits { get; init; } = FlowControlCredits.Endpoint;

    /// <summary>Boundary at which it splits read completions, in bytes (§2.3.1.1: 128 for what is not a Root Complex).</summary>
    public int ReadCompletionBoundary { get; init; } = 128;

    /// <summary>
    /// Whether a Completion that fits an outstanding Request's Transaction ID, but not the Request, is a Malformed TLP, as §2.3.2 strongly
    /// recommends; else it is an Unexpected Completion, which §2.3.2 permits.
    /// </summary>
    public bool MismatchIsMalformed { get; init; } = true;

    /// <summary>What its Functions do with poisoned writes (§2.7.2.1).</summary>
    public PoisonedWrite PoisonedWrites { get; init; }
}
