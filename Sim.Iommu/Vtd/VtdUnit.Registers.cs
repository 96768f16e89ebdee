namespace Sim.Iommu.Vtd;

/// <summary>The register interface (VT-d §11).</summary>
public sealed partial class VtdUnit
{
    private const uint GlobalCommandBits = (uint)(GlobalBits.Translation | GlobalBits.Queue | GlobalBits.InterruptRemapping
        | GlobalBits.CompatibilityFormat);

    /// <summary>Reads a register.</summary>
    /// <param name="offset">A multiple of <paramref name="bytes"/> below 4096.</param>
    /// <param name="bytes">4 or 8.</param>
    public ulong Read(int offset, int bytes)
    {
        Check(offset, bytes);
        return bytes == 8 ? _registers.Read64(offset) : _registers[offset];
    }

    /// <summary>Writes a register; what the write commands begins before this returns.</summary>
    /// <param name="offset">A multiple of <paramref name="bytes"/> below 4096.</param>
    /// <param name="value">What is written.</param>
    /// <param name="bytes">4 or 8.</param>
    public void Write(int offset, ulong value, int bytes)
    {
        Check(offset, bytes);
        _registers.Write(offset, (uint)value);
        if (bytes == 8) _registers.Write(offset + 4, (uint)(value >> 32));
        for (var at = offset; at < offset + bytes; at += 4) OnWritten(at, (uint)(value >> 8 * (at - offset)));
    }

    internal void InvalidateContexts(bool global, bool byDomain, ushort domain, ushort source, int functionMask)
    {
        if (global) _contexts.Clear();
        else if (byDomain) _contexts.Invalidate(domain, static (wanted, _, info) => info.Domain == wanted);
        else
        {
            var ignored = functionMask switch { 0 => 0ul, 1 => 4ul, 2 => 6ul, _ => 7ul };
            _contexts.Invalidate((source, ignored), static (wanted, key, _) => ((key ^ wanted.source) & ~wanted.ignored) == 0);
        }
    }

    internal void InvalidateTranslations(bool global, bool wholeDomain, ushort domain, ulong iova, int mask, bool leavesOnly)
    {
        if (global)
        {
            _iotlb.Clear();
            Structures.Clear();
        }
        else if (wholeDomain)
        {
            _iotlb.InvalidateDomain(domain);
            Structures.InvalidateDomain(domain);
        }
        else
        {
            _iotlb.InvalidatePages(domain, iova, mask);
            if (!leavesOnly) Structures.InvalidatePages(domain, iova, mask);
        }
    }

    internal void InvalidateInterrupts(bool global, int index, int mask)
    {
        if (global) _remapper.Clear();
        else _remapper.Invalidate(index, mask);
    }

    internal bool BeginDrain() => _walks.BeginDrain();

    internal void OnDrained() => _queue.OnDrained();

    internal void SignalCompletion() => _recorder.Signal(VtdRegister.CompletionEventControl);

    internal void FailQueue() => _recorder.RecordQueueError();

    private static void Check(int offset, int bytes)
    {
        if (bytes is not (4 or 8) || offset % bytes != 0 || offset < 0 || offset > 4096 - bytes)
            throw new ArgumentException($"The remapping unit has no register of {bytes} bytes at {offset:x}.", nameof(offset));
    }

    private void ResetRegisters()
    {
        _registers[VtdRegister.Version] = 0x10;
        _registers.Set64(VtdRegister.Capability, CapabilityValue());
        _registers.Set64(VtdRegister.ExtendedCapability, ExtendedCapabilityValue());
        _registers[VtdRegister.FaultEventControl] = VtdField.InterruptMask;
        _registers[VtdRegister.CompletionEventControl] = VtdField.InterruptMask;
        _registers.Declare(VtdRegister.RootTableAddress, ~0x3FFul);
        _registers.Declare(VtdRegister.ContextCommand, 0x6000_0003_FFFF_FFFF);
        _registers.Declare(VtdRegister.FaultStatus, 0, (uint)(FaultStatusBits.Overflow | FaultStatusBits.QueueError));
        foreach (var control in (int[])[VtdRegister.FaultEventControl, VtdRegister.CompletionEventControl])
        {
            _registers.Declare(control, VtdField.InterruptMask);
            _registers.Declare(control + 4, 0xFFFF_FFFF);
            _registers.Declare(control + 8, 0xFFFF_FFFF_FFFF_FFFC);
        }

        _registers.Declare(VtdRegister.QueueTail, 0x7_FFF0);
        _registers.Declare(VtdRegister.QueueAddress, 0xFFFF_FFFF_FFFF_F807);
        _registers.Declare(VtdRegister.CompletionStatus, 0, 1);
        _registers.Declare(VtdRegister.InterruptTableAddress, 0xFFFF_FFFF_FFFF_F80F);
        _registers.Declare(VtdRegister.InvalidateAddress, 0xFFFF_FFFF_FFFF_F07F);
        _registers.Declare(VtdRegister.IotlbInvalidate, 0x3003_FFFF_0000_0000);
        for (var i = 0; i < Options.FaultRecords; i++)
            _registers.Declare(VtdRegister.FaultRecording + i * VtdRegister.FaultRecordingBytes + 8, 0, VtdField.Fault);
    }

