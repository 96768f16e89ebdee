using Sim.Mlx5.Spec;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;

namespace Sim.Mlx5.Device;

/// <summary>What the configuration space of an adapter announces.</summary>
public sealed record Mlx5ConfigOptions
{
    /// <summary>Device ID of the PF. Default ConnectX-7.</summary>
    public ushort DeviceId { get; init; } = 0x1021;

    /// <summary>Device ID of the VFs. Default "ConnectX Family mlx5Gen Virtual Function".</summary>
    public ushort VirtualDeviceId { get; init; } = 0x101E;

    /// <summary>TotalVFs.</summary>
    public int TotalVfs { get; init; } = 8;

    /// <summary>First VF Offset.</summary>
    public int FirstVfOffset { get; init; } = 2;

    /// <summary>Max_Payload_Size Supported in bytes.</summary>
    public int MaxPayloadSupported { get; init; } = 512;

    /// <summary>Whether the VFs have an AER capability of their own. Real ones have none.</summary>
    public bool VirtualAer { get; init; }

    /// <summary>Whose AER registers decide for a VF without AER.</summary>
    public VfErrorPolicy VfErrors { get; init; }
}

/// <summary>Configuration spaces laid out as lspci shows them for real adapters: a PF with everything, a VF with next to nothing.</summary>
public static class Mlx5Templates
{
    private const ushort Mellanox = 0x15B3;
    private const uint EthernetController = 0x020000;
    private const int Lanes = 16;

    // Bits that the adapters have: no internal errors and no Header Log Overflow, but a severity bit for Surprise Down.
    private static readonly AerOptions Aer = new()
    {
        Version = 1,
        Errors =
        [
            .. AerOptions.EndpointErrors.Where(e => e is not (PcieError.CorrectedInternal or PcieError.HeaderLogOverflow
                or PcieError.UncorrectableInternal)),
            PcieError.SurpriseDown,
        ],
    };

    /// <summary>
    /// A PF: PM 40h, PCI Express 60h, MSI-X 9Ch, vendor-specific C0h; AER 100h, ARI 150h, SR-IOV 180h, Secondary PCI Express 1C0h, ACS
    /// 230h, Physical Layer 16.0 GT/s 370h and 32.0 GT/s 3B0h, Data Link Feature 420h.
    /// </summary>
    public static EndpointConfig PhysicalFunction(string name, Mlx5ConfigOptions? options = null)
    {
        var o = options ?? new Mlx5ConfigOptions();
        var config = new ConfigSpace(name);
        var header = Type0Header.Add(
            config, Identity(o), new BarSpec(BarLayout.Bar, BarKind.Memory64Prefetchable, BarLayout.PhysicalFunctionSize));
        var power = PowerManagementCapability.Add(config, 0x40);
        var express = PciExpressCapability.Add(config, 0x60, new PciExpressOptions(PciePortType.Endpoint)
        {
            MaxPayloadSupported = o.MaxPayloadSupported,
            FunctionLevelReset = true,
            TenBitTagRequester = true,
            CompletionTimeoutRanges = 0x7,
            MaxLinkSpeed = (int)Pcie.Links.LinkSpeed.Gen5,
            MaxLinkWidth = Lanes,
        });
        var msix = Msix(config, BarLayout.PhysicalFunctionVectors);
        IdentityCapabilities.AddVendorSpecificCapability(config, 0xC0, 0x18);
        var aer = AerCapability.Add(config, 0x100, Aer);
        MaskUnsupportedRequest(config, aer);
        AriCapability.Add(config, 0x150, nextFunction: 0);
        var sriov = SriovCapability.Add(config, 0x180, new SriovOptions
        {
            TotalVfs = o.TotalVfs,
            FirstVfOffset = o.FirstVfOffset,
            VfStride = 1,
            VfDeviceId = o.VirtualDeviceId,
            SupportedPageSizes = 0x7FF,
            VfBars = [new BarSpec(BarLayout.Bar, BarKind.Memory64Prefetchable, BarLayout.VirtualFunctionSize)],
        });
        LinkCapabilities.AddSecondaryPciExpress(config, 0x1C0, Lanes, isDownstreamPort: false);
        AcsCapability.Add(config, 0x230, AcsFeatures.None);
        LinkCapabilities.AddPhysicalLayer16(config, 0x370, Lanes);
        LinkCapabilities.AddPhysicalLayer32(config, 0x3B0, Lanes);
        LinkCapabilities.AddDataLinkFeature(config, 0x420);
        return new EndpointConfig(config, header, express) { Aer = aer, Msix = msix, Power = power, Sriov = sriov };
    }

    /// <summary>
    /// A VF: PCI Express 60h, MSI-X 9Ch; a vendor-specific capability at 100h, ARI 150h. No AER unless asked for, no ACS, no PM.
    /// </summary>
    public static EndpointConfig VirtualFunction(string name, EndpointFunction pf, int index, Mlx5ConfigOptions? options = null)
    {
        var o = options ?? new Mlx5ConfigOptions();
        var config = new ConfigSpace(name);
        var header = Type0Header.AddVirtual(config, Identity(o));
        var express = PciExpressCapability.AddVirtual(config, 0x60, pf.Express);
        var msix = Msix(config, BarLayout.VirtualFunctionVectors);
        AerCapability? aer = null;
        if (o.VirtualAer) aer = AerCapability.Add(config, 0x100, new AerOptions { VirtualFunction = true });
        else AddVendorSpecific(config, 0x100);
        AriCapability.Add(config, 0x150, nextFunction: 0);
        return new EndpointConfig(config, header, express)
        {
            Aer = aer,
            Msix = msix,
            PhysicalFunction = pf,
            VfIndex = index,
            VfErrors = o.VfErrors,
        };
    }

    /// <summary>
    /// Firmware masks Unsupported Request in the PF, and the First Error Pointer names a bit that no error has. An implementation that lets
    /// the PF's AER speak for its VFs is silent about theirs, too (<see cref="Mlx5ConfigOptions.VfErrors"/>).
    /// </summary>
    private static void MaskUnsupportedRequest(ConfigSpace config, AerCapability aer)
    {
        config.DefineBits(aer.UncorrectableMask, 4, 1u << 20, 1u << 20);
        config.DefineBits(aer.Control, 4, 0x1F, 8);
    }

    private static FunctionIdentity Identity(Mlx5ConfigOptions o) => new(Mellanox, o.DeviceId, EthernetController);

    private static MsixCapability Msix(ConfigSpace config, int vectors) =>
        MsixCapability.Add(config, 0x9C, vectors, BarLayout.Bar, BarLayout.MsixTable, BarLayout.MsixPending);

    /// <summary>The empty vendor-specific capability that a real VF begins with (§7.9.5): ID 0, revision 0, 12 bytes.</summary>
    private static void AddVendorSpecific(ConfigSpace config, int offset)
    {
        const uint idRevisionLength = 0x00C0_0000;
        config.Place(offset, new RegisterLayout(
            "VSEC", 12, RegisterSpec.Whole(0x04, 32, "Vendor-Specific Header", "§7.9.5.2", RegisterAccess.RO, idRevisionLength)));
        config.ChainExtendedCapability(0x000B, 1, offset);
    }
}
