using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>Who issues loads and stores.</summary>
public sealed class Actor : ScriptItem
{
    [Key("kind", "What it is.", Required = true)]
    public ActorKind Kind { get; private set; }

    [Key("maps", "The Function whose BAR it has mapped.", Required = true)]
    public FunctionName Maps { get; private set; }

    [Key("peers", "Further Functions of a guest: its devices can reach each other's BARs.")]
    public IReadOnlyList<FunctionName> Peers { get; private set; } = [];

    [Key("handles_sigbus", "Whether a process survives a SIGBUS.")]
    public bool HandlesSigbus { get; private set; }

    /// <summary>All its Functions, the one it maps first.</summary>
    internal IEnumerable<FunctionName> Functions => Peers.Prepend(Maps);
}

public enum ActorKind
{
    [Word("guest", "a vCPU of the guest: it stops when the VMM stops the vCPUs")] Guest,
    [Word("process", "a process of the user that holds the mapping and stops for nobody")] Process,
    [Word("vmm", "the VMM itself, through its own mapping")] Vmm,
}
