using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Endpoints;

/// <summary>What a simple PF or VF announces.</summary>
public sealed record EndpointOptions
{
    /// <summary>Identity registers of the PF.</summary>
    public required FunctionIdentity Identity { get; init; }

    /// <summary>Device ID of its VFs.</summary>
    public ushort VirtualDeviceId { get; init; }

    /// <summary>Size of BAR0, 64-bit prefetchable, of the PF and of each VF, in bytes.</summary>
    public ulong BarSize { get; init; } = 0x8000;

    /// <summary>TotalVFs; zero for no SR-IOV.</summary>
    public int TotalVfs { get; init; }

    /// <summary>First VF Offset: VFs are the functions from here on.</summary>
    public int FirstVfOffset { get; init; } = 2;

    /// <summary>MSI-X vectors of each function.</summary>
    public int Vectors { get; init; } = 2;

    /// <summary>Offset of the MSI-X table in BAR0.</summary>
    public int MsixTableOffset { get; init; } = 0x2000;

    /// <summary>Offset of the MSI-X Pending Bit Array in BAR0.</summary>
    public int MsixPbaOffset { get; init; } = 0x3000;

    /// <summary>Whether the PF has an AER capability.</summary>
    public bool Aer { get; init; } = true;

    /// <summary>Whether the VFs have an AER capability of their own.</summary>
    public bool VirtualAer { get; init; }

    /// <summary>Whose AER registers decide for a VF without AER.</summary>
    public VfErrorPolicy VfErrors { get; init; }

    /// <summary>Max_Payload_Size Supported, in bytes.</summary>
    public int MaxPayloadSupported { get; init; } = 512;

    /// <summary>Largest size of BAR2, a prefetchable memory aperture of the PF whose size software picks by its Resizable BAR capability
    /// (§7.8.6), 1 MiB until then: a power of two from 1 MiB to 128 TiB; zero for no BAR2.</summary>
    public ulong ApertureSize { get; init; }

    /// <summary>Whether BAR0 holds a <see cref="MigrationControlBlock"/>, which a DVSEC then tells drivers.</summary>
    public bool ControlBlock { get; init; }

    /// <summary>Device Serial Number of the PF (§7.9.3), an EUI-64.</summary>
    public ulong SerialNumber { get; init; } = 0x0200_00FF_FE00_0001;

    /// <summary>LTR Mechanism Supported, with the PF's Latency Tolerance Reporting capability.</summary>
    public bool Ltr { get; init; } = true;

    /// <summary>10-Bit Tag Requester Supported.</summary>
    public bool TenBitTagRequester { get; init; }

    /// <summary>AtomicOp Completer Supported: bit 0 32-bit, bit 1 64-bit, bit 2 128-bit CAS.</summary>
    public int AtomicOpCompleter { get; init; }
}

/// <summary>Configuration spaces of simple endpoint functions.</summary>
public static class EndpointTemplates
{
    private const int ExpressOffset = 0x60;
    private const int MsixOffset = 0x9C;
    private const int Aperture = 2;
    private const ulong LeastAperture = 1 << 20;

