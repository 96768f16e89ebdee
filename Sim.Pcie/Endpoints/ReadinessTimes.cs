using Sim.Core;
using Sim.Pcie.Config;

namespace Sim.Pcie.Endpoints;

/// <summary>For how long a Function answers configuration requests with RRS after what reset it (§2.3.1, §6.6): implementation specific
/// within the limits of the specification.</summary>
public sealed record ReadinessTimes
{
    /// <summary>After a Conventional Reset, from the link's return on; up to 1 s (§6.6.1). Default 10 ms.</summary>
    public SimDuration AfterConventionalReset { get; init; } = SimDuration.FromMilliseconds(10);

    /// <summary>After a Function Level Reset; up to 100 ms (§6.6.2). Default 100 us.</summary>
    public SimDuration AfterFlr { get; init; } = SimDuration.FromMicroseconds(100);

    /// <summary>After D3Hot to D0 of a Function with No_Soft_Reset clear; up to 10 ms (§5.9). Default 100 us.</summary>
    public SimDuration AfterD3Hot { get; init; } = SimDuration.FromMicroseconds(100);

    /// <summary>Of a VF after VF Enable was set; up to 1 s (§9.3.3.3.1). Default 1 ms.</summary>
    public SimDuration AfterVfEnable { get; init; } = SimDuration.FromMilliseconds(1);

    internal SimDuration After(ResetKind kind) => kind switch
    {
        ResetKind.FunctionLevel => AfterFlr,
        ResetKind.D3HotToD0 => AfterD3Hot,
        _ => AfterConventionalReset,
    };
}
