using Sim.Iommu;
using Sim.Iommu.Vtd;
using Sim.Pcie.Topology;

namespace Sim.Vfio.Kernel;

/// <summary>
/// An address space that requesters are attached to: second-stage page tables in host memory, written by the CPU. Changes of the tables
/// take effect when the hardware reads them; what its caches hold goes with an invalidation, which the methods named Async wait for.
/// </summary>
public sealed class IommuDomain
{
    private const ulong Page = HostMemory.PageSize;

    private readonly IntelIommu _iommu;
    private readonly HostMemory _memory;
    private readonly PhysicalPages _pages;

    internal IommuDomain(IntelIommu iommu, string name, ushort id, int levels)
    {
        (_iommu, Name, Id, Levels) = (iommu, name, id, levels);
        (_memory, _pages) = (iommu.Root.Memory, iommu.Pages);
        Table = _pages.Allocate();
    }

    /// <summary>Who owns it, for messages.</summary>
    public string Name { get; }

    /// <summary>Domain Identifier.</summary>
    public ushort Id { get; }

    /// <summary>Levels of its tables.</summary>
    public int Levels { get; }

    /// <summary>Host address of the top table.</summary>
    public ulong Table { get; }

    /// <summary>Whether the hardware sets accessed and dirty bits.</summary>
    public bool TracksDirty { get; internal set; }

    /// <summary>First address that the tables do not reach.</summary>
    public ulong Limit => 1ul << PagingEntry.Shift(Levels + 1);

    /// <summary>The largest page that <see cref="Map"/> uses where address and length permit: 4 KiB, 2 MiB or 1 GiB.</summary>
    public ulong LargestPage { get; set; } = Page;

    /// <summary>Maps a range; needs no invalidation, since what is not present is not cached.</summary>
    /// <param name="iova">First untranslated address; page-aligned.</param>
    /// <param name="address">First host address, of memory or of a peer's BAR; page-aligned.</param>
    /// <param name="bytes">A positive multiple of 4096.</param>
    /// <param name="permissions">At least one.</param>
    /// <exception cref="ArgumentException">Misaligned, empty, beyond the tables, without permission, or a page is mapped
    /// already.</exception>
    public void Map(ulong iova, ulong address, ulong bytes, IoPermissions permissions)
    {
        CheckRange(iova, address, bytes);
        if ((permissions & IoPermissions.ReadWrite) == 0)
            throw new ArgumentException("A mapping permits reads, writes or both.", nameof(permissions));
        for (ulong at = 0; at < bytes;)
        {
            if (Find(iova + at) is { } leaf) throw new ArgumentException($"IOVA {iova + at:x} is mapped already.", nameof(iova));
            at += Page;
        }

        while (bytes > 0)
        {
            var level = LargestLevel(iova, address, bytes);
            var size = 1ul << PagingEntry.Shift(level);
            var large = level > 1 ? PagingEntry.Large : 0;
            _memory.WriteValue(EntryAt(iova, level), address | large | (ulong)(permissions & IoPermissions.ReadWrite), 8);
            (iova, address, bytes) = (iova + size, address + size, bytes - size);
        }
    }

    /// <summary>Takes every mapping in the range out of the tables. What the IOTLB holds stays until it is invalidated.</summary>
    /// <returns>Bytes that were mapped.</returns>
    /// <exception cref="ArgumentException">Misaligned, empty, or a large page is mapped that is only partly in the range.</exception>
    public ulong Unmap(ulong iova, ulong bytes)
    {
        CheckRange(iova, 0, bytes);
        ulong unmapped = 0;
        for (var at = iova; at < iova + bytes;)
        {
            if (Find(at) is not { } leaf)
            {
                at += Page;
                continue;
            }

            var size = 1ul << PagingEntry.Shift(leaf.Level);
            if (at % size != 0 || at + size > iova + bytes)
                throw new ArgumentException($"IOVA {at:x} lies in a page of {size:x} bytes that the range does not cover.", nameof(iova));
            _memory.WriteValue(leaf.Entry, 0, 8);
            unmapped += size;
            at += size;
        }

        return unmapped;
    }

    /// <summary>As <see cref="Unmap"/>, and under a strict policy waits until nothing cached or under way uses the old mapping.</summary>
    public async Task<ulong> UnmapAsync(ulong iova, ulong bytes)
    {
        var unmapped = Unmap(iova, bytes);
        if (unmapped > 0 && _iommu.Policy.Strict) await FlushAsync(iova, bytes);
        return unmapped;
    }

