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
}
