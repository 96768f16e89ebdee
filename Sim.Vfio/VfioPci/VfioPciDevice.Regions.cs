using static Sim.Vfio.Kernel.PciRegisters;

namespace Sim.Vfio.VfioPci;

/// <summary>What read() or write() on a region gave.</summary>
/// <param name="Error">None, EIO while memory space is disabled or fenced, EINVAL outside of what users see.</param>
/// <param name="Value">What a read returned, little-endian.</param>
public readonly record struct RegionResult(Errno Error, ulong Value);

public sealed partial class VfioPciDevice
{
    /// <summary>read() of 1, 2, 4 or 8 bytes of a BAR: the kernel loads for the user.</summary>
    public async Task<RegionResult> ReadAsync(int bar, ulong offset, int bytes)
    {
        if (offset + (ulong)bytes > UserBarBytes(bar)) return new(Errno.EINVAL, 0);
        if (await IsMsixTableAsync(bar, offset)) return new(Errno.None, ulong.MaxValue >> (64 - 8 * bytes));
        using (await _memoryLock.LockAsync())
            if (!RegionAccessible) return new(Errno.EIO, 0);
        var load = await Kernel.Root.LoadAsync(BarAddress(bar) + offset, bytes);
        return new(Errno.None, load.Value & ulong.MaxValue >> (64 - 8 * bytes));
    }

    /// <summary>write() of 1, 2, 4 or 8 bytes of a BAR: the kernel stores for the user.</summary>
    public async Task<RegionResult> WriteAsync(int bar, ulong offset, ulong value, int bytes)
    {
        if (offset + (ulong)bytes > UserBarBytes(bar)) return new(Errno.EINVAL, 0);
        if (await IsMsixTableAsync(bar, offset)) return new(Errno.None, 0);
        using (await _memoryLock.LockAsync())
            if (!RegionAccessible) return new(Errno.EIO, 0);
        Kernel.Root.Store(BarAddress(bar) + offset, value, bytes);
        return new(Errno.None, 0);
    }

    /// <summary>An ioeventfd fired: the kernel stores, or drops the store silently where access is not possible now.</summary>
    /// <returns>Whether the store was made.</returns>
    public bool FireIoEventFd(int bar, ulong offset, ulong value, int bytes)
    {
        if (!RegionAccessible || _memoryLock.IsHeld) return false;
        return Kernel.Root.Store(BarAddress(bar) + offset, value, bytes);
    }

    /// <summary>A user's configuration read: allowed in every state, virtualised where the hardware's registers are not the
    /// user's.</summary>
    public async Task<uint> ConfigReadAsync(int offset, int size)
    {
        var value = await Function.ReadAsync(offset, size);
        if (Function.IsVirtual && offset < 4)
        {
            // A VF's own Vendor and Device ID read FFFFh (§9.3.4.1.1).
            var identity = Function.Discovered.VendorId | (uint)Function.Discovered.DeviceId << 16;
            return identity >> (8 * offset) & uint.MaxValue >> (32 - 8 * size);
        }

        return offset == Command ? value & ~CommandMemory | (_virtualMemoryEnable ? CommandMemory : 0) : value;
    }

    /// <summary>A user's configuration write. COMMAND.MEM is virtual on a VF and zaps where it disables; the FLR bit resets as
    /// <see cref="ResetAsync"/> does.</summary>
    public async Task ConfigWriteAsync(int offset, int size, uint value)
    {
        if (offset == Function.Express + DeviceControl && (value & InitiateFlr) != 0)
        {
            await ResetAsync();
            return;
        }

        if (offset != Command)
        {
            await Function.WriteAsync(offset, size, value);
            return;
        }

        using var held = await _memoryLock.LockAsync();
        _virtualMemoryEnable = (value & CommandMemory) != 0;
        if (!MemoryEnabled && Kernel.Policy.BlocksDisabledMemory)
        {
            Zap();
            await RevokeDmaBufsAsync();
        }

        await Function.WriteAsync(offset, size, value);
        RestoreDmaBufs();
    }

    private bool RegionAccessible => (MemoryEnabled || !Kernel.Policy.BlocksDisabledMemory)
        && !(Policy == RevokePolicy.FenceOnNotRunning && IsRevoked);

    private async Task<bool> IsMsixTableAsync(int bar, ulong offset)
    {
        if (await MsixTableAsync() is not { } table || table.Bar != bar) return false;
        return offset >= table.Offset && offset < table.Offset + (ulong)(table.Entries * MsixEntryBytes);
    }
}
