using Sim.Core;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Topology;

/// <summary>What the translation agent says of one upstream request.</summary>
/// <param name="Permitted">The request goes on; else reads complete with UR and writes are dropped.</param>
/// <param name="Address">Host physical address, if permitted.</param>
/// <param name="Latency">What the look-up cost.</param>
public readonly record struct Translation(bool Permitted, ulong Address, SimDuration Latency)
{
    /// <summary>Untranslated passage at no cost: no translation agent, or pass-through.</summary>
    public static Translation Identity(ulong address) => new(true, address, SimDuration.Zero);
}

/// <summary>
/// The Translation Agent of the Root Complex (§10.1): translates the address of each request that comes up, by its Requester ID,
/// and records its own faults.
/// </summary>
public interface ITranslationAgent
{
    /// <summary>Translates one request; it may not cross a 4 KiB boundary (§2.2.7).</summary>
    /// <param name="requester">Requester ID of the TLP.</param>
    /// <param name="address">Address in the TLP.</param>
    /// <param name="bytes">Number of bytes.</param>
    /// <param name="isWrite">A write (or an AtomicOp); writes to FEEx_xxxxh are interrupt requests.</param>
    /// <param name="at">Address Type field (§10.2.1).</param>
    Translation Translate(RoutingId requester, ulong address, int bytes, bool isWrite, AddressType at);
}
