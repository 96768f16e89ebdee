namespace Sim.Iommu;

/// <summary>An address space that requesters are attached to: a page table, or the host's own addresses unchanged (pass-through).</summary>
public sealed class Domain
{
    private Domain(string name, IoPageTable? pages) => (Name, Pages) = (name, pages);

    /// <summary>Who owns it, for messages.</summary>
    public string Name { get; }

    /// <summary>The translations; null in a pass-through domain.</summary>
    public IoPageTable? Pages { get; }

    /// <summary>Makes an empty domain: every access faults until something is mapped.</summary>
    public static Domain Create(string name) => new(name, new());

    /// <summary>Makes a domain in which every address is permitted and unchanged, as for devices the host drives itself.</summary>
    public static Domain PassThrough(string name) => new(name, null);

    /// <summary>Translates one access that stays within a 4 KiB page; allocates nothing.</summary>
    public FaultReason Translate(ulong iova, bool isWrite, out ulong address)
    {
        if (Pages is not null) return Pages.Translate(iova, isWrite, out address);
        address = iova;
        return FaultReason.None;
    }
}
