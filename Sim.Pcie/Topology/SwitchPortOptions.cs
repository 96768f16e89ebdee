using Sim.Pcie.Capabilities;
using Sim.Pcie.Links;

namespace Sim.Pcie.Topology;

/// <summary>What a port of a switch announces.</summary>
public sealed record SwitchPortOptions
{
    /// <summary>Vendor ID shown in configuration space.</summary>
    public ushort VendorId { get; init; } = SwitchOptions.VendorId;

    /// <summary>Device ID shown in configuration space.</summary>
    public ushort DeviceId { get; init; } = SwitchOptions.DeviceId;

    /// <summary>Revision ID shown in configuration space.</summary>
    public byte RevisionId { get; init; }

    /// <summary>Max Link Speed.</summary>
    public LinkSpeed MaxLinkSpeed { get; init; } = LinkSpeed.Gen6;

    /// <summary>Maximum Link Width.</summary>
    public LinkWidth MaxLinkWidth { get; init; } = LinkWidth.X16;

    /// <summary>Max_Payload_Size Supported, in bytes; null for what the switch has.</summary>
    public int? MaxPayloadSupported { get; init; }

    /// <summary>Role-Based Error Reporting; false only for parts built to PCIe 1.0a.</summary>
    public bool RoleBasedErrorReporting { get; init; } = true;

    /// <summary>Whether it has an Advanced Error Reporting capability.</summary>
    public bool Aer { get; init; } = true;

    /// <summary>What its ACS capability implements, if it has one; Downstream Ports only.</summary>
    public AcsFeatures AcsSupported { get; init; } = AcsFeatures.SourceValidation | AcsFeatures.TranslationBlocking
        | AcsFeatures.RequestRedirect | AcsFeatures.CompletionRedirect | AcsFeatures.UpstreamForwarding | AcsFeatures.EgressControl
        | AcsFeatures.DirectTranslated;
}
