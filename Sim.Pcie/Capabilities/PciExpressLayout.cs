using System.Numerics;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Capabilities;

// The registers of the PCI Express Capability by port type (§7.5.3, Figure 7-23).
public sealed partial class PciExpressCapability
{
    private const int Bytes = 0x3C;

    /// <summary>Places the capability and chains it.</summary>
    /// <param name="config">Where.</param>
    /// <param name="offset">DW-aligned, 40h to C0h.</param>
    /// <param name="options">What it announces.</param>
    public static PciExpressCapability Add(ConfigSpace config, int offset, PciExpressOptions options)
    {
        if (options.MaxPayloadSupported is < 128 or > 4096 || !BitOperations.IsPow2(options.MaxPayloadSupported))
            throw new ArgumentException($"{config.Name}: MPS of {options.MaxPayloadSupported} bytes is not 128 to 4096 (§7.5.3.3)");
        config.Place(offset, new("PCI Express Capability", Bytes,
            [.. Device(options), .. Link(options), .. Slot(options), .. Root(options)]));
        config.ChainCapability(CapabilityId.PciExpress, offset);
        return new(config, offset, options);
    }

    /// <summary>Places the capability of a VF: what software sets in its PF applies, and reads 0 here (§7.5.3: VF RsvdP, VF
    /// RsvdZ).</summary>
    /// <param name="config">The VF's space.</param>
    /// <param name="offset">DW-aligned, 40h to C0h.</param>
    /// <param name="physical">The PF's capability.</param>
    public static PciExpressCapability AddVirtual(ConfigSpace config, int offset, PciExpressCapability physical)
    {
        Add(config, offset, physical.Options);
        foreach (var register in (ReadOnlySpan<int>)[0x08, 0x10, 0x12, 0x28, 0x30, 0x32])
        {
            config.SetAccess(offset + register, 2, 0xFFFF, RO);
            config.Define(offset + register, 2, 0);
        }
        return new(config, offset, physical.Options, physical);
    }

    private static IEnumerable<RegisterSpec> Device(PciExpressOptions o)
    {
        var endpoint = o.PortType is PciePortType.Endpoint or PciePortType.LegacyEndpoint;
        var forwards = o.PortType is PciePortType.RootPort or PciePortType.UpstreamPort or PciePortType.DownstreamPort;
        var downstream = o.PortType is PciePortType.RootPort or PciePortType.DownstreamPort;
        var requester = o.PortType is not (PciePortType.UpstreamPort or PciePortType.DownstreamPort);
        var mps = (uint)BitOperations.Log2((uint)o.MaxPayloadSupported / 128);

        yield return new(0x02, 16, "PCI Express Capabilities", "§7.5.3.2",
            new(0, 4, "Capability Version", RO, 2),
            new(4, 4, "Device/Port Type", RO, (uint)o.PortType),
            new(8, 1, "Slot Implemented", HwInit, Flag(o.SlotImplemented)),
            new(9, 5, "Interrupt Message Number", RO, (uint)o.InterruptMessageNumber));
        yield return new(0x04, 32, "Device Capabilities", "§7.5.3.3",
            new(0, 3, "Max_Payload_Size Supported", RO, mps),
            new(5, 1, "Extended Tag Field Supported", RO, Flag(o.ExtendedTag)),
            new(6, 3, "Endpoint L0s Acceptable Latency", RO),
            new(9, 3, "Endpoint L1 Acceptable Latency", RO),
            new(15, 1, "Role-Based Error Reporting", RO, Flag(o.RoleBasedErrorReporting)),
            new(18, 8, "Captured Slot Power Limit Value", RO, SurvivesFlr: true),
            new(26, 2, "Captured Slot Power Limit Scale", RO, SurvivesFlr: true),
            new(28, 1, "Function Level Reset Capability", RO, Flag(endpoint && o.FunctionLevelReset)));
        yield return new(0x08, 16, "Device Control", "§7.5.3.4",
            new(0, 1, "Correctable Error Reporting Enable", RW),
            new(1, 1, "Non-Fatal Error Reporting Enable", RW),
            new(2, 1, "Fatal Error Reporting Enable", RW),
            new(3, 1, "Unsupported Request Reporting Enable", RW),
            new(4, 1, "Enable Relaxed Ordering", requester ? RW : RO, Flag(requester)),
            new(5, 3, "Max_Payload_Size", RW, SurvivesFlr: true),
            new(8, 1, "Extended Tag Field Enable", o.ExtendedTag && requester ? RW : RO, Flag(o.ExtendedTag && requester)),
            new(9, 1, "Phantom Functions Enable", RO),
            new(10, 1, "Aux Power PM Enable", RO),
            new(11, 1, "Enable No Snoop", requester ? RW : RO, Flag(requester)),
            new(12, 3, "Max_Read_Request_Size", requester ? RW : RO, requester ? 2u : 0),
            new(15, 1, "Initiate Function Level Reset", RO));
        yield return new(0x0A, 16, "Device Status", "§7.5.3.5",
            new(0, 1, "Correctable Error Detected", RW1C),
            new(1, 1, "Non-Fatal Error Detected", RW1C),
            new(2, 1, "Fatal Error Detected", RW1C),
            new(3, 1, "Unsupported Request Detected", RW1C),
            new(4, 1, "AUX Power Detected", RO),
            new(5, 1, "Transactions Pending", RO));
        yield return new(0x24, 32, "Device Capabilities 2", "§7.5.3.15",
            new(0, 4, "Completion Timeout Ranges Supported", HwInit, requester ? (uint)o.CompletionTimeoutRanges : 0),
            new(4, 1, "Completion Timeout Disable Supported", RO, Flag(requester && o.CompletionTimeoutDisable)),
            new(5, 1, "ARI Forwarding Supported", RO, Flag(downstream && o.AriForwarding)),
            new(6, 1, "AtomicOp Routing Supported", RO, Flag(forwards && o.AtomicOpRouting)),
            new(7, 3, "AtomicOp Completer Supported", RO, (uint)o.AtomicOpCompleter),
            new(11, 1, "LTR Mechanism Supported", RO, Flag(o.Ltr)),
            new(16, 1, "10-Bit Tag Completer Supported", HwInit, Flag(o.TenBitTagCompleter)),
            new(17, 1, "10-Bit Tag Requester Supported", HwInit, Flag(requester && o.TenBitTagRequester)),
            new(20, 1, "Extended Fmt Field Supported", RO, Flag(o.EndEndTlpPrefix)),
            new(21, 1, "End-End TLP Prefix Supported", HwInit, Flag(o.EndEndTlpPrefix)));
        yield return new(0x28, 16, "Device Control 2", "§7.5.3.16",
            new(0, 4, "Completion Timeout Value", requester && o.CompletionTimeoutRanges != 0 ? RW : RO),
            new(4, 1, "Completion Timeout Disable", requester && o.CompletionTimeoutDisable ? RW : RO),
            new(5, 1, "ARI Forwarding Enable", downstream && o.AriForwarding ? RW : RO),
            new(6, 1, "AtomicOp Requester Enable", requester ? RW : RO),
            new(7, 1, "AtomicOp Egress Blocking", forwards && o.AtomicOpRouting ? RW : RO),
            new(8, 1, "IDO Request Enable", requester ? RW : RO),
            new(9, 1, "IDO Completion Enable", requester ? RW : RO),
            new(10, 1, "LTR Mechanism Enable", o.Ltr ? RW : RO, SurvivesFlr: true),
            new(12, 1, "10-Bit Tag Requester Enable", requester && o.TenBitTagRequester ? RW : RO),
            new(15, 1, "End-End TLP Prefix Blocking", forwards && o.EndEndTlpPrefix ? RW : RO));
        yield return new(0x2A, 16, "Device Status 2", "§7.5.3.17");
    }

