using Sim.Core;

namespace Sim.Pcie.Topology;

/// <summary>What the Root Complex does with a request from below whose address lies below a root port (§1.3.1: peer-to-peer support is
/// optional).</summary>
public enum RootPeerToPeer
{
    /// <summary>Forwarded unchanged to the root port that claims it.</summary>
    Forward,

    /// <summary>Unsupported Request at the root port it came in by.</summary>
    Reject,

    /// <summary>
    /// Taken over by the root port that claims it: it goes on under that port's Requester ID and tags, reads in pieces of the Read
    /// Completion Boundary, and is answered with what came back, put together.
    /// </summary>
    Resegment,
}

/// <summary>What host memory does with a poisoned write. The Root Port reports it in any case (§2.7.2.1).</summary>
public enum PoisonedMemoryWrite
{
    /// <summary>The lines it touches are poisoned until each is written whole: reads of them bring bad data.</summary>
    Poison,

    /// <summary>The data is stored as if it were good.</summary>
    Accept,

    /// <summary>Nothing is stored.</summary>
    Discard,
}

/// <summary>What the Root Complex costs and allows.</summary>
public sealed record RootComplexOptions
{
    /// <summary>Bytes of DRAM from host physical address 0. Default 2 GiB.</summary>
    public ulong MemorySize { get; init; } = 2UL << 30;

    /// <summary>From a read's arrival to its data's readiness for the link. Default 100 ns.</summary>
    public SimDuration MemoryLatency { get; init; } = SimDuration.FromNanoseconds(100);

    /// <summary>From a CPU or peer request, or a refusal, to the root port's transmitter; and from the port back to the CPU. Default 50
    /// ns.</summary>
    public SimDuration Latency { get; init; } = SimDuration.FromNanoseconds(50);

    /// <summary>How often the Root Complex issues a configuration request anew whose Completion had status RRS, 10 us apart, before it
    /// gives up and software reads all ones (§2.3.2). Default 100 000, which is a second.</summary>
    public int ConfigurationRetries { get; init; } = 100_000;

    /// <summary>Poisoned writes to memory. With anything but <see cref="PoisonedMemoryWrite.Discard"/> the error is advisory
    /// (§6.2.3.2.4.3).</summary>
    public PoisonedMemoryWrite PoisonedWrites { get; init; }

    /// <summary>
    /// Whether a Root Port routes an untranslated request that lies in another Root Port's window there directly, around the translation
    /// agent, unless its ACS P2P Request Redirect is set. Without this, every request goes to the agent first.
    /// </summary>
    public bool PeersBypassTranslation { get; init; }

    /// <summary>Peer-to-peer between (and back through) root ports.</summary>
    public RootPeerToPeer PeerToPeer { get; init; } = RootPeerToPeer.Forward;
}
