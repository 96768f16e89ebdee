using Sim.Pcie.Capabilities;
using Sim.Pcie.Links;

namespace Sim.Pcie.Topology;

/// <summary>What a Root Port announces.</summary>
public sealed record RootPortOptions
{
    /// <summary>Vendor ID shown in configuration space.</summary>
    public ushort VendorId { get; init; } = 0x8086;

    /// <summary>Device ID shown in configuration space.</summary>
    public ushort DeviceId { get; init; } = 0x347A;

    /// <summary>Revision ID shown in configuration space.</summary>
    public byte RevisionId { get; init; }

    /// <summary>Max Link Speed.</summary>
    public LinkSpeed MaxLinkSpeed { get; init; } = LinkSpeed.Gen6;

    /// <summary>Maximum Link Width.</summary>
    public LinkWidth MaxLinkWidth { get; init; } = LinkWidth.X16;

    /// <summary>Receive buffer.</summary>
    public FlowControlCredits Credits { get; init; } = FlowControlCredits.Typical;

    /// <summary>Max_Payload_Size Supported, in bytes.</summary>
    public int MaxPayloadSupported { get; init; } = 512;

    /// <summary>Read Completion Boundary, 64 or 128 bytes.</summary>
    public int ReadCompletionBoundary { get; init; } = 64;

    /// <summary>Extended Tag Field Supported.</summary>
    public bool ExtendedTag { get; init; } = true;

    /// <summary>Role-Based Error Reporting; false only for parts built to PCIe 1.0a.</summary>
    public bool RoleBasedErrorReporting { get; init; } = true;

    /// <summary>Surprise Down Error Reporting Capable.</summary>
    public bool SurpriseDownReporting { get; init; } = true;

    /// <summary>Data Link Layer Link Active Reporting Capable.</summary>
    public bool LinkActiveReporting { get; init; } = true;

    /// <summary>Completion Timeout Ranges Supported: bits A, B, C, D.</summary>
    public int CompletionTimeoutRanges { get; init; } = 0xF;

    /// <summary>Completion Timeout Disable Supported.</summary>
    public bool CompletionTimeoutDisable { get; init; } = true;

    /// <summary>ARI Forwarding Supported.</summary>
    public bool AriForwarding { get; init; } = true;

    /// <summary>AtomicOp Routing Supported: AtomicOps of peers leave by it.</summary>
    public bool AtomicOpRouting { get; init; } = true;

    /// <summary>AtomicOp Completer Supported, of host memory: bit 0 32-bit, bit 1 64-bit, bit 2 128-bit CAS.</summary>
    public int AtomicOpCompleter { get; init; } = 7;

    /// <summary>LTR Mechanism Supported.</summary>
    public bool Ltr { get; init; } = true;

    /// <summary>End-End TLP Prefix Supported.</summary>
    public bool EndEndTlpPrefix { get; init; } = true;

    /// <summary>Whether it has an Advanced Error Reporting capability.</summary>
    public bool Aer { get; init; } = true;

    /// <summary>ECRC Generation Capable and ECRC Check Capable, in its AER capability.</summary>
    public bool Ecrc { get; init; } = true;

    /// <summary>Headers that its AER capability can record; more than 1 makes Multiple Header Recording Capable.</summary>
    public int HeaderRecords { get; init; } = 1;

    /// <summary>Whether it has an ACS capability.</summary>
    public bool Acs { get; init; } = true;

    /// <summary>What its ACS capability implements. P2P Egress Control is not offered to a Root Port.</summary>
    public AcsFeatures AcsSupported { get; init; } = AcsFeatures.SourceValidation | AcsFeatures.TranslationBlocking
        | AcsFeatures.RequestRedirect | AcsFeatures.CompletionRedirect | AcsFeatures.UpstreamForwarding | AcsFeatures.DirectTranslated;

    /// <summary>Whether it has a Downstream Port Containment capability.</summary>
    public bool Dpc { get; init; } = true;

    /// <summary>RP Extensions for DPC, in its DPC capability.</summary>
    public bool DpcRootPortExtensions { get; init; } = true;
}