    private static IEnumerable<RegisterSpec> Link(PciExpressOptions o)
    {
        if (o.PortType is PciePortType.RootComplexIntegratedEndpoint or PciePortType.RootComplexEventCollector)
            yield break;
        var downstream = o.PortType is PciePortType.RootPort or PciePortType.DownstreamPort;
        var endpoint = o.PortType is PciePortType.Endpoint or PciePortType.LegacyEndpoint;
        var rcb128 = Flag(o.PortType == PciePortType.RootPort && o.ReadCompletionBoundary == 128);
        var speed = (uint)o.MaxLinkSpeed;

        yield return new(0x0C, 32, "Link Capabilities", "§7.5.3.6",
            new(0, 4, "Max Link Speed", RO, speed),
            new(4, 6, "Maximum Link Width", RO, (uint)o.MaxLinkWidth),
            new(10, 2, "ASPM Support", RO),
            new(12, 3, "L0s Exit Latency", RO),
            new(15, 3, "L1 Exit Latency", RO),
            new(18, 1, "Clock Power Management", RO),
            new(19, 1, "Surprise Down Error Reporting Capable", RO, Flag(downstream && o.SurpriseDownReporting)),
            new(20, 1, "Data Link Layer Link Active Reporting Capable", RO, Flag(downstream && o.LinkActiveReporting)),
            new(21, 1, "Link Bandwidth Notification Capability", RO, Flag(downstream)),
            new(22, 1, "ASPM Optionality Compliance", RO, 1),
            new(24, 8, "Port Number", HwInit, o.PortNumber));
        yield return new(0x10, 16, "Link Control", "§7.5.3.7",
            new(0, 2, "ASPM Control", RW, SurvivesFlr: true),
            new(3, 1, "Read Completion Boundary", endpoint ? RW : RO, rcb128, SurvivesFlr: true),
            new(4, 1, "Link Disable", downstream ? RW : RO),
            new(5, 1, "Retrain Link", RO),
            new(6, 1, "Common Clock Configuration", RW, SurvivesFlr: true),
            new(7, 1, "Extended Synch", RW, SurvivesFlr: true),
            new(8, 1, "Enable Clock Power Management", RO, SurvivesFlr: true),
            new(9, 1, "Hardware Autonomous Width Disable", RW, SurvivesFlr: true),
            new(10, 1, "Link Bandwidth Management Interrupt Enable", downstream ? RW : RO),
            new(11, 1, "Link Autonomous Bandwidth Interrupt Enable", downstream ? RW : RO));
        yield return new(0x12, 16, "Link Status", "§7.5.3.8",
            new(0, 4, "Current Link Speed", RO, SurvivesFlr: true),
            new(4, 6, "Negotiated Link Width", RO, SurvivesFlr: true),
            new(11, 1, "Link Training", RO),
            new(12, 1, "Slot Clock Configuration", HwInit, 1, SurvivesFlr: true),
            new(13, 1, "Data Link Layer Link Active", RO),
            new(14, 1, "Link Bandwidth Management Status", downstream ? RW1C : RO),
            new(15, 1, "Link Autonomous Bandwidth Status", downstream ? RW1C : RO));
        yield return new(0x2C, 32, "Link Capabilities 2", "§7.5.3.18",
            new(1, 7, "Supported Link Speeds Vector", HwInit, (1u << o.MaxLinkSpeed) - 1),
            new(8, 1, "Crosslink Supported", RO));
        yield return new(0x30, 16, "Link Control 2", "§7.5.3.19",
            new(0, 4, "Target Link Speed", RWS, speed, SurvivesFlr: true),
            new(4, 1, "Enter Compliance", RWS, SurvivesFlr: true),
            new(5, 1, "Hardware Autonomous Speed Disable", RWS, SurvivesFlr: true),
            new(6, 1, "Selectable De-emphasis", HwInit),
            new(7, 3, "Transmit Margin", RWS, SurvivesFlr: true),
            new(10, 1, "Enter Modified Compliance", RWS, SurvivesFlr: true),
            new(11, 1, "Compliance SOS", RWS, SurvivesFlr: true),
            new(12, 4, "Compliance Preset/De-emphasis", RWS, SurvivesFlr: true));
        yield return new(0x32, 16, "Link Status 2", "§7.5.3.20",
            new(0, 1, "Current De-emphasis Level", RO, SurvivesFlr: true),
            new(1, 1, "Equalization 8.0 GT/s Complete", ROS, SurvivesFlr: true),
            new(2, 1, "Equalization 8.0 GT/s Phase 1 Successful", ROS, SurvivesFlr: true),
            new(3, 1, "Equalization 8.0 GT/s Phase 2 Successful", ROS, SurvivesFlr: true),
            new(4, 1, "Equalization 8.0 GT/s Phase 3 Successful", ROS, SurvivesFlr: true),
            new(5, 1, "Link Equalization Request 8.0 GT/s", RW1CS, SurvivesFlr: true));
    }

