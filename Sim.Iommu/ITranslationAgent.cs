using Sim.Core;
using Sim.Pcie.Spec;

namespace Sim.Iommu;

/// <summary>What a Root Complex asks for every request that a Root Port passes up.</summary>
public interface ITranslationAgent
{
    /// <summary>Decides on one request.</summary>
    Translation Translate(RoutingId requester, ulong address, int bytes, bool isWrite, AddressType at);
}

/// <summary>The decision on one request.</summary>
/// <param name="Permitted">False: reads end with Unsupported Request, writes are dropped.</param>
/// <param name="Address">The translated address.</param>
/// <param name="Latency">What the translation takes.</param>
public readonly record struct Translation(bool Permitted, ulong Address, SimDuration Latency);
