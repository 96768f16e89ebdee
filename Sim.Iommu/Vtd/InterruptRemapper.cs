using System.Runtime.CompilerServices;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Iommu.Vtd;

/// <summary>Interrupt remapping (VT-d §5): from an interrupt request to a vector, by a table in memory with a cache before it.</summary>
internal sealed class InterruptRemapper(HostMemory memory, VtdOptions options)
{
    private const int Ways = 4;
    private const int ReservedAddressBits = 3;

    private readonly SetAssociativeCache<Entry> _cache = new(options.InterruptCacheEntries, Ways);
    private ulong _table;
    private int _entries;
    private bool _extended;

    private readonly record struct Entry(ulong Low, ulong High);

    /// <summary>SIRTP: the register's table is the one in force from now on.</summary>
    public void SetTable(ulong register)
    {
        _table = register & ~0xFFFul;
        _entries = 2 << (int)(register & 0xF);
        _extended = (register & VtdField.ExtendedInterruptMode) != 0;
    }

    /// <summary>Forgets all cached entries.</summary>
    public void Clear() => _cache.Clear();

    /// <summary>Forgets 2^<paramref name="mask"/> entries from an index that is a multiple of it.</summary>
    public void Invalidate(int index, int mask) =>
        _cache.Invalidate((index, mask), static (wanted, key, _) => key >> wanted.mask == (ulong)(wanted.index >> wanted.mask));

    /// <summary>Decides on one interrupt request.</summary>
    /// <param name="request">A write to the interrupt range.</param>
    /// <param name="compatibilityPasses">Whether requests in compatibility format pass (Global Status.CFIS).</param>
    /// <param name="data">The data of the interrupt message that results: the vector.</param>
    /// <param name="index">The entry that the request names, for the fault record.</param>
    /// <param name="faultDisabled">Whether the entry asks for faults not to be recorded.</param>
    public FaultReason Remap(
        in TranslationRequest request, bool compatibilityPasses, out uint data, out int index, out bool faultDisabled)
    {
        (data, index, faultDisabled) = (request.Data, 0, false);
        if ((request.Address & InterruptEntry.Remappable) == 0)
            return compatibilityPasses && !_extended ? FaultReason.None : FaultReason.InterruptFormatBlocked;
        index = InterruptEntry.HandleOf(request.Address);
        var hasSubhandle = (request.Address & InterruptEntry.SubhandleValid) != 0;
        if (hasSubhandle) index += (ushort)request.Data;
        if ((request.Address & ReservedAddressBits) != 0 || (hasSubhandle && request.Data >> 16 != 0))
            return FaultReason.InterruptRequestReserved;
        if (index >= _entries) return FaultReason.InterruptIndexOutOfRange;
        if (!TryRead(index, out var entry)) return FaultReason.InterruptEntryInaccessible;
        faultDisabled = (entry.Low & InterruptEntry.FaultDisable) != 0;
        if ((entry.Low & InterruptEntry.Present) == 0) return FaultReason.InterruptEntryNotPresent;
        if ((entry.Low & InterruptEntry.ReservedLow) != 0 || (entry.High & InterruptEntry.ReservedHigh) != 0)
            return FaultReason.InterruptEntryReserved;
        if (!Verifies(entry.High, request.Requester)) return FaultReason.InterruptSourceBlocked;
        data = InterruptEntry.VectorOf(entry.Low);
        return FaultReason.None;
    }

    private bool TryRead(int index, out Entry entry)
    {
        ref var cached = ref _cache.Find((ulong)index, (ulong)index);
        if (!Unsafe.IsNullRef(ref cached))
        {
            entry = cached;
            return true;
        }

        var address = _table + (ulong)(index * InterruptEntry.Bytes);
        entry = default;
        if (!memory.Contains(address, InterruptEntry.Bytes)) return false;
        entry = new Entry(memory.ReadValue(address, 8), memory.ReadValue(address + 8, 8));
        if ((entry.Low & InterruptEntry.Present) != 0) _cache.Insert((ulong)index, (ulong)index, in entry);
        return true;
    }

    /// <summary>Source validation (SVT, SQ, SID).</summary>
    private static bool Verifies(ulong high, RoutingId requester)
    {
        var source = (ushort)high;
        switch (high >> 18 & 3)
        {
            case 0:
                return true;
            case 1:
                // SQ leaves low bits of the function number out: none, bit 2, bits 2:1, bits 2:0.
                var ignored = (high >> 16 & 3) switch { 0 => 0, 1 => 4, 2 => 6, _ => 7 };
                return ((source ^ requester.Value) & ~ignored) == 0;
            case 2:
                return requester.Bus >= source >> 8 && requester.Bus <= (source & 0xFF);
            default:
                return false;
        }
    }
}