    /// <summary>Invalidates what is cached of a range and waits for it.</summary>
    public Task FlushAsync(ulong iova, ulong bytes) => _iommu.FlushAsync(this, iova, bytes);

    /// <summary>Whether the page of an address is mapped.</summary>
    public bool IsMapped(ulong iova) => Find(iova) is not null;

    /// <summary>Where an address is mapped to; null where it is not.</summary>
    public ulong? Resolve(ulong iova) => Find(iova) is { } leaf
        ? _memory.ReadValue(leaf.Entry, 8) & PagingEntry.Address | iova & ((1ul << PagingEntry.Shift(leaf.Level)) - 1)
        : null;

    /// <summary>Adds the untranslated address of every dirty 4 KiB page in the range to <paramref name="pages"/>, in order; a large page is
    /// dirty as a whole. Clears the bits in memory if asked to: until a flush the IOTLB still takes them for set.</summary>
    public void ReadDirty(ulong iova, ulong bytes, bool clear, ICollection<ulong> pages)
    {
        for (var at = iova & ~(Page - 1); at < iova + bytes;)
        {
            if (Find(at, out var hole) is not { } leaf)
            {
                at = (at | hole - 1) + 1;
                continue;
            }

            var end = Math.Min((at | ((1ul << PagingEntry.Shift(leaf.Level)) - 1)) + 1, iova + bytes);
            var entry = _memory.ReadValue(leaf.Entry, 8);
            if ((entry & PagingEntry.Dirty) != 0)
            {
                if (clear) _memory.WriteValue(leaf.Entry, entry & ~PagingEntry.Dirty, 8);
                for (var page = at; page < end; page += Page) pages.Add(page);
            }

            at = end;
        }
    }

    /// <summary>Reads and clears the dirty bits of a range and waits for the invalidation, after which no write goes unnoticed.</summary>
    public async Task ReadAndClearDirtyAsync(ulong iova, ulong bytes, ICollection<ulong> pages)
    {
        ReadDirty(iova, bytes, clear: true, pages);
        if (_iommu.Policy.FlushesDirty) await FlushAsync(iova, bytes);
    }

    private static void CheckRange(ulong iova, ulong address, ulong bytes)
    {
        if ((iova | address | bytes) % Page != 0 || bytes == 0)
            throw new ArgumentException($"A range is whole 4 KiB pages: addresses {iova:x} and {address:x}, {bytes} bytes.");
    }

    private int LargestLevel(ulong iova, ulong address, ulong bytes)
    {
        for (var level = 3; level > 1; level--)
        {
            var size = 1ul << PagingEntry.Shift(level);
            if (size <= LargestPage && bytes >= size && (iova | address) % size == 0) return level;
        }

        return 1;
    }

    private (ulong Entry, int Level)? Find(ulong iova) => Find(iova, out _);

    private (ulong Entry, int Level)? Find(ulong iova, out ulong hole)
    {
        hole = Limit;
        if (iova >= Limit) return null;
        var table = Table;
        for (var level = Levels; ; level--)
        {
            var at = table + (ulong)(PagingEntry.Index(iova, level) * PagingEntry.Bytes);
            var entry = _memory.ReadValue(at, 8);
            hole = 1ul << PagingEntry.Shift(level);
            if ((entry & 3) == 0) return null;
            if (level == 1 || (entry & PagingEntry.Large) != 0) return (at, level);
            table = entry & PagingEntry.Address;
        }
    }

    /// <summary>The entry of a level, with the tables above it made as needed.</summary>
    private ulong EntryAt(ulong iova, int wanted)
    {
        if (iova >= Limit)
            throw new ArgumentException($"IOVA {iova:x} is beyond tables of {Levels} levels.", nameof(iova));
        var table = Table;
        for (var level = Levels; ; level--)
        {
            var at = table + (ulong)(PagingEntry.Index(iova, level) * PagingEntry.Bytes);
            if (level == wanted) return at;
            var entry = _memory.ReadValue(at, 8);
            if ((entry & 3) == 0)
            {
                entry = _pages.Allocate() | PagingEntry.Read | PagingEntry.Write;
                _memory.WriteValue(at, entry, 8);
            }

            table = entry & PagingEntry.Address;
        }
    }
}