    private ulong CapabilityValue()
    {
        const ulong DomainIds64K = 6;
        const ulong ZeroLengthReads = 1 << 22;
        const ulong PageSelective = 1ul << 39;
        const ulong Drains = 3ul << 54;
        const ulong LargestAddressMask = 18;
        var value = DomainIds64K | VtdField.ThreeLevels | ZeroLengthReads | PageSelective | Drains | LargestAddressMask << 48
            | (ulong)(Options.GuestAddressWidth - 1) << 16 | (ulong)(VtdRegister.FaultRecording / 16) << 24
            | (ulong)(Options.FaultRecords - 1) << 40;
        if (Options.FourLevels) value |= VtdField.FourLevels;
        if (Options.LargePages) value |= VtdField.Pages2M | VtdField.Pages1G;
        return value;
    }

    private ulong ExtendedCapabilityValue()
    {
        const ulong Coherent = 1;
        const ulong QueuedInvalidation = 2;
        const ulong InterruptRemapping = 1 << 3;
        const ulong PassThroughSupport = 1 << 6;
        const ulong LargestHandleMask = 15;
        const ulong SecondStage = 1ul << 46;
        var value = Coherent | QueuedInvalidation | InterruptRemapping | PassThroughSupport | LargestHandleMask << 20
            | (ulong)(VtdRegister.InvalidateAddress / 16) << 8;
        if (Options.ScalableMode) value |= VtdField.ScalableModeSupport | VtdField.AccessedDirtySupport | SecondStage;
        return value;
    }

    private void OnWritten(int offset, uint value)
    {
        switch (offset)
        {
            case VtdRegister.GlobalCommand:
                Command(value);
                break;
            case VtdRegister.ContextCommand + 4 when value >> 31 != 0:
                InvalidateByContextCommand();
                break;
            case VtdRegister.IotlbInvalidate + 4 when value >> 31 != 0:
                InvalidateByIotlbRegister();
                break;
            case VtdRegister.FaultEventControl or VtdRegister.CompletionEventControl:
                _recorder.Unmasked(offset);
                break;
            case VtdRegister.QueueTail:
                _queue.Kick();
                break;
            case VtdRegister.FaultStatus:
                _recorder.Refresh();
                _queue.Kick();
                break;
            case >= VtdRegister.FaultRecording when offset < VtdRegister.FaultRecording + 16 * Options.FaultRecords:
                _recorder.Refresh();
                break;
        }
    }

    /// <summary>Global Command: one-shot bits take the table pointers over, the others show in Global Status at once.</summary>
    private void Command(uint value)
    {
        var command = (GlobalBits)value;
        var status = (GlobalBits)_registers[VtdRegister.GlobalStatus];
        if (command.HasFlag(GlobalBits.RootTable))
        {
            var register = _registers.Read64(VtdRegister.RootTableAddress);
            RootTable = register & PagingEntry.Address & ~AboveHostWidth;
            IsScalable = Options.ScalableMode && (register & VtdField.TableMode) == VtdField.ScalableMode;
            status |= GlobalBits.RootTable;
        }

        if (command.HasFlag(GlobalBits.InterruptTable))
        {
            _remapper.SetTable(_registers.Read64(VtdRegister.InterruptTableAddress));
            status |= GlobalBits.InterruptTable;
        }

        var enabledQueue = command.HasFlag(GlobalBits.Queue) && !status.HasFlag(GlobalBits.Queue);
        status = status & ~(GlobalBits)GlobalCommandBits | command & (GlobalBits)GlobalCommandBits;
        _registers[VtdRegister.GlobalStatus] = (uint)status;
        _translates = status.HasFlag(GlobalBits.Translation);
        _remapsInterrupts = status.HasFlag(GlobalBits.InterruptRemapping);
        if (!status.HasFlag(GlobalBits.Queue)) _registers[VtdRegister.QueueHead] = 0;
        else if (enabledQueue) _queue.Kick();
    }

    /// <summary>Context Command (VT-d §11.4.6.1): done when the write returns.</summary>
    private void InvalidateByContextCommand()
    {
        var command = _registers.Read64(VtdRegister.ContextCommand);
        var granularity = (int)(command >> 61 & 3);
        if (granularity != 0)
            InvalidateContexts(granularity == 1, granularity == 2, (ushort)command, (ushort)(command >> 16), (int)(command >> 32 & 3));
        BeginDrain();
        _registers.Set64(VtdRegister.ContextCommand, command & ~(3ul << 59) | (ulong)granularity << 59);
    }

    /// <summary>IOTLB Invalidate (VT-d §11.4.6.3): done when the write returns.</summary>
    private void InvalidateByIotlbRegister()
    {
        var command = _registers.Read64(VtdRegister.IotlbInvalidate);
        var address = _registers.Read64(VtdRegister.InvalidateAddress);
        var granularity = (int)(command >> 60 & 3);
        if (granularity != 0)
            InvalidateTranslations(granularity == 1, granularity == 2, (ushort)(command >> 32), address & ~0xFFFul, (int)(address & 0x3F),
                (address & 0x40) != 0);
        BeginDrain();
        _registers.Set64(VtdRegister.IotlbInvalidate, command & ~(3ul << 57) | (ulong)granularity << 57);
    }
}
