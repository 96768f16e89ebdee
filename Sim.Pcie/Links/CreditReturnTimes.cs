using Sim.Core;

namespace Sim.Pcie.Links;

/// <summary>The shortest credit return latency among the links of a simulation: how soon something follows from a TLP's leaving.</summary>
internal sealed class CreditReturnTimes
{
    public SimDuration Shortest { get; private set; } = new(long.MaxValue);

    public void Add(SimDuration latency) => Shortest = latency < Shortest ? latency : Shortest;
}
