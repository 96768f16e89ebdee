namespace Sim.Iommu.Vtd;

/// <summary>What a unit did, counted.</summary>
public sealed class VtdStatistics
{
    /// <summary>Requests that the IOTLB answered.</summary>
    public long Hits { get; internal set; }

    /// <summary>Requests that it did not.</summary>
    public long Misses { get; internal set; }

    /// <summary>Walks done, whatever came out.</summary>
    public long Walks { get; internal set; }

    /// <summary>Entries read by walks.</summary>
    public long EntriesRead { get; internal set; }

    /// <summary>Misses that joined a walk of the same page.</summary>
    public long Joined { get; internal set; }

    /// <summary>Misses that waited because every walker was busy.</summary>
    public long Queued { get; internal set; }

    /// <summary>Walks that ran at once, at most.</summary>
    public int MostWalks { get; internal set; }
}
