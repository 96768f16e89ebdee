using Sim.Core;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Topology;

/// <summary>A routing decision that was not a matter of course: peer-to-peer, redirected, blocked, translated, taken over.</summary>
/// <param name="At">The port that decided.</param>
/// <param name="Header">The TLP.</param>
/// <param name="Text">What was decided and by which mechanism.</param>
/// <param name="Towards">The port the TLP targets, where that says more.</param>
public readonly record struct RouteDecision(Port At, TlpHeader Header, string Text, Port? Towards)
{
    /// <summary>"sw0.p0: peer-to-peer inside the switch: routed directly sw0.p1".</summary>
    public override string ToString() => Towards is null ? $"{At.Name}: {Text}" : $"{At.Name}: {Text} {Towards.Name}";
}

/// <summary>Where the routing decisions of a simulation are shown. It decides nothing.</summary>
public sealed class RouteTrace
{
    /// <summary>Every decision, as it is taken.</summary>
    public Probe<RouteDecision> Decisions { get; } = new();

    internal void Show(SimTime now, Port at, in Tlp tlp, string text, Port? towards = null)
    {
        if (Decisions.IsObserved) Decisions.Emit(now, new RouteDecision(at, tlp.Header, text, towards));
    }
}
