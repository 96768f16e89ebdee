using Sim.Core;
using Sim.Pcie.Spec;

namespace Scenarios.Traces;

/// <summary>A TLP that arrived at the end of a link.</summary>
/// <param name="Time">When its last symbol arrived, from the beginning of the record.</param>
/// <param name="Started">When its first symbol left.</param>
/// <param name="Way">Which link direction, by its number.</param>
/// <param name="Header">Its header.</param>
/// <param name="Dwords">All of it as it is on the wire, from prefixes to digest; null where nobody wants it. Lent by the pool.</param>
/// <param name="Length">DWs of <paramref name="Dwords"/> that count.</param>
internal readonly record struct TlpFrame(SimTime Time, SimTime Started, int Way, TlpHeader Header, uint[]? Dwords, int Length);

/// <summary>One direction of a link.</summary>
/// <param name="From">Transmitting port.</param>
/// <param name="To">Receiving port.</param>
/// <param name="Flight">Time of flight.</param>
internal sealed record LinkWay(string From, string To, SimDuration Flight)
{
    private readonly string _name = $"{From} -> {To}";

    public override string ToString() => _name;
}
