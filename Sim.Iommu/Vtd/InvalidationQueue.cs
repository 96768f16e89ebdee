using Sim.Core;
using Sim.Pcie.Topology;

namespace Sim.Iommu.Vtd;

/// <summary>
/// Queued invalidation (VT-d §6.5.2): descriptors from a ring in memory, one after the other. An invalidation of translations is done
/// when every request that waited for a walk when it began has been answered, so that what follows a wait descriptor finds nothing of
/// the old tables under way.
/// </summary>
internal sealed class InvalidationQueue
{
    private const int Global = 1;
    private const int Domain = 2;

    private readonly VtdUnit _unit;
    private readonly RegisterFile _registers;
    private readonly HostMemory _memory;
    private readonly SimEvent _work;
    private bool _isDraining;

    public InvalidationQueue(VtdUnit unit, Simulator sim, RegisterFile registers, HostMemory memory)
    {
        (_unit, _registers, _memory) = (unit, registers, memory);
        _work = new SimEvent(sim, Execute);
    }

    /// <summary>Descriptors done.</summary>
    public long Done { get; private set; }

    private bool IsBlocked => (_registers[VtdRegister.FaultStatus] & (uint)FaultStatusBits.QueueError) != 0;

    private int DescriptorBytes => (_registers.Read64(VtdRegister.QueueAddress) & VtdField.WideDescriptors) != 0 ? 32 : 16;

    /// <summary>Software moved the tail, enabled the queue, or cleared an error: there may be something to do.</summary>
    public void Kick()
    {
        var enabled = (_registers[VtdRegister.GlobalStatus] & (uint)GlobalBits.Queue) != 0;
        if (!enabled || IsBlocked || _isDraining || _work.IsPending) return;
        if (_registers[VtdRegister.QueueHead] != _registers[VtdRegister.QueueTail])
            _work.ScheduleAfter(_unit.Options.InvalidationLatency);
    }

    /// <summary>Everything that an invalidation waited for has been answered.</summary>
    public void OnDrained()
    {
        if (!_isDraining) return;
        _isDraining = false;
        Finish();
    }

    private void Execute()
    {
        var base64 = _registers.Read64(VtdRegister.QueueAddress);
        var address = (base64 & ~0xFFFul) + _registers[VtdRegister.QueueHead];
        if (!_memory.Contains(address, DescriptorBytes))
        {
            Fail();
            return;
        }

        var low = _memory.ReadValue(address, 8);
        var high = _memory.ReadValue(address + 8, 8);
        var drains = false;
        switch (low & 0xF)
        {
            case 1 when Granularity(low) is >= 1 and <= 3:
                _unit.InvalidateContexts(Granularity(low) == Global, Granularity(low) == Domain, (ushort)(low >> 16), (ushort)(low >> 32),
                    (int)(low >> 48 & 3));
                drains = true;
                break;
            case 2 when Granularity(low) is >= 1 and <= 3:
                _unit.InvalidateTranslations(Granularity(low) == Global, Granularity(low) == Domain, (ushort)(low >> 16), high & ~0xFFFul,
                    (int)(high & 0x3F), (high & 0x40) != 0);
                drains = true;
                break;
            case 4:
                _unit.InvalidateInterrupts((low & 0x10) == 0, (int)(low >> 32 & 0xFFFF), (int)(low >> 27 & 0x1F));
                break;
            case 5:
                Wait(low, high);
                break;
            case 6 when Granularity(low) is 2 or 3:
                // PASID-selective: with one PASID a domain (RID_PASID), the domain's translations.
                _unit.InvalidateTranslations(false, Granularity(low) == 2, (ushort)(low >> 16), high & ~0xFFFul,
                    (int)(high & 0x3F), (high & 0x40) != 0);
                drains = true;
                break;
            case 7:
                _unit.InvalidateContexts(Granularity(low) == 3, true, (ushort)(low >> 16), 0, 0);
                drains = true;
                break;
            default:
                Fail();
                return;
        }

        if (drains && _unit.BeginDrain()) _isDraining = true;
        else Finish();
    }

    private static int Granularity(ulong low) => (int)(low >> 4 & 3);

    private void Finish()
    {
        Done++;
        var bytes = 4096u << (int)(_registers.Read64(VtdRegister.QueueAddress) & 7);
        if (DescriptorBytes == 32) bytes *= 2;
        _registers[VtdRegister.QueueHead] = (_registers[VtdRegister.QueueHead] + (uint)DescriptorBytes) % bytes;
        Kick();
    }

    private void Wait(ulong low, ulong high)
    {
        if ((low & 0x20) != 0 && _memory.Contains(high & ~3ul, 4)) _memory.WriteValue(high & ~3ul, low >> 32, 4);
        if ((low & 0x10) == 0) return;
        if ((_registers[VtdRegister.CompletionStatus] & 1) != 0) return;
        _registers[VtdRegister.CompletionStatus] |= 1;
        _unit.SignalCompletion();
    }

    private void Fail() => _unit.FailQueue();
}
