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

    /// <summary>Peer-to-peer between (and back through) root ports.</summary>
    public RootPeerToPeer PeerToPeer { get; init; } = RootPeerToPeer.Forward;
}
