using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>One thing that happens.</summary>
[Choice("do", "work", typeof(WorkEntry), "A guest driver gives the device work: doorbells, descriptors, completions, interrupts.")]
[Choice("do", "migrate", typeof(MigrateEntry), "The VMM stops, saves and resumes the Function elsewhere.")]
[Choice("do", "store", typeof(StoreEntry), "An actor stores to a place in a BAR.")]
[Choice("do", "load", typeof(LoadEntry), "An actor loads from a place in a BAR.")]
[Choice("do", "inject", typeof(InjectEntry), "A Function detects an error that nothing on the bus made.")]
[Choice("do", "aer-inject", typeof(AerInjectEntry), "Functions detect the errors of an aer-inject file.")]
[Choice("do", "link-fault", typeof(LinkFaultEntry), "Something goes wrong on a link, below the Transaction Layer.")]
[Choice("do", "send-tlp", typeof(SendTlpEntry), "Somebody puts a TLP on the wire; its path is told hop by hop.")]
[Choice("do", "write-config", typeof(WriteConfigEntry), "A user writes a configuration register through vfio.")]
[Choice("do", "stream", typeof(StreamEntry), "A guest's devices write numbered items into each other, and it looks what arrived.")]
[Choice("do", "set-state", typeof(SetStateEntry), "A user asks the kernel for a migration state.")]
[Choice("do", "reset", typeof(ResetEntry), "A user resets the Function.")]
[Choice("do", "set-irqs", typeof(SetIrqsEntry), "A user gives the Function's interrupts new handlers.")]
[Choice("do", "harass", typeof(HarassEntry), "An actor loads and stores at random places of the Function that it maps.")]
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

    [Key("via", "The way into the device.")]
    public AccessPath Via { get; private set; } = AccessPath.Mmap;

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

    [Key("via", "The way into the device.")]
    public AccessPath Via { get; private set; } = AccessPath.Mmap;

    [Key("bytes", "Size of the load.")]
    public ByteSize Bytes { get; private set; } = new(4);
}

/// <summary>The health poll of a guest driver.</summary>
public sealed class PollHealthEntry : TimelineEntry
{
    [Key("by", "The actor.", Required = true)]
    public Reference By { get; private set; }
}

/// <summary>Accesses at random.</summary>
public sealed class HarassEntry : TimelineEntry
{
    [Key("by", "The actor.", Required = true)]
    public Reference By { get; private set; }

    [Key("via", "The way into the device; an ioeventfd takes stores only.")]
    public AccessPath Via { get; private set; } = AccessPath.Mmap;
}

/// <summary>The ways by which the kernel lets a user reach a device.</summary>
public enum AccessPath
{
    [Word("mmap", "a CPU instruction through the mapping")] Mmap,
    [Word("region", "read() or write() on the region: the kernel makes the access")] Region,
    [Word("ioeventfd", "an ioeventfd: the kernel makes the store when somebody signals it")] IoEventFd,
    [Word("config", "configuration space, at the offset of the place")] Config,
}

/// <summary>A stream between the devices of a guest.</summary>
public sealed class StreamEntry : TimelineEntry
{
    [Key("by", "The guest; its first device sends to its first peer, and so on round.", Required = true)]
    public Reference By { get; private set; }

    [Key("bytes", "Size of each item.")]
    public ByteSize Bytes { get; private set; } = new(64);

    [Key("batch", "Items posted at once.", Min = 1, Max = 15)]
    public int Batch { get; private set; } = 1;
}

/// <summary>A request for a migration state.</summary>
public sealed class SetStateEntry : TimelineEntry
{
    [Key("of", "The Function.", Required = true)]
    public FunctionName Of { get; private set; }

    [Key("to", "The states asked for, one after the other.", Required = true)]
    public IReadOnlyList<DeviceState> To { get; private set; } = [];
}

public enum DeviceState
{
    [Word("STOP", "stopped")] Stop,
    [Word("RUNNING", "full operation")] Running,
    [Word("STOP_COPY", "stopped, the image can be read")] StopCopy,
    [Word("RESUMING", "stopped, an image can be written")] Resuming,
    [Word("RUNNING_P2P", "responds, initiates no peer-to-peer DMA")] RunningP2P,
    [Word("PRE_COPY", "runs, a first image can be read")] PreCopy,
    [Word("PRE_COPY_P2P", "as RUNNING_P2P, a first image can be read")] PreCopyP2P,
}

/// <summary>A reset by a user.</summary>
public sealed class ResetEntry : TimelineEntry
{
    [Key("of", "The Function.", Required = true)]
    public FunctionName Of { get; private set; }
}

/// <summary>New interrupt handlers.</summary>
public sealed class SetIrqsEntry : TimelineEntry
{
    [Key("of", "The Function.", Required = true)]
    public FunctionName Of { get; private set; }
}
