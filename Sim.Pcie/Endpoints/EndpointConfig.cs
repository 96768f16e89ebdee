using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Errors;

namespace Sim.Pcie.Endpoints;

/// <summary>Configuration space of an endpoint function, laid out, with the views that models act on.</summary>
/// <param name="Config">The 4 KiB image.</param>
/// <param name="Header">Type 0 header.</param>
/// <param name="Express">PCI Express capability.</param>
public sealed record EndpointConfig(ConfigSpace Config, Type0Header Header, PciExpressCapability Express)
{
    /// <summary>Advanced Error Reporting, if the function has it.</summary>
    public AerCapability? Aer { get; init; }

    /// <summary>Access Control Services, in a function of a multi-function device that has them.</summary>
    public AcsCapability? Acs { get; init; }

    /// <summary>MSI-X, if the function has it.</summary>
    public MsixCapability? Msix { get; init; }

    /// <summary>Power Management, if the function has it.</summary>
    public PowerManagementCapability? Power { get; init; }

    /// <summary>SR-IOV, in a PF that has it.</summary>
    public SriovCapability? Sriov { get; init; }

    /// <summary>Resizable BAR, in a PF that has it.</summary>
    public ResizableBarCapability? ResizableBar { get; init; }

    /// <summary>The PF of a VF.</summary>
    public EndpointFunction? PhysicalFunction { get; init; }

    /// <summary>Index of a VF below its PF, from 0.</summary>
    public int VfIndex { get; init; }

    /// <summary>Whose AER registers decide for a VF without AER.</summary>
    public VfErrorPolicy VfErrors { get; init; }
}
