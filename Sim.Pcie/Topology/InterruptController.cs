using Sim.Core;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Topology;

/// <summary>Address and data that a function writes to raise a message-signalled interrupt (§6.1.4).</summary>
public readonly record struct MsiTarget(ulong Address, uint Data);

/// <summary>An interrupt that arrived.</summary>
/// <param name="Requester">Requester ID of the memory write; the root port's own ID for its own interrupts.</param>
/// <param name="Data">Data of the write: the vector in bits 7:0, as x86 has it.</param>
/// <param name="Name">Who allocated the vector; null if nobody did (a spurious interrupt).</param>
public readonly record struct InterruptArrival(RoutingId Requester, uint Data, string? Name);

/// <summary>
/// Receives memory writes to FEEx_xxxxh and calls the host software that allocated the vector.
/// </summary>
public sealed class InterruptController
{
    /// <summary>First address of the interrupt range.</summary>
    public const ulong RangeBase = 0xFEE0_0000;

    private const uint FirstVector = 0x20;

    private readonly Simulator _sim;
    private readonly List<(string Name, Action Handler)> _vectors = [];

    internal InterruptController(Simulator sim) => _sim = sim;

    /// <summary>Every interrupt, at its arrival.</summary>
    public Probe<InterruptArrival> Arrived { get; } = new();

    /// <summary>Whether a write of this address is an interrupt request.</summary>
    public static bool IsInterrupt(ulong address) => (address & ~0xF_FFFFUL) == RangeBase;

    /// <summary>Reserves a vector.</summary>
    /// <param name="name">Shown in traces.</param>
    /// <param name="handler">Called in simulated time, once per interrupt.</param>
    public MsiTarget Allocate(string name, Action handler)
    {
        _vectors.Add((name, handler));
        return new MsiTarget(RangeBase, FirstVector + (uint)_vectors.Count - 1);
    }

    /// <summary>Delivers an interrupt.</summary>
    public void Deliver(RoutingId requester, uint data)
    {
        var i = (int)data - (int)FirstVector;
        var known = i >= 0 && i < _vectors.Count;
        if (Arrived.IsObserved) Arrived.Emit(_sim.Now, new InterruptArrival(requester, data, known ? _vectors[i].Name : null));
        if (known) _vectors[i].Handler();
    }
}
