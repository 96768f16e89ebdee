using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>Who issues loads and stores.</summary>
public sealed class Actor : ScriptItem
{
    [Key("kind", "What it is.", Required = true)]
    public ActorKind Kind { get; private set; }

    [Key("maps", "The Function whose BAR it has mapped.", Required = true)]
    public FunctionName Maps { get; private set; }
}

public enum ActorKind
{
    [Word("guest", "a vCPU of the guest: it stops when the VMM stops the vCPUs")] Guest,
    [Word("process", "a process of the user that holds the mapping and stops for nobody")] Process,
    [Word("vmm", "the VMM itself, through its own mapping")] Vmm,
}
