using Sim.Pcie.Topology;

namespace Sim.Vfio.Virtualization;

/// <summary>The memory of a guest: a range of host memory seen from guest physical address 0, with the pages its vCPUs wrote.</summary>
public sealed class GuestMemory
{
    /// <summary>Bytes of a page.</summary>
    public const int PageBytes = HostMemory.PageSize;

    private readonly HostMemory _host;
    private readonly SortedSet<ulong> _dirty = [];

    /// <summary>Takes a range of host memory for a guest.</summary>
    /// <param name="host">The host's memory.</param>
    /// <param name="hostBase">Where the range begins; page-aligned.</param>
    /// <param name="bytes">Its length; whole pages.</param>
    /// <exception cref="ArgumentException">Not whole pages, or not all memory.</exception>
    public GuestMemory(HostMemory host, ulong hostBase, ulong bytes)
    {
        if ((hostBase | bytes) % PageBytes != 0 || bytes == 0) throw new ArgumentException("Guest memory is whole pages.", nameof(bytes));
        if (hostBase + bytes > host.Size) throw new ArgumentException($"Host memory ends at {host.Size:x}.", nameof(hostBase));
        (_host, HostBase, Bytes) = (host, hostBase, bytes);
    }

    /// <summary>Host physical address of guest physical address 0.</summary>
    public ulong HostBase { get; }

    /// <summary>Length.</summary>
    public ulong Bytes { get; }

    /// <summary>Reads as the guest's CPU does.</summary>
    public void Read(ulong address, Span<byte> destination) => _host.Read(Check(address, destination.Length), destination);

    /// <summary>Writes as the guest's CPU does; marks the pages dirty.</summary>
    public void Write(ulong address, ReadOnlySpan<byte> source)
    {
        _host.Write(Check(address, source.Length), source);
        for (var page = address / PageBytes; page <= (address + (ulong)source.Length - 1) / PageBytes; page++) _dirty.Add(page * PageBytes);
    }

    /// <summary>Reads a little-endian value of 1, 2, 4 or 8 bytes.</summary>
    public ulong ReadValue(ulong address, int bytes) => _host.ReadValue(Check(address, bytes), bytes);

    /// <summary>Writes a little-endian value of 1, 2, 4 or 8 bytes.</summary>
    public void WriteValue(ulong address, ulong value, int bytes)
    {
        Span<byte> raw = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(raw, value);
        Write(address, raw[..bytes]);
    }

    /// <summary>A copy of the page at a guest physical address.</summary>
    public byte[] CopyPage(ulong address)
    {
        var page = new byte[PageBytes];
        Read(address, page);
        return page;
    }

    /// <summary>Replaces a page, as the incoming side of a migration does: not a write of the guest.</summary>
    public void LoadPage(ulong address, ReadOnlySpan<byte> page) => _host.Write(Check(address, page.Length), page);

    /// <summary>Guest physical addresses of the pages that are not all zero, in order.</summary>
    public IEnumerable<ulong> PopulatedPages()
    {
        for (ulong address = 0; address < Bytes; address += PageBytes)
            if (_host.IsPopulated(HostBase + address)) yield return address;
    }

    /// <summary>Adds the pages that vCPUs wrote since the last call to <paramref name="pages"/> and forgets them.</summary>
    internal void TakeDirty(ISet<ulong> pages)
    {
        pages.UnionWith(_dirty);
        _dirty.Clear();
    }

    private ulong Check(ulong address, int bytes) => address + (ulong)bytes <= Bytes
        ? HostBase + address
        : throw new ArgumentOutOfRangeException(
            nameof(address), $"Guest memory ends at {Bytes:x}: {bytes} bytes at {address:x} are not all in it.");
}
