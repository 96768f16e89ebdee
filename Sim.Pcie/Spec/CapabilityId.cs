namespace Sim.Pcie.Spec;

/// <summary>Capability IDs of the PCI-compatible list that the model knows (§7.5.1.1.11, PCI Code and ID Assignment).</summary>
public static class CapabilityId
{
    /// <summary>PCI Power Management.</summary>
    public const byte PowerManagement = 0x01;

    /// <summary>Message Signaled Interrupts.</summary>
    public const byte Msi = 0x05;

    /// <summary>Vendor-Specific.</summary>
    public const byte VendorSpecific = 0x09;

    /// <summary>PCI Express.</summary>
    public const byte PciExpress = 0x10;

    /// <summary>MSI-X.</summary>
    public const byte Msix = 0x11;
}

/// <summary>Extended capability IDs that the model knows (§7.6.3).</summary>
public static class ExtendedCapabilityId
{
    /// <summary>Advanced Error Reporting (§7.8.4).</summary>
    public const ushort AdvancedErrorReporting = 0x0001;

    /// <summary>Device Serial Number (§7.9.3).</summary>
    public const ushort DeviceSerialNumber = 0x0003;

    /// <summary>Vendor-Specific Extended Capability (§7.9.5).</summary>
    public const ushort VendorSpecific = 0x000B;

    /// <summary>Access Control Services (§7.7.11).</summary>
    public const ushort AccessControlServices = 0x000D;

    /// <summary>Alternative Routing-ID Interpretation (§7.8.8).</summary>
    public const ushort AlternativeRoutingId = 0x000E;

    /// <summary>Single Root I/O Virtualization (§9.3.3).</summary>
    public const ushort SingleRootIov = 0x0010;

    /// <summary>Resizable BAR (§7.8.6).</summary>
    public const ushort ResizableBar = 0x0015;

    /// <summary>Latency Tolerance Reporting (§7.8.2).</summary>
    public const ushort LatencyToleranceReporting = 0x0018;

    /// <summary>Secondary PCI Express (§7.7.3).</summary>
    public const ushort SecondaryPciExpress = 0x0019;

    /// <summary>Downstream Port Containment (§7.9.14).</summary>
    public const ushort DownstreamPortContainment = 0x001D;

    /// <summary>Designated Vendor-Specific Extended Capability (§7.9.6).</summary>
    public const ushort DesignatedVendorSpecific = 0x0023;

    /// <summary>Data Link Feature (§7.7.4).</summary>
    public const ushort DataLinkFeature = 0x0025;

    /// <summary>Physical Layer 16.0 GT/s (§7.7.5).</summary>
    public const ushort PhysicalLayer16 = 0x0026;

    /// <summary>Physical Layer 32.0 GT/s (§7.7.6).</summary>
    public const ushort PhysicalLayer32 = 0x002A;
}
