using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>What some Functions reach by DMA: an address space that a user makes through VFIO.</summary>
public sealed class SpaceItem : ScriptItem
{
    [Key("of", "The Functions that have it from the beginning.", Required = true)]
    public IReadOnlyList<FunctionName> Of { get; private set; } = [];

    [Key("kernel", "The kernel's interface for it.")]
    public SpaceKind Kernel { get; private set; } = SpaceKind.Iommufd;

    [Key("page", "The largest page that the tables use: 4KiB, 2MiB or 1GiB.")]
    public ByteSize Page { get; private set; } = new(4096);

    [Key("maps", "What is mapped from the beginning.")]
    public IReadOnlyList<MapItem> Maps { get; private set; } = [];
}

public enum SpaceKind
{
    [Word("iommufd", "iommufd: a revoked BAR goes out of the page tables")] Iommufd,
    [Word("type1", "the older type1 container: it does not hear of a revoke, and its mapping stays")] Type1,
}

/// <summary>One mapping.</summary>
public sealed class MapItem : ScriptItem
{
    [Key("iova", "The address that devices use; a multiple of 4096.", Required = true)]
    public ulong Iova { get; private set; }

    [Key("memory", "Bytes of memory of the user's own behind it.")]
    public ByteSize? Memory { get; private set; }

    [Key("bar", "Or a Function whose BAR 0 lies behind it; an actor has to map the Function.")]
    public FunctionName? Bar { get; private set; }

    [Key("access", "What is permitted.")]
    public MapAccess Access { get; private set; } = MapAccess.ReadWrite;
}

public enum MapAccess
{
    [Word("read-write", "both")] ReadWrite,
    [Word("read", "reads only")] Read,
    [Word("write", "writes only")] Write,
}

/// <summary>A mapping that comes later.</summary>
public sealed class MapEntry : TimelineEntry
{
    [Key("in", "The space.", Required = true)]
    public Reference In { get; private set; }

    [Key("map", "The mapping.", Required = true)]
    public MapItem Map { get; private set; } = new();
}

/// <summary>An unmap.</summary>
public sealed class UnmapEntry : TimelineEntry
{
    [Key("in", "The space.", Required = true)]
    public Reference In { get; private set; }

    [Key("iova", "Where; a multiple of 4096.", Required = true)]
    public ulong Iova { get; private set; }

    [Key("bytes", "How much: whole mappings.", Required = true)]
    public ByteSize Bytes { get; private set; }
}

/// <summary>A Function joins a space: all that is mapped there is within its reach at once.</summary>
public sealed class AttachEntry : TimelineEntry
{
    [Key("in", "The space.", Required = true)]
    public Reference In { get; private set; }

    [Key("of", "The Function.", Required = true)]
    public FunctionName Of { get; private set; }
}

/// <summary>Dirty tracking of a space by the IOMMU.</summary>
public sealed class TrackDirtyEntry : TimelineEntry
{
    [Key("in", "The space.", Required = true)]
    public Reference In { get; private set; }
}

/// <summary>A dirty bitmap is read, cleared, and held against what was written.</summary>
public sealed class ReadDirtyEntry : TimelineEntry
{
    [Key("in", "The space.", Required = true)]
    public Reference In { get; private set; }

    [Key("iova", "Where the bitmap begins; a multiple of 4096.")]
    public ulong Iova { get; private set; }

    [Key("bytes", "How much it covers.", Required = true)]
    public ByteSize Bytes { get; private set; }
}
