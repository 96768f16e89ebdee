using Scenarios.Language;
using Sim.Core;

namespace Scenarios.Model;

/// <summary>Traffic of a generator, measured for each size.</summary>
public sealed class TrafficEntry : TimelineEntry
{
    [Key("of", "The traffic generator's Function.", Required = true)]
    public FunctionName Of { get; private set; }

    [Key("pattern", "What it does.")]
    public TrafficPattern Pattern { get; private set; } = TrafficPattern.Read;

    [Key("bytes", "Size of a transfer, or a list of sizes that follow each other: 1B to 4KiB.")]
    public IReadOnlyList<ByteSize> Bytes { get; private set; } = [new(64)];

    [Key("outstanding", "Transfers under way at most.", Min = 1, Max = 1024)]
    public int Outstanding { get; private set; } = 64;

    [Key("to", "Where its window begins: an address as the device sends it, or a place in a BAR.")]
    public DmaPlace To { get; private set; } = new(Platforms.TrafficPersonality.MemoryBase, null);

    [Key("window", "Size of the window.")]
    public ByteSize Window { get; private set; } = new(1 << 20);

    [Key("order", "Order of the places in the window.")]
    public TrafficOrder Order { get; private set; } = TrafficOrder.Sequential;

    [Key("count", "Transfers after which it stops by itself; 0 for none.", Min = 0)]
    public long Count { get; private set; }

    [Key("fill", "The DW that writes carry again and again; 0 for bytes that count up by seven.", Max = uint.MaxValue)]
    public long Fill { get; private set; }

    [Key("for", "How long each size is run.")]
    public SimDuration For { get; private set; } = SimDuration.FromMicroseconds(50);
}

public enum TrafficPattern
{
    [Word("read", "it reads")] Read,
    [Word("write", "it writes")] Write,
    [Word("both", "each transfer is a read and a write")] Both,
}

public enum TrafficOrder
{
    [Word("sequential", "one after the other")] Sequential,
    [Word("random", "at random")] Random,
}
