using Scenarios.Model;
using Sim.Core;
using Sim.Iommu;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Spec;
using Sim.Vfio.Drivers;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using Sim.Vfio.Virtualization;

namespace Scenarios.Platforms;

/// <summary>A traffic generator: the host's own driver programs it, no guest drives it, it does not migrate.</summary>
internal sealed class TrafficPersonality : IDevicePersonality
{
    /// <summary>Where host memory for its DMA lies, address for address: the default window of its traffic.</summary>
    public const ulong MemoryBase = 0x4000_0000;

    private const ulong MemoryBytes = 16 << 20;
    private const int FirstVf = 2;

    public int GuestVectors => 0;

    public (int Bar, ulong Offset) Doorbell => (0, TrafficLayout.Control);

    public (int Bar, ulong Offset) Identity => (0, TrafficLayout.Identification);

    public (int Bar, ulong Offset) Health => (0, TrafficLayout.ReadsDone);

    public bool IsUserRegister(int bar, ulong offset) => bar == 0 && offset <= TrafficLayout.Status;

    public PcieDevice Build(Simulator sim, string name, DeviceItem item)
    {
        var device = new PcieDevice(sim, name, new DeviceOptions { Latency = item.LoadLatency });
        var options = TrafficFunction.Options(item.Vfs) with { FirstVfOffset = FirstVf };
        var pf = new TrafficFunction(sim, name, EndpointTemplates.PhysicalFunction(name, options));
        device.Add(pf, 0);
        for (var i = 0; i < item.Vfs; i++)
        {
            var vf = $"{name}.vf{i}";
            device.Add(new TrafficFunction(sim, vf, EndpointTemplates.VirtualFunction(vf, options, pf, i)), FirstVf + i);
        }

        return device;
    }

    public async Task StartAsync(Machine machine, DeviceUnit device)
    {
        var kernel = machine.Kernel;
        await PhysicalFunctionDriver.BindAsync(kernel, kernel[device.Pf.Id], "traffic");
        if (kernel.Iommu is not { } iommu) return;
        var domain = iommu.CreateDomain($"traffic {device.Name}");
        domain.Map(MemoryBase, MemoryBase, MemoryBytes, IoPermissions.ReadWrite);
        foreach (var function in device.Device.Functions) iommu.Attach(function.Id, domain);
    }

    public Task<IVariantDriver?> ProbeMigrationAsync(Machine machine, PciFunction function, int vf) =>
        Task.FromResult<IVariantDriver?>(null);

    public IGuestProgram Guest(int jobs, int bytes, SimDuration interval) =>
        throw new InvalidOperationException("no guest drives a traffic generator");

    public bool IsReady(IGuestProgram guest) => true;

    public (int Completed, IReadOnlyList<GuestProblem> Problems) Report(IGuestProgram guest) => (0, []);
}
