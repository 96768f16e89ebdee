using Sim.Pcie.Config;
using Sim.Pcie.Spec;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Capabilities;

/// <summary>Capabilities that only say something: serial number, vendor-specific structures, latency tolerance.</summary>
public static class IdentityCapabilities
{
    /// <summary>Device Serial Number (§7.9.3).</summary>
    public static void AddSerialNumber(ConfigSpace config, int offset, ulong serial)
    {
        config.Place(offset, new("Device Serial Number", 0x0C,
            RegisterSpec.Whole(0x04, 32, "Serial Number Lower DW", "§7.9.3.2", RO, (uint)serial),
            RegisterSpec.Whole(0x08, 32, "Serial Number Upper DW", "§7.9.3.2", RO, (uint)(serial >> 32))));
        config.ChainExtendedCapability(ExtendedCapabilityId.DeviceSerialNumber, 1, offset);
    }

    /// <summary>Vendor-Specific Extended Capability (§7.9.5), its body read-only 0.</summary>
    /// <param name="config">Where.</param>
    /// <param name="offset">100h or above.</param>
    /// <param name="id">VSEC ID.</param>
    /// <param name="revision">VSEC Rev.</param>
    /// <param name="length">VSEC Length with both headers: a multiple of 4, at least 8.</param>
    public static void AddVendorSpecific(ConfigSpace config, int offset, ushort id, int revision, int length)
    {
        config.Place(offset, new("Vendor-Specific", length,
            new RegisterSpec(0x04, 32, "Vendor-Specific Header", "§7.9.5.2",
                new(0, 16, "VSEC ID", RO, id), new(16, 4, "VSEC Rev", RO, (uint)revision), new(20, 12, "VSEC Length", RO, (uint)length))));
        config.ChainExtendedCapability(ExtendedCapabilityId.VendorSpecific, 1, offset);
    }

    /// <summary>Designated Vendor-Specific Extended Capability (§7.9.6); what is not said of its body is read-only 0.</summary>
    /// <param name="config">Where.</param>
    /// <param name="offset">100h or above.</param>
    /// <param name="vendor">DVSEC Vendor ID.</param>
    /// <param name="id">DVSEC ID.</param>
    /// <param name="revision">DVSEC Revision.</param>
    /// <param name="length">DVSEC Length with all headers: a multiple of 4, at least 12.</param>
    /// <param name="body">The vendor's registers, from 0Ah on.</param>
    public static void AddDesignatedVendorSpecific(
        ConfigSpace config, int offset, ushort vendor, ushort id, int revision, int length, params RegisterSpec[] body)
    {
        config.Place(offset, new("Designated Vendor-Specific", length,
        [
            new(0x04, 32, "Designated Vendor-Specific Header 1", "§7.9.6.2",
                new(0, 16, "DVSEC Vendor ID", RO, vendor), new(16, 4, "DVSEC Revision", RO, (uint)revision),
                new(20, 12, "DVSEC Length", RO, (uint)length)),
            RegisterSpec.Whole(0x08, 16, "Designated Vendor-Specific Header 2", "§7.9.6.3", RO, id),
            .. body,
        ]));
        config.ChainExtendedCapability(ExtendedCapabilityId.DesignatedVendorSpecific, 1, offset);
    }

    /// <summary>Vendor-Specific Capability in PCI-compatible space (§7.9.4), its body read-only 0.</summary>
    /// <param name="config">Where.</param>
    /// <param name="offset">40h or above.</param>
    /// <param name="length">Capability Length in bytes.</param>
    public static void AddVendorSpecificCapability(ConfigSpace config, int offset, int length)
    {
        config.Place(offset, new("Vendor-Specific Capability", length + 3 & ~3,
            RegisterSpec.Whole(0x02, 8, "Capability Length", "§7.9.4", RO, (uint)length)));
        config.ChainCapability(CapabilityId.VendorSpecific, offset);
    }

    /// <summary>Latency Tolerance Reporting (§7.8.2): Function 0 of an Upstream Port.</summary>
    public static void AddLatencyToleranceReporting(ConfigSpace config, int offset)
    {
        config.Place(offset, new("Latency Tolerance Reporting", 8,
            new(0x04, 16, "Max Snoop Latency", "§7.8.2.2",
                new(0, 10, "Max Snoop LatencyValue", RW, SurvivesFlr: true), new(10, 3, "Max Snoop LatencyScale", RW, SurvivesFlr: true)),
            new(0x06, 16, "Max No-Snoop Latency", "§7.8.2.3",
                new(0, 10, "Max No-Snoop LatencyValue", RW, SurvivesFlr: true),
                new(10, 3, "Max No-Snoop LatencyScale", RW, SurvivesFlr: true))));
        config.ChainExtendedCapability(ExtendedCapabilityId.LatencyToleranceReporting, 1, offset);
    }
}
