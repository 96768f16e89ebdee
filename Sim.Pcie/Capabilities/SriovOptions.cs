namespace Sim.Pcie.Capabilities;

/// <summary>Where VFs lie up to a NumVFs.</summary>
/// <param name="MaxVfs">Greatest NumVFs it is for.</param>
/// <param name="FirstVfOffset">First VF Offset.</param>
/// <param name="VfStride">VF Stride.</param>
public sealed record VfLayout(int MaxVfs, int FirstVfOffset, int VfStride);

/// <summary>What a PF's SR-IOV Capability announces (§9.3.3).</summary>
public sealed record SriovOptions
{
    /// <summary>TotalVFs; InitialVFs is the same, as VF migration is gone from the specification.</summary>
    public required int TotalVfs { get; init; }

    /// <summary>First VF Offset: Routing ID distance from the PF to its first VF.</summary>
    public int FirstVfOffset { get; init; } = 1;

    /// <summary>VF Stride: Routing ID distance from one VF to the next.</summary>
    public int VfStride { get; init; } = 1;

    /// <summary>First VF Offset while ARI Capable Hierarchy is clear, if it differs.</summary>
    public int? FirstVfOffsetWithoutAri { get; init; }

    /// <summary>VF Stride while ARI Capable Hierarchy is clear, if it differs.</summary>
    public int? VfStrideWithoutAri { get; init; }

    /// <summary>Layouts by NumVFs, where First VF Offset and VF Stride depend on it (§9.3.3.9): the first that holds so many VFs applies,
    /// and past the last the ones above.</summary>
    public IReadOnlyList<VfLayout> Layouts { get; init; } = [];

    /// <summary>VF Device ID.</summary>
    public required ushort VfDeviceId { get; init; }

    /// <summary>Function Dependency Link: the PF's own Function Number where there is no dependency.</summary>
    public byte FunctionDependencyLink { get; init; }

    /// <summary>Supported Page Sizes: bit n is 2^(n+12) bytes. 4 KiB to 4 MiB are required (§9.3.3.12).</summary>
    public uint SupportedPageSizes { get; init; } = 0x553;

    /// <summary>True in the lowest-numbered PF of the device, whose ARI Capable Hierarchy bit is writable.</summary>
    public bool LowestNumberedPf { get; init; } = true;

    /// <summary>VF 10-Bit Tag Requester Supported.</summary>
    public bool TenBitTagRequester { get; init; }

    /// <summary>VF BARs: the size is one VF's share, at least the System Page Size.</summary>
    public IReadOnlyList<BarSpec> VfBars { get; init; } = [];
}
