using System.Numerics;
using Sim.Core;
using Sim.Iommu.Vtd;

namespace Sim.Vfio.Kernel;

/// <summary>The queued invalidation interface, as a driver uses it: descriptors, a wait descriptor behind them, and a look at the status
/// it writes.</summary>
public sealed partial class IntelIommu
{
    private const int QueueBytes = 4096;
    private const ulong ContextCache = 1;
    private const ulong Iotlb = 2;
    private const ulong InterruptCache = 4;
    private const ulong WaitAndWrite = 5 | 0x20;
    private const ulong PasidCache = 7;
    private const ulong Global = 1 << 4;
    private const ulong DomainSelective = 2 << 4;
    private const ulong PageSelective = 3 << 4;
    private const ulong PasidCacheGlobal = 3 << 4;
    private const ulong DrainReadsAndWrites = 3 << 6;

    private static readonly SimDuration PollPeriod = SimDuration.FromNanoseconds(100);

    private ulong _queue;
    private ulong _status;
    private int _tail;
    private uint _sequence;

    private int DescriptorBytes => IsScalable ? 32 : 16;

    /// <summary>Invalidates what is cached of a range of a domain: by pages up to the largest mask, the whole domain beyond.</summary>
    internal Task FlushAsync(IommuDomain domain, ulong iova, ulong bytes)
    {
        // One descriptor names 2^AM pages that are naturally aligned: the smallest such block that holds the range.
        var last = iova + bytes - 1;
        var mask = BitOperations.Log2((iova ^ last) >> 12 | 1) + ((iova ^ last) >> 12 == 0 ? 0 : 1);
        var largest = (int)(_unit.Read(VtdRegister.Capability, 8) >> 48 & 0x3F);
        var low = Iotlb | DrainReadsAndWrites | (ulong)domain.Id << 16;
        return mask > largest
            ? SubmitAsync((low | DomainSelective, 0))
            : SubmitAsync((low | PageSelective, iova & ~((4096ul << mask) - 1) | (uint)mask));
    }

    /// <summary>Invalidates all cached entries of requesters and everything translated by them.</summary>
    private Task FlushContextsAsync() => IsScalable
        ? SubmitAsync((ContextCache | Global, 0), (PasidCache | PasidCacheGlobal, 0), (Iotlb | Global | DrainReadsAndWrites, 0))
        : SubmitAsync((ContextCache | Global, 0), (Iotlb | Global | DrainReadsAndWrites, 0));

    private Task FlushInterruptsAsync() => SubmitAsync((InterruptCache, 0));

    private void StartQueue()
    {
        _queue = Pages.Allocate();
        _status = Pages.Allocate();
        _unit.Write(VtdRegister.QueueTail, 0, 8);
        _unit.Write(VtdRegister.QueueAddress, _queue | (IsScalable ? VtdField.WideDescriptors : 0), 8);
        Command(GlobalBits.Queue);
    }

    private async Task SubmitAsync(params (ulong Low, ulong High)[] descriptors)
    {
        var sequence = ++_sequence;
        foreach (var (low, high) in descriptors) Put(low, high);
        Put(WaitAndWrite | (ulong)sequence << 32, _status);
        _unit.Write(VtdRegister.QueueTail, (uint)_tail, 8);
        while ((int)((uint)Memory.ReadValue(_status, 4) - sequence) < 0) await Sim.Delay(PollPeriod);
    }

    private void Put(ulong low, ulong high)
    {
        var next = (_tail + DescriptorBytes) % RingBytes;
        if (next == (int)_unit.Read(VtdRegister.QueueHead, 8))
            throw new InvalidOperationException("DMAR: the invalidation queue is full");
        Memory.WriteValue(_queue + (ulong)_tail, low, 8);
        Memory.WriteValue(_queue + (ulong)_tail + 8, high, 8);
        _tail = next;
    }

    /// <summary>QS 0: 256 descriptors of 16 bytes, or 128 of 32.</summary>
    private static int RingBytes => QueueBytes;
}
