using Sim.Pcie.Links;

namespace Sim.Pcie.Topology;

/// <summary>What a Root Port announces.</summary>
public sealed record RootPortOptions
{
    /// <summary>Vendor ID shown in configuration space.</summary>
    public ushort VendorId { get; init; } = 0x8086;

    /// <summary>Device ID shown in configuration space.</summary>
    public ushort DeviceId { get; init; } = 0x347A;

    /// <summary>Receive buffer.</summary>
    public FlowControlCredits Credits { get; init; } = FlowControlCredits.Typical;

    /// <summary>Max_Payload_Size Supported, in bytes.</summary>
    public int MaxPayloadSupported { get; init; } = 512;

    /// <summary>Read Completion Boundary, 64 or 128 bytes.</summary>
    public int ReadCompletionBoundary { get; init; } = 64;

    /// <summary>Whether it has an Advanced Error Reporting capability.</summary>
    public bool Aer { get; init; } = true;

    /// <summary>Whether it has an ACS capability.</summary>
    public bool Acs { get; init; } = true;

    /// <summary>Whether it has a Downstream Port Containment capability.</summary>
    public bool Dpc { get; init; } = true;
}
