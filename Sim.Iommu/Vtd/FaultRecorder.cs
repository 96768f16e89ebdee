using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Iommu.Vtd;

/// <summary>Primary fault logging (VT-d §7.2): the Fault Recording registers in a ring, Fault Status, and the fault event.</summary>
internal sealed class FaultRecorder(RegisterFile registers, VtdOptions options, InterruptController interrupts)
{
    private int _next;

    private FaultStatusBits Status
    {
        get => (FaultStatusBits)registers[VtdRegister.FaultStatus];
        set => registers[VtdRegister.FaultStatus] = (uint)value;
    }

    /// <summary>Records a fault, if there is a register for it.</summary>
    public void Record(RoutingId requester, ulong information, bool isWrite, FaultReason reason)
    {
        var before = Status;
        if (before.HasFlag(FaultStatusBits.Overflow) || (options.CollapsesFaults && IsPending(requester))) return;
        if (IsSet(_next))
        {
            Status = before | FaultStatusBits.Overflow;
            if (!before.HasFlag(FaultStatusBits.Pending)) SignalEvent(before);
            return;
        }

        var upper = VtdField.Fault | (isWrite ? 0 : VtdField.FaultIsRead) | (ulong)reason << 32 | requester.Value;
        registers.Set64(OffsetOf(_next), information);
        registers.Set64(OffsetOf(_next) + 8, upper);
        if (!before.HasFlag(FaultStatusBits.Pending))
        {
            var index = (FaultStatusBits)((uint)_next << VtdField.RecordIndexShift);
            Status = before & (FaultStatusBits)0xFF | FaultStatusBits.Pending | index;
            SignalEvent(before);
        }

        _next = (_next + 1) % options.FaultRecords;
    }

    /// <summary>The invalidation queue met a descriptor that it cannot process (VT-d §6.5.2.10).</summary>
    public void RecordQueueError()
    {
        var before = Status;
        Status = before | FaultStatusBits.QueueError;
        SignalEvent(before);
    }

    /// <summary>Software wrote Fault Status or a Fault Recording register: Primary Pending Fault follows the records.</summary>
    public void Refresh()
    {
        var pending = false;
        for (var i = 0; i < options.FaultRecords; i++) pending |= IsSet(i);
        Status = pending ? Status | FaultStatusBits.Pending : Status & ~FaultStatusBits.Pending;
        if ((Status & (FaultStatusBits.Pending | FaultStatusBits.Overflow | FaultStatusBits.QueueError)) == 0)
            registers[VtdRegister.FaultEventControl] &= ~VtdField.InterruptPending;
    }

    /// <summary>An event message, or Interrupt Pending where the event is masked.</summary>
    public void Signal(int control)
    {
        registers[control] |= VtdField.InterruptPending;
        if ((registers[control] & VtdField.InterruptMask) == 0) Deliver(control);
    }

    /// <summary>Software wrote an event control register: an event that was masked goes out once it is not.</summary>
    public void Unmasked(int control)
    {
        const uint Both = VtdField.InterruptMask | VtdField.InterruptPending;
        if ((registers[control] & Both) == VtdField.InterruptPending) Deliver(control);
    }

    private static int OffsetOf(int record) => VtdRegister.FaultRecording + record * VtdRegister.FaultRecordingBytes;

    private bool IsSet(int record) => (registers.Read64(OffsetOf(record) + 8) & VtdField.Fault) != 0;

    private bool IsPending(RoutingId requester)
    {
        for (var i = 0; i < options.FaultRecords; i++)
            if (IsSet(i) && (ushort)registers[OffsetOf(i) + 8] == requester.Value) return true;
        return false;
    }

    /// <summary>One event for all that is pending: none while an earlier condition waits for software (VT-d §7.3).</summary>
    private void SignalEvent(FaultStatusBits before)
    {
        if ((before & (FaultStatusBits.Pending | FaultStatusBits.Overflow | FaultStatusBits.QueueError)) == 0)
            Signal(VtdRegister.FaultEventControl);
    }

    private void Deliver(int control)
    {
        registers[control] &= ~VtdField.InterruptPending;
        var address = registers[control + 8] | (ulong)registers[control + 12] << 32;
        if (InterruptController.IsInterrupt(address)) interrupts.Deliver(default, registers[control + 4]);
    }
}
