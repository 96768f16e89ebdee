using Scenarios.Language;
using Sim.Core;
using Sim.Iommu.Vtd;

namespace Scenarios.Model;

/// <summary>The IOMMU and how the kernel uses it.</summary>
public sealed class IommuItem : ScriptItem
{
    private static readonly VtdOptions Standard = new();

    [Key("enabled", "Whether there is one; without it the addresses that devices send are host addresses.")]
    public bool Enabled { get; private set; } = true;

    [Key("scalable", "Whether it runs in scalable mode; dirty tracking needs it.")]
    public bool Scalable { get; private set; } = true;

    [Key("remap_interrupts", "Whether interrupts are remapped; those in compatibility format are then blocked.")]
    public bool RemapInterrupts { get; private set; } = true;

    [Key("strict", "Whether an unmap waits for its invalidation; if not, cached translations linger.")]
    public bool Strict { get; private set; } = true;

    [Key("flush_dirty", "Whether dirty bits that were cleared are flushed out of the IOTLB.")]
    public bool FlushDirty { get; private set; } = true;

    [Key("iotlb_entries", "Translations that the IOTLB holds.", Min = 1, Max = 65536)]
    public int IotlbEntries { get; private set; } = Standard.IotlbEntries;

    [Key("iotlb_ways", "Ways of the IOTLB; entries divided by ways are a power of two.", Min = 1, Max = 65536)]
    public int IotlbWays { get; private set; } = Standard.IotlbWays;

    [Key("iotlb_policy", "Which translation of a full set goes.")]
    public IotlbPolicy IotlbPolicy { get; private set; } = IotlbPolicy.Lru;

    [Key("structure_cache", "Entries of each paging-structure cache; 0: every walk begins at the top.", Min = 0, Max = 4096)]
    public int StructureCache { get; private set; } = Standard.StructureCacheEntries;

    [Key("walkers", "Table walks that run at once.", Min = 1, Max = 256)]
    public int Walkers { get; private set; } = Standard.Walkers;

    [Key("coalesce", "Whether a miss waits for a walk of its own page that runs already, instead of walking too.")]
    public bool Coalesce { get; private set; } = Standard.CoalescesMisses;

    [Key("hit_latency", "What every translation takes.")]
    public SimDuration HitLatency { get; private set; } = Standard.HitLatency;

    [Key("walk_overhead", "What a walk takes before its first entry.")]
    public SimDuration WalkOverhead { get; private set; } = Standard.WalkOverhead;

    [Key("entry_latency", "What a walk takes for each entry it reads.")]
    public SimDuration EntryLatency { get; private set; } = Standard.EntryLatency;

    [Key("fault_records", "Fault Recording registers.", Min = 1, Max = 32)]
    public int FaultRecords { get; private set; } = Standard.FaultRecords;

    internal VtdOptions Options() => Standard with
    {
        IotlbEntries = IotlbEntries,
        IotlbWays = IotlbWays,
        IotlbReplacement = IotlbPolicy switch
        {
            IotlbPolicy.Fifo => ReplacementPolicy.FirstInFirstOut,
            IotlbPolicy.Arbitrary => ReplacementPolicy.Arbitrary,
            _ => ReplacementPolicy.LeastRecentlyUsed,
        },
        StructureCacheEntries = StructureCache,
        Walkers = Walkers,
        CoalescesMisses = Coalesce,
        HitLatency = HitLatency,
        WalkOverhead = WalkOverhead,
        EntryLatency = EntryLatency,
        FaultRecords = FaultRecords,
    };
}

public enum IotlbPolicy
{
    [Word("lru", "the one used least recently")] Lru,
    [Word("fifo", "the oldest")] Fifo,
    [Word("arbitrary", "any, by the IOMMU's own random stream")] Arbitrary,
}
