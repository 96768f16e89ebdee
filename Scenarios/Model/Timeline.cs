using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>One thing that happens.</summary>
[Choice("do", "work", typeof(WorkEntry), "A guest driver gives the device work: doorbells, descriptors, completions, interrupts.")]
[Choice("do", "migrate", typeof(MigrateEntry), "The VMM stops, saves and resumes the Function elsewhere.")]
[Choice("do", "store", typeof(StoreEntry), "An actor stores to a place in a BAR.")]
[Choice("do", "load", typeof(LoadEntry), "An actor loads from a place in a BAR.")]
[Choice("do", "traffic", typeof(TrafficEntry), "A traffic generator reads or writes memory, one size after the other.")]
[Choice("do", "map", typeof(MapEntry), "A user maps memory or a BAR into an address space.")]
[Choice("do", "unmap", typeof(UnmapEntry), "A user takes mappings out of an address space.")]
[Choice("do", "attach", typeof(AttachEntry), "A user gives a further Function an address space.")]
[Choice("do", "track-dirty", typeof(TrackDirtyEntry), "The IOMMU begins to track what devices write in an address space.")]
[Choice("do", "read-dirty", typeof(ReadDirtyEntry), "A user reads and clears the dirty bitmap of an address space.")]
[Choice("do", "poll-health", typeof(PollHealthEntry), "A guest driver reads the device's health as the mlx5 driver does.")]
public abstract class TimelineEntry : ScriptItem
{
    [Key("at", "When: a time, or a point of the run and a time after it.", Required = true)]
    public Moment At { get; private set; }

    [Key("do", "What happens.", Required = true)]
    public string Do { get; private set; } = "";

    [Key("times", "How often.", Min = 1, Max = 1_000_000)]
    public int Times { get; private set; } = 1;

    [Key("every", "Time between the repetitions.")]
    public Sim.Core.SimDuration Every { get; private set; } = new(1_000_000_000);
}

/// <summary>Work from the guest's driver.</summary>
public sealed class WorkEntry : TimelineEntry
{
    [Key("by", "The actor.", Required = true)]
    public Reference By { get; private set; }

    [Key("bytes", "Size of each transfer.")]
    public ByteSize Bytes { get; private set; } = new(512);
}

/// <summary>A live migration of one Function.</summary>
public sealed class MigrateEntry : TimelineEntry
{
    [Key("of", "The Function.", Required = true)]
    public FunctionName Of { get; private set; }
}

/// <summary>A store by an actor.</summary>
public sealed class StoreEntry : TimelineEntry
{
    [Key("by", "The actor.", Required = true)]
    public Reference By { get; private set; }

    [Key("to", "Where.", Required = true)]
    public MmioPlace To { get; private set; }

    [Key("bytes", "Size of the store.")]
    public ByteSize Bytes { get; private set; } = new(8);

    [Key("value", "What is stored.")]
    public ulong Value { get; private set; } = 0xDEAD_BEEF;
}

/// <summary>A load by an actor.</summary>
public sealed class LoadEntry : TimelineEntry
{
    [Key("by", "The actor.", Required = true)]
    public Reference By { get; private set; }

    [Key("from", "Where.", Required = true)]
    public MmioPlace From { get; private set; }

    [Key("bytes", "Size of the load.")]
    public ByteSize Bytes { get; private set; } = new(4);
}

/// <summary>The health poll of a guest driver.</summary>
public sealed class PollHealthEntry : TimelineEntry
{
    [Key("by", "The actor.", Required = true)]
    public Reference By { get; private set; }
}
