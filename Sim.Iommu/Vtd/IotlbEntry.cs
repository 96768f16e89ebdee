using System.Runtime.CompilerServices;
using Sim.Pcie.Topology;

namespace Sim.Iommu.Vtd;

/// <summary>A translation as the IOTLB holds it: the page's host address, the permissions of all levels together, and whether the dirty bit
/// in memory was seen set.</summary>
internal readonly record struct IotlbEntry(ulong Page, int Level, MemoryAccess Permissions, bool KnownDirty);

/// <summary>The IOTLB: translations of three page sizes in one set-associative array, tagged by domain.</summary>
internal sealed class Iotlb(VtdOptions options, Sim.Core.RandomStream random)
{
    private const int Levels = 3;

    private readonly SetAssociativeCache<IotlbEntry> _lines = new(
        options.IotlbEntries, options.IotlbWays, options.IotlbReplacement, random);

    private int _largest = 1;

    /// <summary>Finds the translation of an address.</summary>
    /// <returns>The entry in place, or a null reference.</returns>
    public ref IotlbEntry Find(ushort domain, ulong iova)
    {
        for (var level = 1; level <= _largest; level++)
        {
            var page = iova >> PagingEntry.Shift(level);
            ref var entry = ref _lines.Find(Key(domain, page, level), page);
            if (!Unsafe.IsNullRef(ref entry)) return ref entry;
        }

        return ref Unsafe.NullRef<IotlbEntry>();
    }

    /// <summary>Takes a translation in.</summary>
    public void Insert(ushort domain, ulong iova, in IotlbEntry entry)
    {
        if (entry.Level > _largest) _largest = entry.Level;
        var page = iova >> PagingEntry.Shift(entry.Level);
        _lines.Insert(Key(domain, page, entry.Level), page, in entry);
    }

    /// <summary>Global invalidation.</summary>
    public void Clear() => _lines.Clear();

    /// <summary>Domain-selective invalidation.</summary>
    public void InvalidateDomain(ushort domain) => _lines.Invalidate(domain, static (wanted, key, _) => key >> 48 == wanted);

    /// <summary>Page-selective invalidation of 2^<paramref name="mask"/> pages of 4 KiB within a domain.</summary>
    public void InvalidatePages(ushort domain, ulong iova, int mask)
    {
        _lines.Invalidate((domain, iova, mask), static (wanted, key, entry) =>
        {
            if (key >> 48 != wanted.domain) return false;
            var coarse = Math.Max(PagingEntry.Shift(entry.Level), 12 + wanted.mask);
            var start = (key & PageBits) << PagingEntry.Shift(entry.Level);
            return start >> coarse == (wanted.iova & AddressBits) >> coarse;
        });
    }

    private const ulong PageBits = (1ul << 45) - 1;
    private const ulong AddressBits = (1ul << 57) - 1;

    private static ulong Key(ushort domain, ulong page, int level) =>
        (ulong)domain << 48 | (ulong)(level % Levels) << 45 | (page & PageBits);
}