    /// <summary>A PF: BAR0, PCI Express, MSI-X, AER, ARI and SR-IOV as asked for.</summary>
    public static EndpointConfig PhysicalFunction(string name, EndpointOptions options)
    {
        var config = new ConfigSpace(name);
        BarSpec[] bars = [new(0, BarKind.Memory64Prefetchable, options.BarSize)];
        if (options.ApertureSize > 0) bars = [.. bars, new(Aperture, BarKind.Memory64Prefetchable, LeastAperture)];
        var header = Type0Header.Add(config, options.Identity, bars);
        var express = PciExpressCapability.Add(config, ExpressOffset, Express(options));
        var msix = Msix(config, options);
        var next = 0x100;
        AerCapability? aer = null;
        if (options.Aer)
        {
            aer = AerCapability.Add(config, next, new AerOptions());
            next += 0x50;
        }

        SriovCapability? sriov = null;
        if (options.TotalVfs > 0)
        {
            AriCapability.Add(config, next, nextFunction: 0);
            next = 0x180;
            sriov = SriovCapability.Add(config, next, new SriovOptions
            {
                TotalVfs = options.TotalVfs,
                FirstVfOffset = options.FirstVfOffset,
                VfStride = 1,
                VfDeviceId = options.VirtualDeviceId,
                VfBars = [new BarSpec(0, BarKind.Memory64Prefetchable, options.BarSize)],
            });
            next += SriovCapability.Length;
        }

        next = LinkCapabilities.AddAll(config, next, express);
        if (options.Ltr) IdentityCapabilities.AddLatencyToleranceReporting(config, next);
        next += options.Ltr ? 0x10 : 0;
        IdentityCapabilities.AddSerialNumber(config, next, options.SerialNumber);
        next += 0x10;
        if (options.ControlBlock) Announce(config, next);
        next += options.ControlBlock ? 0x10 : 0;
        ResizableBarCapability? aperture = null;
        if (options.ApertureSize > 0)
            aperture = ResizableBarCapability.Add(config, next, header.Bars[Aperture]!, SizesUpTo(options.ApertureSize));
        return new EndpointConfig(config, header, express) { Aer = aer, Msix = msix, Sriov = sriov, ResizableBar = aperture };
    }

    /// <summary>A VF: no BARs and no enables of its own but Bus Master Enable (§9.3.4); MSI-X, ARI, and AER if asked for.</summary>
    public static EndpointConfig VirtualFunction(string name, EndpointOptions options, EndpointFunction pf, int index)
    {
        var config = new ConfigSpace(name);
        var header = Type0Header.AddVirtual(config, options.Identity);
        var express = PciExpressCapability.AddVirtual(config, ExpressOffset, pf.Express);
        var msix = Msix(config, options);
        var aer = options.VirtualAer ? AerCapability.Add(config, 0x100, new AerOptions { VirtualFunction = true }) : null;
        AriCapability.Add(config, aer is null ? 0x100 : 0x150, nextFunction: 0);
        if (options.ControlBlock) Announce(config, aer is null ? 0x110 : 0x160);
        return new EndpointConfig(config, header, express)
        {
            Aer = aer,
            Msix = msix,
            PhysicalFunction = pf,
            VfIndex = index,
            VfErrors = options.VfErrors,
        };
    }

    /// <summary>A DVSEC that names BAR and offset of the migration control block, as a Table Offset/Table BIR register does
    /// (§7.7.2.3).</summary>
    private static void Announce(ConfigSpace config, int offset) => IdentityCapabilities.AddDesignatedVendorSpecific(
        config, offset, DmaQueueLayout.VendorId, MigrationControlBlock.DvsecId, revision: 0, length: 0x10,
        new RegisterSpec(0x0C, 32, "Migration Control Block", "§7.9.6",
            new(0, 3, "BIR", RegisterAccess.RO), new(3, 29, "Offset", RegisterAccess.RO, MigrationControlBlock.Base >> 3)));

    /// <summary>Bit n of the result is 2^n MiB (§7.8.6.2).</summary>
    private static uint SizesUpTo(ulong largest) => (uint)(2 * (largest / LeastAperture) - 1);

    private static PciExpressOptions Express(EndpointOptions options) => new(PciePortType.Endpoint)
    {
        MaxPayloadSupported = options.MaxPayloadSupported,
        FunctionLevelReset = true,
        MaxLinkSpeed = (int)Links.LinkSpeed.Gen5,
        MaxLinkWidth = 16,
        TenBitTagRequester = options.TenBitTagRequester,
        Ltr = options.Ltr,
        AtomicOpCompleter = options.AtomicOpCompleter,
    };

    private static MsixCapability Msix(ConfigSpace config, EndpointOptions options) =>
        MsixCapability.Add(config, MsixOffset, options.Vectors, 0, (uint)options.MsixTableOffset, (uint)options.MsixPbaOffset);
}
