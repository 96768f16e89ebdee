using Sim.Core;
using Sim.Iommu;
using Sim.Iommu.Vtd;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Vfio.Kernel;

/// <summary>Interrupt remapping and the fault interrupt.</summary>
public sealed partial class IntelIommu
{
    private const int TablePages = 256;
    private const ulong TableSize64K = 0xF;
    private const int FaultBurst = 10;

    private static readonly SimDuration InterruptLatency = SimDuration.FromMicroseconds(1);

    private readonly RateLimit _faultLimit = new(FaultBurst, SimDuration.FromSeconds(5));
    private ulong _interruptTable;
    private int _interruptEntries;
    private bool _handlingFaults;

    /// <summary>Gives an interrupt an entry of its own, which only <paramref name="requester"/> may use.</summary>
    /// <param name="requester">Who raises it.</param>
    /// <param name="target">The interrupt as the interrupt controller knows it.</param>
    /// <returns>Address and data to program the requester with; <paramref name="target"/> itself where interrupts are not
    /// remapped.</returns>
    public MsiTarget Remap(RoutingId requester, MsiTarget target)
    {
        if (!Policy.InterruptRemapping) return target;
        var index = _interruptEntries++;
        var (low, high) = InterruptEntry.For(target.Data & 0xFF, target.Data >> 8, requester.Value);
        var at = _interruptTable + (ulong)(index * InterruptEntry.Bytes);
        Memory.WriteValue(at + 8, high, 8);
        Memory.WriteValue(at, low, 8);
        return new MsiTarget(InterruptEntry.RequestAddress(index), 0);
    }

    /// <summary>Takes an interrupt's entry away, and waits until no cached copy is used.</summary>
    /// <param name="programmed">What <see cref="Remap"/> returned.</param>
    public Task UnmapInterruptAsync(MsiTarget programmed)
    {
        Memory.WriteValue(_interruptTable + (ulong)(InterruptEntry.HandleOf(programmed.Address) * InterruptEntry.Bytes), 0, 8);
        return FlushInterruptsAsync();
    }

    private void StartInterruptRemapping()
    {
        _interruptTable = Pages.AllocateRange(TablePages);
        _unit.Write(VtdRegister.InterruptTableAddress, _interruptTable | TableSize64K, 8);
        Command(GlobalBits.InterruptTable);
        Command(GlobalBits.InterruptRemapping);
    }

    private void StartFaultHandling()
    {
        var target = Root.Interrupts.Allocate("dmar0", OnFaultEvent);
        _unit.Write(VtdRegister.FaultEventData, target.Data, 4);
        _unit.Write(VtdRegister.FaultEventAddress, target.Address, 8);
        _unit.Write(VtdRegister.FaultEventControl, 0, 4);
    }

    private void OnFaultEvent()
    {
        if (_handlingFaults) return;
        _handlingFaults = true;
        Sim.Start("dmar0", HandleFaultsAsync);
    }

    /// <summary>The kernel's handler: reads and clears the records from the index that Fault Status names, then the status.</summary>
    private async Task HandleFaultsAsync()
    {
        await Sim.Delay(InterruptLatency);
        _handlingFaults = false;
        var status = (uint)_unit.Read(VtdRegister.FaultStatus, 4);
        if (status != 0 && _faultLimit.Allow(Sim.Now)) Log(IommuText.Status(status));
        if (((FaultStatusBits)status).HasFlag(FaultStatusBits.Pending))
        {
            var records = (int)(_unit.Read(VtdRegister.Capability, 8) >> 40 & 0xFF) + 1;
            for (var i = (int)(status >> VtdField.RecordIndexShift & 0xFF); ; i = (i + 1) % records)
            {
                var at = VtdRegister.FaultRecording + i * VtdRegister.FaultRecordingBytes;
                var upper = _unit.Read(at + 8, 8);
                if ((upper & VtdField.Fault) == 0) break;
                var information = _unit.Read(at, 8);
                _unit.Write(at + 12, upper >> 32 & 0x8000_0000, 4);
                var isWrite = (upper & VtdField.FaultIsRead) == 0;
                var fault = new FaultRecord(Sim.Now, new RoutingId((ushort)upper), information, isWrite, (FaultReason)(byte)(upper >> 32));
                if (_faultLimit.Allow(Sim.Now)) Log(IommuText.Fault(in fault));
            }
        }

        _unit.Write(VtdRegister.FaultStatus, (uint)(FaultStatusBits.Overflow | FaultStatusBits.Pending), 4);
    }

    private void Log(string line) => _log?.Write(KernelLogLevel.Error, line);
}
