using System.Runtime.CompilerServices;
using Sim.Pcie.Topology;

namespace Sim.Iommu.Vtd;

/// <summary>Where a walk may begin: a table, its level, and what the entries above permit.</summary>
internal readonly record struct TablePointer(ulong Table, int Level, MemoryAccess Permissions);

/// <summary>The paging-structure caches: for each level above the lowest, entries that point to the next table (VT-d §6.2.5).</summary>
internal sealed class StructureCaches
{
    private const int TopLevel = 5;

    private readonly SetAssociativeCache<TablePointer>[] _levels;

    public StructureCaches(int entries) =>
        _levels = [.. Enumerable.Range(1, TopLevel - 1).Select(_ => new SetAssociativeCache<TablePointer>(entries, entries))];

    /// <summary>The lowest table that is known for an address; the domain's own where none is.</summary>
    public TablePointer Deepest(in DomainInfo domain, ulong iova)
    {
        for (var level = 1; level < domain.Levels; level++)
        {
            ref var pointer = ref _levels[level - 1].Find(Key(domain.Domain, iova, level), 0);
            if (!Unsafe.IsNullRef(ref pointer)) return pointer;
        }

        return new TablePointer(domain.Table, domain.Levels, MemoryAccess.ReadWrite);
    }

    /// <summary>Takes a pointer to the table of a level in.</summary>
    public void Insert(ushort domain, ulong iova, in TablePointer pointer) =>
        _levels[pointer.Level - 1].Insert(Key(domain, iova, pointer.Level), 0, in pointer);

    /// <summary>Global invalidation.</summary>
    public void Clear()
    {
        foreach (var level in _levels) level.Clear();
    }

    /// <summary>Domain-selective invalidation.</summary>
    public void InvalidateDomain(ushort domain)
    {
        foreach (var level in _levels) level.Invalidate(domain, static (wanted, key, _) => key >> 48 == wanted);
    }

    /// <summary>What leads to any of 2^<paramref name="mask"/> pages goes.</summary>
    public void InvalidatePages(ushort domain, ulong iova, int mask)
    {
        foreach (var level in _levels)
        {
            level.Invalidate((domain, iova, mask), static (wanted, key, pointer) =>
            {
                if (key >> 48 != wanted.domain) return false;
                var shift = PagingEntry.Shift(pointer.Level + 1);
                var coarse = Math.Max(shift, 12 + wanted.mask);
                return ((key & 0xFFFF_FFFF_FFFF) << shift) >> coarse == wanted.iova >> coarse;
            });
        }
    }

    private static ulong Key(ushort domain, ulong iova, int level) =>
        (ulong)domain << 48 | iova >> PagingEntry.Shift(level + 1) & 0xFFFF_FFFF_FFFF;
}
