namespace Sim.Iommu.Vtd;

/// <summary>What context (and PASID) entries say of a requester: what the context cache holds.</summary>
internal readonly record struct DomainInfo(
    ushort Domain, ulong Table, int Levels, bool PassThrough, bool AccessedDirty, bool FaultDisable, bool IsScalable);
