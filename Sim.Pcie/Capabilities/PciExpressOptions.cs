using Sim.Pcie.Spec;

namespace Sim.Pcie.Capabilities;

/// <summary>What a Function's PCI Express Capability announces. Defaults describe a current Gen4 x16 part.</summary>
/// <param name="PortType">Device/Port Type; it decides which registers exist.</param>
public sealed record PciExpressOptions(PciePortType PortType)
{
    /// <summary>Max_Payload_Size Supported in bytes: 128 to 4096.</summary>
    public int MaxPayloadSupported { get; init; } = 512;

    /// <summary>Max Link Speed: 1 = 2.5 GT/s to 6 = 64 GT/s.</summary>
    public int MaxLinkSpeed { get; init; } = 4;

    /// <summary>Maximum Link Width in lanes.</summary>
    public int MaxLinkWidth { get; init; } = 16;

    /// <summary>Port Number.</summary>
    public byte PortNumber { get; init; }

    /// <summary>Extended Tag Field Supported (8-bit tags).</summary>
    public bool ExtendedTag { get; init; } = true;

    /// <summary>Role-Based Error Reporting; false only for parts built to PCIe 1.0a.</summary>
    public bool RoleBasedErrorReporting { get; init; } = true;

    /// <summary>Function Level Reset Capability; Endpoints only.</summary>
    public bool FunctionLevelReset { get; init; }

    /// <summary>Root Port or Downstream Port that leads to a slot.</summary>
    public bool SlotImplemented { get; init; }

    /// <summary>Physical Slot Number.</summary>
    public int SlotNumber { get; init; }

    /// <summary>Slot Hot-Plug Capable.</summary>
    public bool HotPlug { get; init; }

    /// <summary>Data Link Layer Link Active Reporting Capable; Downstream Ports.</summary>
    public bool LinkActiveReporting { get; init; } = true;

    /// <summary>Surprise Down Error Reporting Capable; Downstream Ports.</summary>
    public bool SurpriseDownReporting { get; init; } = true;

    /// <summary>Completion Timeout Ranges Supported: bits A, B, C, D.</summary>
    public int CompletionTimeoutRanges { get; init; } = 0xF;

    /// <summary>Completion Timeout Disable Supported.</summary>
    public bool CompletionTimeoutDisable { get; init; } = true;

    /// <summary>ARI Forwarding Supported; Root Ports and Switch Downstream Ports.</summary>
    public bool AriForwarding { get; init; } = true;

    /// <summary>AtomicOp Routing Supported; Switch and Root Ports.</summary>
    public bool AtomicOpRouting { get; init; }

    /// <summary>AtomicOp Completer Supported: bit 0 32-bit, bit 1 64-bit, bit 2 128-bit CAS.</summary>
    public int AtomicOpCompleter { get; init; }

    /// <summary>LTR Mechanism Supported.</summary>
    public bool Ltr { get; init; }

    /// <summary>10-Bit Tag Completer Supported.</summary>
    public bool TenBitTagCompleter { get; init; } = true;

    /// <summary>10-Bit Tag Requester Supported.</summary>
    public bool TenBitTagRequester { get; init; }

    /// <summary>End-End TLP Prefix Supported.</summary>
    public bool EndEndTlpPrefix { get; init; }

    /// <summary>Read Completion Boundary of a Root Port: 64 or 128 bytes.</summary>
    public int ReadCompletionBoundary { get; init; } = 64;

    /// <summary>Interrupt Message Number of hot-plug and PME.</summary>
    public int InterruptMessageNumber { get; init; }
}
