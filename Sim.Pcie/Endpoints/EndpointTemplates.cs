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

    /// <summary>A PF: BAR0, PCI Express, MSI-X, AER, ARI and SR-IOV as asked for.</summary>
    public static EndpointConfig PhysicalFunction(string name, EndpointOptions options)
    {
        var config = new ConfigSpace(name);
        var header = Type0Header.Add(config, options.Identity, new BarSpec(0, BarKind.Memory64Prefetchable, options.BarSize));
        var express = PciExpressCapability.Add(config, ExpressOffset, Express(options));
        var msix = Msix(config, options);
        var aer = options.Aer ? AerCapability.Add(config, 0x100, new AerOptions()) : null;
        SriovCapability? sriov = null;
        if (options.TotalVfs > 0)
        {
            AriCapability.Add(config, aer is null ? 0x100 : 0x150, nextFunction: 0);
            sriov = SriovCapability.Add(config, 0x180, new SriovOptions
            {
                TotalVfs = options.TotalVfs,
                FirstVfOffset = options.FirstVfOffset,
                VfStride = 1,
                VfDeviceId = options.VirtualDeviceId,
                VfBars = [new BarSpec(0, BarKind.Memory64Prefetchable, options.BarSize)],
            });
        }

        return new EndpointConfig(config, header, express) { Aer = aer, Msix = msix, Sriov = sriov };
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
        return new EndpointConfig(config, header, express)
        {
            Aer = aer,
            Msix = msix,
            PhysicalFunction = pf,
            VfIndex = index,
            VfErrors = options.VfErrors,
        };
    }

    private static PciExpressOptions Express(EndpointOptions options) => new(PciePortType.Endpoint)
    {
        MaxPayloadSupported = options.MaxPayloadSupported,
        FunctionLevelReset = true,
        MaxLinkSpeed = (int)Links.LinkSpeed.Gen5,
        MaxLinkWidth = 16,
        TenBitTagRequester = options.TenBitTagRequester,
        AtomicOpCompleter = options.AtomicOpCompleter,
    };

    private static MsixCapability Msix(ConfigSpace config, EndpointOptions options) =>
        MsixCapability.Add(config, MsixOffset, options.Vectors, 0, (uint)options.MsixTableOffset, (uint)options.MsixPbaOffset);
}
