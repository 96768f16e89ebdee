using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Vfio.Kernel;

/// <summary>A Function as the kernel knows it: what configuration requests told, its driver, and who uses it.</summary>
public sealed class PciFunction
{
    private readonly RootComplex _root;

    internal PciFunction(RootComplex root, DiscoveredFunction discovered, PciFunction? parent, PciFunction? physicalFunction)
    {
        _root = root;
        (Discovered, Parent, PhysicalFunction) = (discovered, parent, physicalFunction);
        Express = discovered.Capabilities.GetValueOrDefault(CapabilityId.PciExpress);
        Msi = discovered.Capabilities.GetValueOrDefault(CapabilityId.Msi);
        Msix = discovered.Capabilities.GetValueOrDefault(CapabilityId.Msix);
        Aer = discovered.ExtendedCapabilities.GetValueOrDefault(ExtendedCapabilityId.AdvancedErrorReporting);
        Dpc = discovered.ExtendedCapabilities.GetValueOrDefault(ExtendedCapabilityId.DownstreamPortContainment);
        Acs = discovered.ExtendedCapabilities.GetValueOrDefault(ExtendedCapabilityId.AccessControlServices);
        ResizableBar = discovered.ExtendedCapabilities.GetValueOrDefault(ExtendedCapabilityId.ResizableBar);
        Sriov = discovered.ExtendedCapabilities.GetValueOrDefault(ExtendedCapabilityId.SingleRootIov);
    }

    /// <summary>What enumeration found.</summary>
    public DiscoveredFunction Discovered { get; }

    /// <summary>Routing ID.</summary>
    public RoutingId Id => Discovered.Id;

    /// <summary>The bridge above it; null on bus 0.</summary>
    public PciFunction? Parent { get; }

    /// <summary>The PF of a VF, else null.</summary>
    public PciFunction? PhysicalFunction { get; }

    /// <summary>Whether it has a Type 1 header.</summary>
    public bool IsBridge => Discovered.IsBridge;

    /// <summary>Whether it is a Root Port or Switch Downstream Port: recovery stands for what is below it.</summary>
    public bool IsDownstreamPort => (PciePortType)Discovered.PortType is PciePortType.RootPort or PciePortType.DownstreamPort && IsBridge;

    /// <summary>Whether it is a VF.</summary>
    public bool IsVirtual => PhysicalFunction is not null;

    /// <summary>Offset of the PCI Express capability; 0 without.</summary>
    public int Express { get; }

    /// <summary>Offset of the MSI capability; 0 without.</summary>
    public int Msi { get; }

    /// <summary>Offset of the MSI-X capability; 0 without.</summary>
    public int Msix { get; }

    /// <summary>Offset of Advanced Error Reporting; 0 without.</summary>
    public int Aer { get; }

    /// <summary>Offset of Downstream Port Containment; 0 without.</summary>
    public int Dpc { get; }

    /// <summary>Offset of Access Control Services; 0 without.</summary>
    public int Acs { get; }

    /// <summary>Offset of Resizable BAR; 0 without.</summary>
    public int ResizableBar { get; }

    /// <summary>Offset of SR-IOV; 0 without.</summary>
    public int Sriov { get; }

    /// <summary>Who uses it: "host", "guest A". Errors that reach it reach that context.</summary>
    public string Context { get; set; } = "host";

    /// <summary>Its driver, or null.</summary>
    public PciDriver? Driver { get; set; }

    /// <summary>The driver as the kernel log names it: without one a bridge is pcieport's, anything else is "pci".</summary>
    public string DriverName => Driver?.Name ?? (IsBridge ? "pcieport" : "pci");

    /// <summary>A configuration read; all ones if it failed, as the kernel sees it.</summary>
    public async Task<uint> ReadAsync(int offset, int size)
    {
        var result = await _root.ConfigReadAsync(Id, offset, size);
        return result.Status == CompletionStatus.Successful ? result.Value : uint.MaxValue >> (32 - 8 * size);
    }

    /// <summary>A configuration write; a failure goes unnoticed, as in the kernel.</summary>
    public async Task WriteAsync(int offset, int size, uint value) => await _root.ConfigWriteAsync(Id, offset, size, value);

    /// <summary>Reads, clears and sets bits, and writes back.</summary>
    public async Task UpdateAsync(int offset, int size, uint clear, uint set) =>
        await WriteAsync(offset, size, await ReadAsync(offset, size) & ~clear | set);

    /// <summary>Reads the AER registers; null without the capability.</summary>
    public async Task<AerRegisters?> ReadAerAsync()
    {
        if (Aer == 0) return null;
        return new(
            await ReadAsync(Aer + PciRegisters.AerUncorrectableStatus, 4), await ReadAsync(Aer + PciRegisters.AerUncorrectableMask, 4),
            await ReadAsync(Aer + PciRegisters.AerUncorrectableSeverity, 4), await ReadAsync(Aer + PciRegisters.AerCorrectableStatus, 4),
            await ReadAsync(Aer + PciRegisters.AerCorrectableMask, 4), await ReadAsync(Aer + PciRegisters.AerControl, 4),
            new(await ReadAsync(Aer + PciRegisters.AerHeaderLog, 4), await ReadAsync(Aer + PciRegisters.AerHeaderLog + 4, 4),
                await ReadAsync(Aer + PciRegisters.AerHeaderLog + 8, 4), await ReadAsync(Aer + PciRegisters.AerHeaderLog + 12, 4)));
    }

    /// <summary>A line of the kernel log about this Function.</summary>
    public string Line(string text) => AerText.Device(DriverName, Id, text);

    /// <summary>"driver 0000:1b:00.2", as log lines begin.</summary>
    public override string ToString() => $"{DriverName} {AerText.Bdf(Id)}";
}
