using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Topology;

/// <summary>Configuration spaces of ports as current platforms lay them out.</summary>
internal static class FunctionTemplates
{
    private const uint PciToPciBridge = 0x060400;

    // Room of a DPC capability with its RP PIO registers.
    private const int DpcRoom = 0x60;

    // The empty vendor-specific structure of the PEX 8700 series.
    private const int SwitchStructure = 1;
    private const int SwitchStructureLength = 0x10;

    public static BridgeFunction RootPort(Simulator sim, string name, int device, RootPortOptions options)
    {
        var config = new ConfigSpace(name);
        var identity = new FunctionIdentity(options.VendorId, options.DeviceId, PciToPciBridge) { RevisionId = options.RevisionId };
        var header = Type1Header.Add(config, identity);
        var power = PowerManagementCapability.Add(config, 0x40);
        var msi = MsiCapability.Add(config, 0x50);
        var express = PciExpressCapability.Add(config, 0x70, new PciExpressOptions(PciePortType.RootPort)
        {
            MaxPayloadSupported = options.MaxPayloadSupported,
            ReadCompletionBoundary = options.ReadCompletionBoundary,
            PortNumber = (byte)device,
            MaxLinkSpeed = (int)options.MaxLinkSpeed,
            MaxLinkWidth = (int)options.MaxLinkWidth,
            ExtendedTag = options.ExtendedTag,
            RoleBasedErrorReporting = options.RoleBasedErrorReporting,
            SurpriseDownReporting = options.SurpriseDownReporting,
            LinkActiveReporting = options.LinkActiveReporting,
            CompletionTimeoutRanges = options.CompletionTimeoutRanges,
            CompletionTimeoutDisable = options.CompletionTimeoutDisable,
            AriForwarding = options.AriForwarding,
            AtomicOpRouting = options.AtomicOpRouting,
            AtomicOpCompleter = options.AtomicOpCompleter,
            Ltr = options.Ltr,
            EndEndTlpPrefix = options.EndEndTlpPrefix,
        });
        var extended = 0x100;
        AerCapability? aer = null;
        if (options.Aer)
        {
            var reporting = new AerOptions
            {
                Errors = AerOptions.PortErrors,
                RootRegisters = true,
                Ecrc = options.Ecrc,
                HeaderRecords = options.HeaderRecords,
            };
            aer = AerCapability.Add(config, extended, reporting);
            extended += 0x50;
        }

        AcsCapability? acs = null;
        if (options.Acs)
        {
            acs = AcsCapability.Add(config, extended, options.AcsSupported);
            extended += 0x10;
        }

        var containment = new DpcOptions { RootPortExtensions = options.DpcRootPortExtensions };
        var dpc = options.Dpc ? DpcCapability.Add(config, extended, containment) : null;
        LinkCapabilities.AddAll(config, extended + (dpc is null ? 0 : DpcRoom), express);
        return new BridgeFunction(sim, name, header, express, aer, acs, dpc, msi, power);
    }

    public static BridgeFunction SwitchPort(Simulator sim, string name, bool isUpstream, int index, SwitchOptions options)
    {
        var config = new ConfigSpace(name);
        var port = isUpstream ? options.Up : options.Down;
        var header = Type1Header.Add(config,
            new FunctionIdentity(port.VendorId, port.DeviceId, PciToPciBridge) { RevisionId = port.RevisionId });
        var power = PowerManagementCapability.Add(config, 0x40);
        var msi = MsiCapability.Add(config, 0x50);
        var express = PciExpressCapability.Add(
            config, 0x70, new PciExpressOptions(isUpstream ? PciePortType.UpstreamPort : PciePortType.DownstreamPort)
            {
                MaxPayloadSupported = port.MaxPayloadSupported ?? options.MaxPayloadSupported,
                PortNumber = (byte)(isUpstream ? 0 : index + 1),
                MaxLinkSpeed = (int)port.MaxLinkSpeed,
                MaxLinkWidth = (int)port.MaxLinkWidth,
                RoleBasedErrorReporting = port.RoleBasedErrorReporting,
                AtomicOpRouting = options.AtomicOpRouting,
                Ltr = options.Ltr,
                EndEndTlpPrefix = options.EndEndTlpPrefix,
            });
        var reporting = new AerOptions { Errors = AerOptions.PortErrors, HeaderRecords = options.HeaderRecords };
        var next = 0x100;
        AerCapability? aer = null;
        if (port.Aer)
        {
            aer = AerCapability.Add(config, next, reporting);
            next += 0x50;
        }

        var hasAcs = options.Acs && !isUpstream
            && !(index < options.PortNames.Count && options.PortsWithoutAcs.Contains(options.PortNames[index]));
        AcsCapability? acs = null;
        if (hasAcs)
        {
            acs = AcsCapability.Add(config, next, port.AcsSupported);
            next += 0x20;
        }

        DpcCapability? dpc = null;
        if (options.Dpc && !isUpstream)
        {
            dpc = DpcCapability.Add(config, next, new DpcOptions { PoisonedTlpEgressBlocking = true });
            next += DpcRoom;
        }

        next = LinkCapabilities.AddAll(config, next, express);
        IdentityCapabilities.AddSerialNumber(config, next, options.SerialNumber);
        next += 0x10;
        IdentityCapabilities.AddVendorSpecific(config, next, SwitchStructure, revision: 0, SwitchStructureLength);
        if (isUpstream && options.Ltr) IdentityCapabilities.AddLatencyToleranceReporting(config, next + SwitchStructureLength);
        return new BridgeFunction(sim, name, header, express, aer, acs, dpc, msi, power);
    }
}
