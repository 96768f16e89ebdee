using Sim.Core;

namespace Sim.Iommu.Vtd;

/// <summary>Which line of a set a cache gives up.</summary>
public enum ReplacementPolicy
{
    /// <summary>The one used least recently.</summary>
    LeastRecentlyUsed,

    /// <summary>The oldest.</summary>
    FirstInFirstOut,

    /// <summary>Any, by a random stream of the unit's own.</summary>
    Arbitrary,
}

/// <summary>What one remapping hardware unit has and costs. The defaults are those of a published measurement of a Xeon E5's IOMMU:
/// 64 IOTLB entries, a miss of about 275 ns, six walks at a time.</summary>
public sealed record VtdOptions
{
    /// <summary>Width of untranslated addresses, 39 to 57 bits; Capability.MGAW is one less.</summary>
    public int GuestAddressWidth { get; init; } = 48;

    /// <summary>Width of host physical addresses; address bits above are reserved in tables.</summary>
    public int HostAddressWidth { get; init; } = 46;

    /// <summary>Whether tables of four levels are supported beside those of three (Capability.SAGAW).</summary>
    public bool FourLevels { get; init; } = true;

    /// <summary>Whether pages of 2 MiB and 1 GiB are (Capability.SLLPS).</summary>
    public bool LargePages { get; init; } = true;

    /// <summary>Whether scalable mode is supported (Extended Capability.SMTS), with accessed and dirty bits (SSADS).</summary>
    public bool ScalableMode { get; init; } = true;

    /// <summary>Fault Recording registers, 1 to 32 (Capability.NFR + 1).</summary>
    public int FaultRecords { get; init; } = 8;

    /// <summary>Whether a further fault of a requester that has one pending is not recorded; the specification permits both
    /// (§7.2.1).</summary>
    public bool CollapsesFaults { get; init; }

    /// <summary>Translations the IOTLB holds, of any page size; a power of two.</summary>
    public int IotlbEntries { get; init; } = 64;

    /// <summary>Ways of the IOTLB; its set is the low bits of the page number.</summary>
    public int IotlbWays { get; init; } = 4;

    /// <summary>What the IOTLB gives up.</summary>
    public ReplacementPolicy IotlbReplacement { get; init; } = ReplacementPolicy.LeastRecentlyUsed;

    /// <summary>Entries of each paging-structure cache (one for tables that map 2 MiB, 1 GiB and 512 GiB); fully associative, LRU. 0: there
    /// is none and every walk begins at the top.</summary>
    public int StructureCacheEntries { get; init; } = 16;

    /// <summary>Context entries cached, in sets of four, LRU.</summary>
    public int ContextCacheEntries { get; init; } = 64;

    /// <summary>Interrupt remapping entries cached, in sets of four, LRU.</summary>
    public int InterruptCacheEntries { get; init; } = 64;

    /// <summary>Table walks that run at once; further misses wait in the order of their arrival.</summary>
    public int Walkers { get; init; } = 6;

    /// <summary>Whether a miss waits for the walk of its own page that runs already, instead of walking too.</summary>
    public bool CoalescesMisses { get; init; } = true;

    /// <summary>What every translation takes, hit or miss, before anything else; it is pipelined.</summary>
    public SimDuration HitLatency { get; init; } = SimDuration.FromNanoseconds(20);

    /// <summary>What a walk takes before it reads its first entry.</summary>
    public SimDuration WalkOverhead { get; init; } = SimDuration.FromNanoseconds(175);

    /// <summary>What a walk takes for each entry it reads: root, context, PASID and page table entries alike.</summary>
    public SimDuration EntryLatency { get; init; } = SimDuration.FromNanoseconds(100);

    /// <summary>What an invalidation descriptor takes, fetch included.</summary>
    public SimDuration InvalidationLatency { get; init; } = SimDuration.FromNanoseconds(200);
}
