using Sim.Core;
using Sim.Iommu.Vtd;

namespace Sim.Iommu.Tests.Qemu;

/// <summary>One DMA of a case.</summary>
/// <param name="Device">0 or 1: which of two devices.</param>
/// <param name="Iova">Where; a multiple of 8.</param>
/// <param name="IsWrite">A write of 8 bytes, as opposed to a read.</param>
internal readonly record struct TableRequest(int Device, ulong Iova, bool IsWrite);

/// <summary>
/// Root, context and page tables of a case, made from its seed: most of it sound, with absent and reserved bits, missing permissions, large
/// pages, pointers to where no memory is, and pass-through in between.
/// </summary>
internal sealed class RandomTables
{
    public const ulong MemoryBytes = 256 << 20;
    public const ulong Root = 0x10_0000;
    public const ulong FirstTable = 0x10_2000;
    public const ulong TablesEnd = 0x40_0000;

    private const ulong ContextTable = 0x10_1000;
    private const ulong FirstTarget = 16 << 20;
    private const ulong TargetsEnd = 200 << 20;
    private const ulong Nowhere = 0x2_0000_0000;
    private const int Devices = 2;

    private readonly RandomStream _random;
    private readonly int _width;
    private readonly Dictionary<ulong, ulong> _writes = [];
    private readonly int[] _levels = new int[Devices];
    private readonly ulong[] _tops = new ulong[Devices];
    private ulong _next = FirstTable;

    public RandomTables(int width, int seed)
    {
        _width = width;
        _random = new RandomStream((ulong)seed, $"tables of {width} bits");
        _writes[Root] = Spoil(ContextTable | RootEntry.Present, 3, 0x10, 1ul << width);
        for (var device = 0; device < Devices; device++) AddContext(device);
        for (var i = 0; i < 4; i++) AddRequest();
    }

    /// <summary>Device numbers on bus 0.</summary>
    public static ReadOnlySpan<int> DeviceNumbers => [3, 4];

    /// <summary>Quadwords of tables, by address.</summary>
    public IReadOnlyDictionary<ulong, ulong> Writes => _writes;

    public List<TableRequest> Requests { get; } = [];

    /// <summary>Host addresses that a request may end at.</summary>
    public SortedSet<ulong> Candidates { get; } = [];

    private bool Chance(int percent) => _random.NextBelow(100) < percent;

    private ulong Table()
    {
        var table = _next;
        _next += 0x1000;
        return table;
    }

    /// <summary>Now and then clears the present bit, sets a bit that should be 0, or points nowhere.</summary>
    private ulong Spoil(ulong entry, int percent, params ulong[] reserved)
    {
        if (Chance(percent)) entry &= ~1ul;
        if (Chance(percent)) entry |= reserved[_random.NextBelow(reserved.Length)];
        if (Chance(percent)) entry = entry & 0xFFF | Nowhere;
        return entry;
    }

    private void AddContext(int device)
    {
        _levels[device] = _width == 48 && Chance(60) ? 4 : 3;
        _tops[device] = Table();
        var type = Chance(88) ? TranslationType.Untranslated : (TranslationType)_random.NextBelow(4);
        var levels = Chance(94) ? _levels[device] : 2 + _random.NextBelow(5);
        var (low, high) = ContextEntry.Legacy(type, _tops[device], levels, (ushort)(5 + device));
        if (Chance(15)) low |= ContextEntry.FaultDisable;
        if (Chance(3)) high |= 1ul << 24 + _random.NextBelow(40);
        var at = ContextTable + (ulong)(DeviceNumbers[device] << 3) * ContextEntry.Bytes;
        _writes[at] = Spoil(low, 3, 0x10, 0x800, 1ul << _width);
        _writes[at + 8] = high;
    }

    private void AddRequest()
    {
        var device = _random.NextBelow(Devices);
        var iova = (ulong)_random.NextBelow(4) << 39 | (ulong)_random.NextBelow(3) << 30 | (ulong)_random.NextBelow(3) << 21
            | (ulong)_random.NextBelow(4) << 12 | (ulong)_random.NextBelow(512) * 8;
        if (_levels[device] == 3 && !Chance(3)) iova &= (1ul << 39) - 1;
        if (Chance(10)) iova = iova & 0xFF8 | FirstTarget | (ulong)_random.NextBelow(1000) << 12;
        iova = AddPath(device, iova);
        Requests.Add(new TableRequest(device, iova, Chance(50)));
        if (iova is >= FirstTarget and < TargetsEnd) Candidates.Add(iova);
        if (Requests[0].Device == device && Chance(30)) Requests.Add(Requests[^1] with { IsWrite = !Requests[^1].IsWrite });
    }

    /// <summary>Entries from the top to a page for an address, as far as there are none yet.</summary>
    private ulong AddPath(int device, ulong iova)
    {
        var table = _tops[device];
        for (var level = _levels[device]; ; level--)
        {
            var at = table + (ulong)(PagingEntry.Index(iova, level) * PagingEntry.Bytes);
            if (!_writes.TryGetValue(at, out var entry))
            {
                var leaf = level == 1 || (level < 4 && Chance(level == 2 ? 25 : 8));
                entry = leaf ? Leaf(level, ref iova) : Table() | Permissions();
                entry = SpoilPaging(entry, level);
                _writes[at] = entry;
            }

            var page = entry & PagingEntry.Address;
            if (level > 1 && (entry & PagingEntry.Large) == 0 && page is >= FirstTable and < TablesEnd)
            {
                table = page;
                continue;
            }

            var offset = iova & ((1ul << PagingEntry.Shift(level)) - 1);
            var target = page & ~((1ul << PagingEntry.Shift(level)) - 1) | offset;
            if (target is >= FirstTarget and < TargetsEnd) Candidates.Add(target);
            return iova;
        }
    }

    private ulong Permissions() => Chance(85) ? 3ul : (ulong)_random.NextBelow(4);

    private ulong Leaf(int level, ref ulong iova)
    {
        if (level == 1) return FirstTarget + ((ulong)_random.NextBelow(0x8000) << 12) | Permissions();
        if (level == 2) return FirstTarget + ((ulong)_random.NextBelow(64) << 21) | PagingEntry.Large | Permissions();

        // One page of 1 GiB covers all memory: the address has to lie where there is some.
        iova = iova & ~0x3FFF_FFFFul | FirstTarget + (iova & 0xFFF) + ((ulong)_random.NextBelow(0x4000) << 12);
        return PagingEntry.Large | Permissions();
    }

    private ulong SpoilPaging(ulong entry, int level)
    {
        if (Chance(3)) entry |= _random.NextBelow(4) switch { 0 => 1ul << 11, 1 => 1ul << 62, 2 => 1ul << _width, _ => 1ul << 12 };
        if (Chance(2) && level == 4) entry |= PagingEntry.Large;
        if (Chance(2)) entry = entry & 0xFFF | Nowhere;
        if (Chance(15)) entry |= 0x07F0_0000_0000_0578;
        return entry;
    }
}
