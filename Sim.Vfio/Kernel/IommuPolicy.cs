namespace Sim.Vfio.Kernel;

/// <summary>What the kernel does with Access Control Services at boot, where there is an IOMMU.</summary>
public enum AcsPolicy
{
    /// <summary>Enables Source Validation, P2P Request and Completion Redirect and Upstream Forwarding wherever they are implemented: what
    /// Linux does.</summary>
    Isolate,

    /// <summary>As with pci=disable_acs_redir for every device: no redirect and no Egress Control.</summary>
    NoRedirect,

    /// <summary>Leaves the registers alone.</summary>
    AsFound,
}

/// <summary>How the kernel sets the IOMMU up.</summary>
public sealed record IommuPolicy
{
    /// <summary>Whether scalable mode is used where the hardware has it; dirty tracking needs it.</summary>
    public bool ScalableMode { get; init; } = true;

    /// <summary>Whether interrupts are remapped; requests in compatibility format are then blocked.</summary>
    public bool InterruptRemapping { get; init; } = true;

    /// <summary>What becomes of ACS at boot.</summary>
    public AcsPolicy Acs { get; init; }

    /// <summary>Levels of second-stage tables, 3 or 4.</summary>
    public int Levels { get; init; } = 4;

    /// <summary>Whether an unmap waits for the invalidation of the IOTLB (strict); if not, translations linger until something else
    /// flushes.</summary>
    public bool Strict { get; init; } = true;

    /// <summary>Whether dirty bits that were cleared are flushed out of the IOTLB. A kernel that forgets it loses later writes.</summary>
    public bool FlushesDirty { get; init; } = true;
}
