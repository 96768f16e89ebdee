using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Spec;

namespace Benchmarks;

/// <summary>An endpoint function that keeps a number of reads outstanding.</summary>
internal sealed class StreamReader(Simulator sim, string name, int slots, int failEvery, Action finished) : EndpointFunction(
    sim, name, EndpointTemplates.PhysicalFunction(name,
        new EndpointOptions { Identity = new FunctionIdentity(0x1DE5, 1, 0x088000) }), slots)
{
    /// <summary>Host physical address that neither memory nor a window claims.</summary>
    private const ulong Unmapped = 0xF0_0000_0000;

    private readonly SimTime[] _issued = new SimTime[slots];
    private long _reads;
    private long _next;

    public long Done { get; private set; }

    public long Failed { get; private set; }

    public SimDuration LatencySum { get; private set; }

    /// <summary>Reads from now on.</summary>
    public void Start(long reads)
    {
        (_reads, _next, Done, Failed, LatencySum) = (reads, 0, 0, 0, default);
        for (var slot = 0; slot < _issued.Length; slot++) Issue(slot);
    }

    protected internal override void OnDmaRead(int context, ReadOnlySpan<byte> data, CompletionStatus status)
    {
        LatencySum += Sim.Now - _issued[context];
        if (status == CompletionStatus.UnsupportedRequest && data.IsEmpty) Failed++;
        if (++Done == _reads) finished();
        else if (Done < _reads) Issue(context);
    }

    protected internal override void ReadBar(int bar, ulong offset, Span<byte> destination) => destination.Clear();

    protected internal override void WriteBar(int bar, ulong offset, ReadOnlySpan<byte> data)
    {
    }

    private void Issue(int slot)
    {
        _issued[slot] = Sim.Now;
        var size = 64 << (int)(_next & 3);
        var address = (ulong)(_next & 1023) * 512;
        if (failEvery > 0 && _next % failEvery == failEvery / 2) address += Unmapped;
        Dma.Read(address, size, slot);
        _next++;
    }
}