    private static IEnumerable<RegisterSpec> Slot(PciExpressOptions o)
    {
        if (!o.SlotImplemented)
            yield break;
        yield return new(0x14, 32, "Slot Capabilities", "§7.5.3.9",
            new(0, 1, "Attention Button Present", HwInit),
            new(1, 1, "Power Controller Present", HwInit),
            new(5, 1, "Hot-Plug Surprise", HwInit, Flag(o.HotPlug)),
            new(6, 1, "Hot-Plug Capable", HwInit, Flag(o.HotPlug)),
            new(7, 8, "Slot Power Limit Value", HwInit, 75),
            new(15, 2, "Slot Power Limit Scale", HwInit),
            new(18, 1, "No Command Completed Support", HwInit, Flag(o.HotPlug)),
            new(19, 13, "Physical Slot Number", HwInit, (uint)o.SlotNumber));
        yield return new(0x18, 16, "Slot Control", "§7.5.3.10",
            new(3, 1, "Presence Detect Changed Enable", RW),
            new(5, 1, "Hot-Plug Interrupt Enable", o.HotPlug ? RW : RO),
            new(12, 1, "Data Link Layer State Changed Enable", o.LinkActiveReporting ? RW : RO));
        yield return new(0x1A, 16, "Slot Status", "§7.5.3.11",
            new(3, 1, "Presence Detect Changed", RW1C),
            new(6, 1, "Presence Detect State", RO, 1),
            new(8, 1, "Data Link Layer State Changed", RW1C));
    }

    private static IEnumerable<RegisterSpec> Root(PciExpressOptions o)
    {
        if (o.PortType is not (PciePortType.RootPort or PciePortType.RootComplexEventCollector))
            yield break;
        yield return new(0x1C, 16, "Root Control", "§7.5.3.12",
            new(0, 1, "System Error on Correctable Error Enable", RW),
            new(1, 1, "System Error on Non-Fatal Error Enable", RW),
            new(2, 1, "System Error on Fatal Error Enable", RW),
            new(3, 1, "PME Interrupt Enable", RW),
            new(4, 1, "Configuration RRS Software Visibility Enable", RW));
        yield return new(0x1E, 16, "Root Capabilities", "§7.5.3.13", new FieldSpec(0, 1, "Configuration RRS Software Visibility", RO, 1));
        yield return new(0x20, 32, "Root Status", "§7.5.3.14",
            new(0, 16, "PME Requester ID", RO),
            new(16, 1, "PME Status", RW1C),
            new(17, 1, "PME Pending", RO));
    }

    private static uint Flag(bool value) => value ? 1u : 0u;
}
