using Sim.Iommu;

namespace Sim.Vfio.Iommufd;

/// <summary>One mapping of a user.</summary>
/// <param name="Iova">Where it begins.</param>
/// <param name="Address">Host address behind it.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Permissions">What it permits.</param>
/// <param name="Buffer">The BAR behind it; null for memory.</param>
public sealed record MappedArea(ulong Iova, ulong Address, ulong Bytes, IoPermissions Permissions, VfioDmaBuf? Buffer)
{
    /// <summary>Whether the page tables hold it: not once its buffer was revoked.</summary>
    public bool IsPresent { get; internal set; } = true;

    internal bool Overlaps(ulong iova, ulong bytes) => iova < Iova + Bytes && Iova < iova + bytes;

    internal bool IsWithin(ulong iova, ulong bytes) => Iova >= iova && Iova + Bytes <= iova + bytes;
}

/// <summary>The mappings of one address space, in order.</summary>
internal sealed class AreaList
{
    private const ulong PageMask = 0xFFF;

    private readonly SortedList<ulong, MappedArea> _areas = [];

    public IEnumerable<MappedArea> All => _areas.Values;

    /// <summary>Whether a mapping could be made there.</summary>
    public Errno Check(ulong iova, ulong address, ulong bytes, IoPermissions permissions)
    {
        if (((iova | address | bytes) & PageMask) != 0 || bytes == 0 || permissions == IoPermissions.None) return Errno.EINVAL;
        if (iova + bytes < iova) return Errno.EOVERFLOW;
        return _areas.Values.Any(a => a.Overlaps(iova, bytes)) ? Errno.EEXIST : Errno.None;
    }

    public void Add(MappedArea area) => _areas.Add(area.Iova, area);

    /// <summary>Takes the mappings of a range out of the list; none where one is only partly in it.</summary>
    public (Errno Error, IReadOnlyList<MappedArea> Areas) Take(ulong iova, ulong bytes)
    {
        var areas = _areas.Values.Where(a => a.Overlaps(iova, bytes)).ToList();
        if (areas.Count == 0) return (Errno.ENOENT, areas);
        if (areas.Any(a => !a.IsWithin(iova, bytes))) return (Errno.EINVAL, []);
        foreach (var area in areas) _areas.Remove(area.Iova);
        return (Errno.None, areas);
    }
}
