using Sim.Core;

namespace Benchmarks;

/// <summary>
/// W3, the memory-read stream: 64 tags of 64 to 512 byte reads from an endpoint through a switch and a root complex to memory, with
/// everything the fabric does: credits, ordering, routing, tags, completion timeouts, error checks, probes that nobody observes.
/// </summary>
internal sealed class ReadsWorkload : IWorkload
{
    public string Name { get; init; } = "reads";

    /// <summary>Every n-th read asks for an address that nothing claims; 0: none does. The run fails unless all are caught.</summary>
    public int FailEvery { get; init; }

    /// <summary>Every TLP on every link is recorded and goes through a <see cref="TraceChannel{T}"/> to a consumer.</summary>
    public bool Observed { get; init; }

    /// <summary>64 endpoints of 8 tags each behind two levels of switches, instead of one behind one switch.</summary>
    public bool Tree { get; init; }

    /// <summary>Every read is translated by a VT-d unit whose IOTLB holds all that is read.</summary>
    public bool Translated { get; init; }

    public string Usage => $"{Name} READS=2e6 COPIES=1";

    public IPreparedRun Prepare(IReadOnlyList<long> numbers, EventQueueKind queue) =>
        new ReadStreams(this, numbers.ElementAtOrDefault(0, 2_000_000), (int)numbers.ElementAtOrDefault(1, 1), queue);

    public IReadOnlyList<long> WarmUp(IReadOnlyList<long> numbers) => [200_000, numbers.ElementAtOrDefault(1, 1)];
}
