using Scenarios.Model;

namespace Scenarios.Results;

/// <summary>What one variant gave. Everything in it was measured in the simulation; nothing of it is asserted by a model.</summary>
public sealed record VariantResult(Variant Variant)
{
    public HostIntegrity Host { get; init; }
    public MigrationIntegrity Migration { get; init; }

    /// <summary>One line that says why, built from the decisions recorded on the way.</summary>
    public string Because { get; init; } = "";

    public IReadOnlyList<MigrationDifference> Differences { get; init; } = [];

    /// <summary>Named counts in a fixed order: TLPs by type and place, Messages, interrupts, faults, pages copied.</summary>
    public IReadOnlyList<(string Name, long Value)> Counters { get; init; } = [];

    /// <summary>The TLPs, or the last of them where all are in a file.</summary>
    public IReadOnlyList<TlpRecord> Tlps { get; init; } = [];

    /// <summary>How many TLPs there were.</summary>
    public long TlpCount { get; init; }

    public IReadOnlyList<ErrorChain> Chains { get; init; } = [];

    /// <summary>The ways of TLPs that the script sent, the first ones.</summary>
    public IReadOnlyList<RoutePath> Paths { get; init; } = [];

    /// <summary>The IOMMU groups as the kernel derived them, each as its Functions with commas between; none without an IOMMU.</summary>
    public IReadOnlyList<string> IommuGroups { get; init; } = [];
    public IReadOnlyList<LoadSample> Loads { get; init; } = [];
    public IReadOnlyList<TrafficSample> Traffic { get; init; } = [];
    public IReadOnlyList<Lane> Lanes { get; init; } = [];

    /// <summary>What a live migration measured on its way; null where none began.</summary>
    public MigrationTrace? LiveMigration { get; init; }

    public IReadOnlyList<LogLine> Dmesg { get; init; } = [];

    /// <summary>The register fields whose values decided the verdict, in the order they were consulted.</summary>
    public IReadOnlyList<DecidingField> Registers { get; init; } = [];

    /// <summary>Where a simulation stopped with a fault of its own instead of a result.</summary>
    public string? Failure { get; init; }

    public long? Counter(string name)
    {
        foreach (var (n, value) in Counters)
            if (n == name) return value;
        return null;
    }
}
