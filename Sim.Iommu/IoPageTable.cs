using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sim.Iommu;

/// <summary>
/// The translations of one domain: 4 KiB pages, each with an address, read and write permission and a dirty bit that a write sets.
/// A second-stage table reduced to its leaves; the entry's bits are VT-d's, so a walk through host memory can take its place.
/// </summary>
public sealed class IoPageTable
{
    /// <summary>Bytes per page.</summary>
    public const int PageBytes = 4096;

    private const int PageShift = 12;
    private const ulong PermissionBits = 3;
    private const ulong Dirty = 1 << 9;
    private const ulong AddressBits = ~(ulong)(PageBytes - 1);

    private readonly Dictionary<ulong, ulong> _entries = [];

    /// <summary>Pages mapped.</summary>
    public int MappedPages => _entries.Count;

    /// <summary>Maps <paramref name="bytes"/> at <paramref name="iova"/> to <paramref name="address"/>.</summary>
    /// <param name="iova">First untranslated address; page-aligned.</param>
    /// <param name="address">First host address, of memory or of a peer's BAR; page-aligned.</param>
    /// <param name="bytes">A positive multiple of 4096.</param>
    /// <param name="permissions">At least one.</param>
    /// <exception cref="ArgumentException">Misaligned, empty, without permission, or a page is mapped already.</exception>
    public void Map(ulong iova, ulong address, ulong bytes, IoPermissions permissions)
    {
        CheckAligned(iova | address, bytes);
        if ((permissions & IoPermissions.ReadWrite) == 0)
            throw new ArgumentException("A mapping permits reads, writes or both.", nameof(permissions));
        for (ulong offset = 0; offset < bytes; offset += PageBytes)
            if (_entries.ContainsKey((iova + offset) >> PageShift))
                throw new ArgumentException($"IOVA {iova + offset:x} is mapped already; unmap it first.", nameof(iova));
        for (ulong offset = 0; offset < bytes; offset += PageBytes)
            _entries.Add((iova + offset) >> PageShift, address + offset | (ulong)(permissions & IoPermissions.ReadWrite));
    }

    /// <summary>Removes every mapping in the range; returns how many pages were mapped there.</summary>
    /// <exception cref="ArgumentException">Misaligned or empty.</exception>
    public int Unmap(ulong iova, ulong bytes)
    {
        CheckAligned(iova, bytes);
        var removed = 0;
        for (ulong offset = 0; offset < bytes; offset += PageBytes)
            if (_entries.Remove((iova + offset) >> PageShift)) removed++;
        return removed;
    }

    /// <summary>Whether the page of <paramref name="iova"/> is mapped.</summary>
    public bool IsMapped(ulong iova) => _entries.ContainsKey(iova >> PageShift);

    /// <summary>Whether a device wrote the page of <paramref name="iova"/> since its dirty bit was last cleared.</summary>
    public bool IsDirty(ulong iova) => _entries.TryGetValue(iova >> PageShift, out var entry) && (entry & Dirty) != 0;

    /// <summary>Adds the IOVA of every dirty page in the range to <paramref name="pages"/>, in order, and clears the bits.</summary>
    public void ReadAndClearDirty(ulong iova, ulong bytes, List<ulong> pages)
    {
        for (ulong page = iova & AddressBits; page < iova + bytes; page += PageBytes)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(_entries, page >> PageShift);
            if (Unsafe.IsNullRef(ref entry) || (entry & Dirty) == 0) continue;
            entry &= ~Dirty;
            pages.Add(page);
        }
    }

    /// <summary>Translates one access that stays within a page; allocates nothing.</summary>
    /// <returns><see cref="FaultReason.None"/> and the host address, or why not.</returns>
    public FaultReason Translate(ulong iova, bool isWrite, out ulong address)
    {
        address = 0;
        ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(_entries, iova >> PageShift);
        var need = (ulong)(isWrite ? IoPermissions.Write : IoPermissions.Read);
        if (Unsafe.IsNullRef(ref entry) || (entry & PermissionBits & need) == 0)
            return isWrite ? FaultReason.WriteNotPermitted : FaultReason.ReadNotPermitted;
        if (isWrite) entry |= Dirty;
        address = (entry & AddressBits) | (iova & ~AddressBits);
        return FaultReason.None;
    }

    private static void CheckAligned(ulong addresses, ulong bytes)
    {
        if (((addresses | bytes) & ~AddressBits) != 0 || bytes == 0)
            throw new ArgumentException($"A range is whole 4 KiB pages: addresses {addresses:x}, {bytes} bytes.");
    }
}
