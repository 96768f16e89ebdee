using Sim.Core;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Topology;

/// <summary>A routing decision: a window that claims an address, a redirection, a translation, a refusal, an end.</summary>
/// <param name="At">The port that decided.</param>
/// <param name="Header">The TLP.</param>
/// <param name="Text">What was decided and by which mechanism.</param>
/// <param name="Towards">The port the TLP targets, where that says more.</param>
public readonly record struct RouteDecision(Port At, TlpHeader Header, string Text, Port? Towards)
{
    private readonly IReadOnlyList<RegisterBit>? _bits;

    /// <summary>The register fields that decided, with their values at that moment.</summary>
    public IReadOnlyList<RegisterBit> Bits
    {
        get => _bits ?? [];
        init => _bits = value;
    }

    /// <summary>The header with which the TLP goes on, where it is not the one it came with: another address, Requester ID or
    /// tag.</summary>
    public TlpHeader? Becomes { get; init; }

    /// <summary>"sw0.p0: peer-to-peer inside the switch: routed directly to sw0.p1".</summary>
    public override string ToString() => Towards is null ? $"{At.Name}: {Text}" : $"{At.Name}: {Text} {Towards.Name}";
}

/// <summary>Where the routing decisions of a simulation are shown. It decides nothing.</summary>
public sealed class RouteTrace
{
    /// <summary>Every decision, as it is taken.</summary>
    public Probe<RouteDecision> Decisions { get; } = new();

    /// <summary>The trace of a simulation.</summary>
    public static RouteTrace Of(Simulator sim) => sim.Shared(static _ => new RouteTrace());

    /// <summary>Whether anybody watches: what a decision rests on is put together for them alone.</summary>
    internal bool IsObserved => Decisions.IsObserved;

    internal void Show(
        Port at, in TlpHeader header, string text, Port? towards = null, IReadOnlyList<RegisterBit>? bits = null, TlpHeader? becomes = null)
    {
        if (Decisions.IsObserved)
            Decisions.Emit(at.Sim.Now, new RouteDecision(at, header, text, towards) { Bits = bits ?? [], Becomes = becomes });
    }
}
