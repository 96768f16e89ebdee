using Scenarios.Language;
using Scenarios.Results;

namespace Scenarios.Model;

/// <summary>
/// What must come out of the variants it names. One that names no variant or demands nothing is an error: it could not fail.
/// </summary>
public sealed class Expectation : ScriptItem
{
    [Key("where", "Which variants: axis -> value or list of values. Without it: every variant.")]
    public Named<IReadOnlyList<string>> Where { get; private set; } = Named<IReadOnlyList<string>>.Empty;

    [Key("host", "The grade of host integrity, or a list of allowed grades.")]
    public IReadOnlyList<HostIntegrity> Host { get; private set; } = [];

    [Key("migration", "Migration integrity.")]
    public IReadOnlyList<MigrationIntegrity> Migration { get; private set; } = [];

    [Key("because", "Texts that the 'because' line contains.")]
    public IReadOnlyList<string> Because { get; private set; } = [];

    [Key("because_matches", "A regular expression that the 'because' line matches.")]
    public string? BecauseMatches { get; private set; }

    [Key("difference", "A text that the first migration difference contains.")]
    public string? Difference { get; private set; }

    [Key("differences", "Texts, each of which some migration difference contains.")]
    public IReadOnlyList<string> Differences { get; private set; } = [];

    [Key("dmesg", "Texts that the kernel log contains.")]
    public IReadOnlyList<string> Dmesg { get; private set; } = [];

    [Key("no_dmesg", "Texts that the kernel log does not contain.")]
    public IReadOnlyList<string> NoDmesg { get; private set; } = [];

    [Key("path", "Texts, each of which the path of some TLP that was sent contains: a hop, a decision, a register field.")]
    public IReadOnlyList<string> Path { get; private set; } = [];

    [Key("explained", "Texts, each of which the chain of some error contains: a step, a register field, what the host did.")]
    public IReadOnlyList<string> Explained { get; private set; } = [];

    [Key("iommu_groups", "Groups that must be among the IOMMU groups, each as its Functions with commas between: 'nic, nic.vf0'.")]
    public IReadOnlyList<string> IommuGroups { get; private set; } = [];

    [Key("counters", "Counters of the run, like 'MWr at nic.vf0' or ERR_NONFATAL, with the number or range they must have.")]
    public Named<Comparison> Counters { get; private set; } = Named<Comparison>.Empty;

    [Key("load_latency", "Latency of the loads: min, p50, p99, max, each with a time or range.")]
    public Named<TimeComparison> LoadLatency { get; private set; } = Named<TimeComparison>.Empty;

    internal bool DemandsNothing => Host.Count + Migration.Count + Because.Count + Differences.Count + Dmesg.Count + NoDmesg.Count
        + Path.Count + Explained.Count + IommuGroups.Count
        + Counters.Items.Count + LoadLatency.Items.Count == 0 && BecauseMatches is null && Difference is null;
}
