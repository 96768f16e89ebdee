using Sim.Core;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Topology;

/// <summary>A write that reached host memory.</summary>
/// <param name="Requester">Who wrote: a function's Requester ID, or null for the CPU.</param>
/// <param name="Address">Host physical address of the first byte.</param>
/// <param name="Bytes">Number of bytes.</param>
public readonly record struct MemoryWrite(RoutingId? Requester, ulong Address, int Bytes);

/// <summary>DRAM of the host, sparse: pages that were never written read as zero and cost nothing.</summary>
public sealed class HostMemory : IReadSource, IPoisonMap
{
    /// <summary>Size of a page, in bytes.</summary>
    public const int PageSize = 4096;

    private const ulong LineMask = 63;
    private const int PagesPerChunk = 512;
    private const int ChunkShift = 21;

    private readonly Simulator _sim;
    private readonly Dictionary<ulong, byte[]?[]> _chunks = [];
    private readonly HashSet<ulong> _poisoned = [];
    private ulong _lastKey = ulong.MaxValue;
    private byte[]?[] _lastChunk = [];

    /// <summary>Memory of the given size that answers at host physical address 0 and up.</summary>
    public HostMemory(Simulator sim, ulong size)
    {
        _sim = sim;
        Size = size;
    }

    /// <summary>Size in bytes: addresses below it are memory.</summary>
    public ulong Size { get; }

    /// <summary>Every write, before it takes effect.</summary>
    public Probe<MemoryWrite> Written { get; } = new();

    /// <summary>Whether all of [address, address + bytes) is memory.</summary>
    public bool Contains(ulong address, int bytes) => address < Size && Size - address >= (ulong)bytes;

    /// <summary>Whether any line holds poisoned data.</summary>
    public bool HasPoison => _poisoned.Count > 0;

    /// <summary>Marks the lines of 64 bytes that the range touches as poisoned: until each is written whole, reads of it bring bad data
    /// (§2.7.2).</summary>
    public void Poison(ulong address, int bytes)
    {
        for (var line = address & ~LineMask; line < address + (ulong)bytes; line += LineMask + 1) _poisoned.Add(line);
    }

    /// <summary>Whether a line that the range touches is poisoned.</summary>
    public bool IsPoisoned(ulong address, int bytes)
    {
        if (_poisoned.Count == 0) return false;
        for (var line = address & ~LineMask; line < address + (ulong)bytes; line += LineMask + 1)
        {
            if (_poisoned.Contains(line)) return true;
        }

        return false;
    }

    /// <summary>Whether the page of an address holds anything but zeros.</summary>
    public bool IsPopulated(ulong address) => Find(address) is { } page && page.AsSpan().ContainsAnyExcept((byte)0);

    /// <summary>Reads bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not all memory.</exception>
    public void Read(ulong address, Span<byte> destination)
    {
        Check(address, destination.Length);
        for (var room = PageSize - OffsetOf(address); destination.Length > room; room = PageSize)
        {
            ReadPage(address, destination[..room]);
            destination = destination[room..];
            address += (ulong)room;
        }

        ReadPage(address, destination);
    }

    /// <summary>Writes bytes.</summary>
    /// <param name="address">Host physical address of the first byte.</param>
    /// <param name="source">What to write.</param>
    /// <param name="requester">The function that writes; null for the CPU.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not all memory.</exception>
    public void Write(ulong address, ReadOnlySpan<byte> source, RoutingId? requester = null)
    {
        Check(address, source.Length);
        if (_poisoned.Count > 0) Cleanse(address, source.Length);
        if (Written.IsObserved) Written.Emit(_sim.Now, new MemoryWrite(requester, address, source.Length));
        while (source.Length > 0)
        {
            var offset = OffsetOf(address);
            var n = Math.Min(PageSize - offset, source.Length);
            source[..n].CopyTo(FindOrAdd(address).AsSpan(offset, n));
            source = source[n..];
            address += (ulong)n;
        }
    }

    /// <summary>Reads a little-endian value of 1, 2, 4 or 8 bytes.</summary>
    public ulong ReadValue(ulong address, int bytes)
    {
        Span<byte> raw = stackalloc byte[8];
        raw.Clear();
        Read(address, raw[..bytes]);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(raw);
    }

    /// <summary>Writes a little-endian value of 1, 2, 4 or 8 bytes.</summary>
    public void WriteValue(ulong address, ulong value, int bytes, RoutingId? requester = null)
    {
        Span<byte> raw = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(raw, value);
        Write(address, raw[..bytes], requester);
    }

    private void ReadPage(ulong address, Span<byte> destination)
    {
        if (Find(address) is { } page) page.AsSpan(OffsetOf(address), destination.Length).CopyTo(destination);
        else destination.Clear();
    }

    private static int OffsetOf(ulong address) => (int)(address & (PageSize - 1));

    private void Cleanse(ulong address, int bytes)
    {
        for (var line = address + LineMask & ~LineMask; line + LineMask < address + (ulong)bytes; line += LineMask + 1)
            _poisoned.Remove(line);
    }

    private void Check(ulong address, int bytes)
    {
        if (!Contains(address, bytes)) throw Outside(address, bytes);
    }

    private ArgumentOutOfRangeException Outside(ulong address, int bytes) => new(nameof(address),
        $"host memory ends at {Size:#x}: {bytes} bytes at {address:#x} are not all in it");

    private byte[]?[]? Chunk(ulong address)
    {
        var key = address >> ChunkShift;
        if (key == _lastKey) return _lastChunk;
        if (!_chunks.TryGetValue(key, out var chunk)) return null;
        (_lastKey, _lastChunk) = (key, chunk);
        return chunk;
    }

    private byte[]? Find(ulong address) => Chunk(address)?[(int)(address / PageSize) & (PagesPerChunk - 1)];

    private byte[] FindOrAdd(ulong address)
    {
        var chunk = Chunk(address);
        if (chunk is null) _chunks.Add(address >> ChunkShift, chunk = new byte[]?[PagesPerChunk]);
        return chunk[(int)(address / PageSize) & (PagesPerChunk - 1)] ??= new byte[PageSize];
    }
}
