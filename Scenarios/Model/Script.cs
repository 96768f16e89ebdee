using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>A scenario script. The keys below are the language: the reader, its messages and the JSON schema come from them.</summary>
public sealed class Script : ScriptItem
{
    [Key("title", "What the scenario is about, in a sentence.", Required = true)]
    public string Title { get; private set; } = "";

    [Key("about", "Why the question matters and how to read the answer; shown in the report.")]
    public string? About { get; private set; }

    [Key("question", "The numbered questions this script answers.", Min = 1)]
    public IReadOnlyList<int> Question { get; private set; } = [];

    [Key("seed", "Seed of every random stream. The same seed and script give the same trace, byte for byte.")]
    public long Seed { get; private set; } = 1;

    [Key("topology", "Root Ports, switches and devices, and what plugs into what.", Required = true)]
    public Topology Topology { get; private set; } = new();

    [Key("registers", "Register fields set before the run, by component (a name, or root-ports, switch-ports, functions) and "
        + "'Register.Field'. What a preset sets is overridden here.")]
    public Named<Named<ulong>> Registers { get; private set; } = Named<Named<ulong>>.Empty;

    [Key("platform", "What the firmware and the chipset do.")]
    public Platform Platform { get; private set; } = new();

    [Key("machine", "The real machine that all this happens on.")]
    public MachineItem? Machine { get; private set; }

    [Key("iommu", "The IOMMU, and how the kernel uses it.")]
    public IommuItem Iommu { get; private set; } = new();

    [Key("spaces", "What Functions reach by DMA beside what drivers set up: address spaces of users, by name.")]
    public Named<SpaceItem> Spaces { get; private set; } = Named<SpaceItem>.Empty;

    [Key("kernel", "What the host kernel does.")]
    public Kernel Kernel { get; private set; } = new();

    [Key("vmm", "What the virtual machine monitor does.")]
    public Vmm Vmm { get; private set; } = new();

    [Key("destination", "The host that a guest migrates to, where it differs: a piece of script laid over this one, of topology, "
        + "registers, platform, iommu and kernel. Without it: a host of the same kind.")]
    public MappingNode? Destination { get; private set; }

    [Key("actors", "Who touches the device, by name.")]
    public Named<Actor> Actors { get; private set; } = Named<Actor>.Empty;

    [Key("timeline", "What happens, and when.", Required = true)]
    public IReadOnlyList<TimelineEntry> Timeline { get; private set; } = [];

    [Key("matrix", "Axes of named values; each value is a piece of script laid over this one. Every combination is run.")]
    public Named<Named<MappingNode>> Matrix { get; private set; } = Named<Named<MappingNode>>.Empty;

    [Key("plots", "Counters over an axis of the matrix, drawn.")]
    public IReadOnlyList<PlotItem> Plots { get; private set; } = [];

    [Key("expect", "What must come out. The run fails if one does not hold, or matches no variant.", Required = true)]
    public IReadOnlyList<Expectation> Expect { get; private set; } = [];
}
