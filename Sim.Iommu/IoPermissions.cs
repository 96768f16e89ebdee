namespace Sim.Iommu;

/// <summary>What a mapping permits, as bits 0 and 1 of a second-stage page table entry.</summary>
[Flags]
public enum IoPermissions
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Reads.</summary>
    Read = 1,

    /// <summary>Writes.</summary>
    Write = 2,

    /// <summary>Both.</summary>
    ReadWrite = Read | Write,
}
