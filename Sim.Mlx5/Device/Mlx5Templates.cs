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

    /// <summary>A PF: PM 40h, PCI Express 60h, MSI-X 9Ch; AER 100h, ARI 150h, SR-IOV 180h, ACS 230h.</summary>
    public static EndpointConfig PhysicalFunction(string name, Mlx5ConfigOptions? options = null)
    {
        var o = options ?? new Mlx5ConfigOptions();
        var config = new ConfigSpace(name);
        var header = Type0Header.Add(
            config, Identity(o), new BarSpec(BarLayout.Bar, BarKind.Memory64Prefetchable, BarLayout.PhysicalFunctionSize));
        PowerManagementCapability.Add(config, 0x40);
        var express = PciExpressCapability.Add(config, 0x60, new PciExpressOptions(PciePortType.Endpoint)
        {
            MaxPayloadSupported = o.MaxPayloadSupported,
            FunctionLevelReset = true,
            TenBitTagRequester = true,
            CompletionTimeoutRanges = 0x7,
            MaxLinkSpeed = (int)Pcie.Links.LinkSpeed.Gen5,
            MaxLinkWidth = 16,
        });
        var msix = Msix(config, BarLayout.PhysicalFunctionVectors);
        var aer = AerCapability.Add(config, 0x100, new AerOptions());
        AriCapability.Add(config, 0x150, nextFunction: 0);
        var sriov = SriovCapability.Add(config, 0x180, new SriovOptions
        {
            TotalVfs = o.TotalVfs,
            FirstVfOffset = o.FirstVfOffset,
            VfStride = 1,
            VfDeviceId = o.VirtualDeviceId,
            VfBars = [new BarSpec(BarLayout.Bar, BarKind.Memory64Prefetchable, BarLayout.VirtualFunctionSize)],
        });
        AcsCapability.Add(config, 0x230, AcsFeatures.None);
        return new EndpointConfig(config, header, express) { Aer = aer, Msix = msix, Sriov = sriov };
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
