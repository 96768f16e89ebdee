namespace Sim.Vfio.Kernel;

/// <summary>How the kernel sets the IOMMU up.</summary>
public sealed record IommuPolicy
{
    /// <summary>Whether scalable mode is used where the hardware has it; dirty tracking needs it.</summary>
    public bool ScalableMode { get; init; } = true;

    /// <summary>Whether interrupts are remapped; requests in compatibility format are then blocked.</summary>
    public bool InterruptRemapping { get; init; } = true;

    /// <summary>Levels of second-stage tables, 3 or 4.</summary>
    public int Levels { get; init; } = 4;

    /// <summary>Whether an unmap waits for the invalidation of the IOTLB (strict); if not, translations linger until something else
    /// flushes.</summary>
    public bool Strict { get; init; } = true;

    /// <summary>Whether dirty bits that were cleared are flushed out of the IOTLB. A kernel that forgets it loses later writes.</summary>
    public bool FlushesDirty { get; init; } = true;
}
