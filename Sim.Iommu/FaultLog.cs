using Sim.Core;

namespace Sim.Iommu;

/// <summary>The faults of one IOMMU: every one counted and emitted, the first <see cref="Capacity"/> kept.</summary>
public sealed class FaultLog
{
    /// <summary>How many records are kept; a hostile device may fault for ever.</summary>
    public const int Capacity = 4096;

    private readonly List<FaultRecord> _records = [];

    /// <summary>The records kept, oldest first.</summary>
    public IReadOnlyList<FaultRecord> Records => _records;

    /// <summary>All faults so far, kept or not.</summary>
    public long Count { get; private set; }

    /// <summary>Each fault as it happens; the kernel's fault handler listens here.</summary>
    public Probe<FaultRecord> Recorded { get; } = new();

    internal void Record(in FaultRecord fault)
    {
        Count++;
        if (_records.Count < Capacity) _records.Add(fault);
        if (Recorded.IsObserved) Recorded.Emit(fault.Time, fault);
    }
}
