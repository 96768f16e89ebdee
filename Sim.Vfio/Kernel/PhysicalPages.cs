using Sim.Pcie.Topology;

namespace Sim.Vfio.Kernel;

/// <summary>The kernel's own pages: zeroed 4 KiB pages of host memory, from its end downwards.</summary>
/// <param name="memory">The host's memory.</param>
public sealed class PhysicalPages(HostMemory memory)
{
    private readonly Stack<ulong> _free = new();
    private readonly byte[] _zeroes = new byte[HostMemory.PageSize];
    private ulong _lowest = memory.Size & ~(ulong)(HostMemory.PageSize - 1);

    /// <summary>Pages in use.</summary>
    public int InUse { get; private set; }

    /// <summary>Takes a page.</summary>
    /// <returns>Its host physical address.</returns>
    public ulong Allocate()
    {
        InUse++;
        if (!_free.TryPop(out var page)) return _lowest -= HostMemory.PageSize;
        memory.Write(page, _zeroes);
        return page;
    }

    /// <summary>Takes contiguous pages, never to be given back.</summary>
    public ulong AllocateRange(int pages)
    {
        InUse += pages;
        return _lowest -= (ulong)pages * HostMemory.PageSize;
    }

    /// <summary>Gives a page back.</summary>
    public void Free(ulong page)
    {
        InUse--;
        _free.Push(page);
    }
}
