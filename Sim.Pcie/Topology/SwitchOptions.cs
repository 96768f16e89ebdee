using Sim.Core;
using Sim.Pcie.Links;

namespace Sim.Pcie.Topology;

/// <summary>What a switch costs.</summary>
public sealed record SwitchOptions
{
    /// <summary>From the last symbol of a TLP at the ingress port to the first at the egress port, if that is free. Default 100
    /// ns.</summary>
    public SimDuration Latency { get; init; } = SimDuration.FromNanoseconds(100);

    /// <summary>Receive buffer of each port.</summary>
    public FlowControlCredits Credits { get; init; } = FlowControlCredits.Typical;

    /// <summary>Max_Payload_Size Supported, in bytes.</summary>
    public int MaxPayloadSupported { get; init; } = 512;

    /// <summary>Vendor ID of every port.</summary>
    public const ushort VendorId = 0x10B5;

    /// <summary>Device ID of every port.</summary>
    public const ushort DeviceId = 0x8734;

    /// <summary>The upstream port.</summary>
    public SwitchPortOptions Up { get; init; } = new();

    /// <summary>Every downstream port.</summary>
    public SwitchPortOptions Down { get; init; } = new();

    /// <summary>Names of the downstream ports below the switch's own, in order; p0, p1 and so on for those that have none.</summary>
    public IReadOnlyList<string> PortNames { get; init; } = [];

    /// <summary>Headers that the AER capability of each port can record; more than 1 makes Multiple Header Recording Capable.</summary>
    public int HeaderRecords { get; init; } = 1;

    /// <summary>Whether downstream ports have a Downstream Port Containment capability.</summary>
    public bool Dpc { get; init; } = true;

    /// <summary>Whether downstream ports have an ACS capability.</summary>
    public bool Acs { get; init; } = true;

    /// <summary>Downstream ports that have none all the same, by their <see cref="PortNames"/>.</summary>
    public IReadOnlyList<string> PortsWithoutAcs { get; init; } = [];

    /// <summary>AtomicOp Routing Supported.</summary>
    public bool AtomicOpRouting { get; init; } = true;

    /// <summary>LTR Mechanism Supported.</summary>
    public bool Ltr { get; init; } = true;

    /// <summary>Device Serial Number of every port (§7.9.3).</summary>
    public ulong SerialNumber { get; init; } = 0xCA87_0010_B5DF_0E00;

    /// <summary>End-End TLP Prefix Supported.</summary>
    public bool EndEndTlpPrefix { get; init; } = true;
}
