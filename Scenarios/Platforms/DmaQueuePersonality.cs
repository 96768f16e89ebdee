using Scenarios.Model;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Spec;
using Sim.Vfio.Drivers;
using Sim.Vfio.Guests;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using Sim.Vfio.Virtualization;

namespace Scenarios.Platforms;

/// <summary>The simple DMA-queue device with the policies that the script writes.</summary>
internal sealed class DmaQueuePersonality : IDevicePersonality
{
    private const int FirstVf = 2;

    public int GuestVectors => 1;

    public (int Bar, ulong Offset) Doorbell => (0, DmaQueueLayout.Doorbell);

    public (int Bar, ulong Offset) Identity => (0, DmaQueueLayout.Identification);

    public (int Bar, ulong Offset) Health => (0, DmaQueueLayout.Health);

    public bool IsUserRegister(int bar, ulong offset) => bar == 0 && offset < DmaQueueLayout.MsixTable;

    public PcieDevice Build(Simulator sim, string name, DeviceItem item)
    {
        var device = new PcieDevice(sim, name, new DeviceOptions { Latency = item.LoadLatency });
        var policy = StoppedPolicies.Of(item);
        var options = new EndpointOptions
        {
            Identity = new FunctionIdentity(DmaQueueLayout.VendorId, DmaQueueLayout.PhysicalDeviceId, 0x088000),
            VirtualDeviceId = DmaQueueLayout.VirtualDeviceId,
            BarSize = DmaQueueLayout.BarSize,
            TotalVfs = item.Vfs,
            FirstVfOffset = FirstVf,
            VirtualAer = item.VfAer,
        };
        var pf = new DmaQueueFunction(sim, name, EndpointTemplates.PhysicalFunction(name, options), policy);
        device.Add(pf, 0);
        for (var i = 0; i < item.Vfs; i++)
        {
            var vf = $"{name}.vf{i}";
            device.Add(new DmaQueueFunction(sim, vf, EndpointTemplates.VirtualFunction(vf, options, pf, i), policy), FirstVf + i);
        }

        return device;
    }

    public Task StartAsync(Machine machine, DeviceUnit device) =>
        PhysicalFunctionDriver.BindAsync(machine.Kernel, machine.Kernel[device.Pf.Id], "ctrlblk");

    public async Task<IVariantDriver?> ProbeMigrationAsync(Machine machine, PciFunction function, int vf) =>
        await ControlBlockMigrationDriver.ProbeAsync(machine.Kernel, function);

    public IGuestProgram Guest(int jobs, int bytes, SimDuration interval) =>
        new DmaQueueGuest(new DmaQueueGuestOptions { Jobs = jobs, CopyBytes = bytes, Interval = interval, Batch = 1, HealthPeriod = 0 });

    /// <summary>Its guest sets the ring up in the step before its first job: nothing to wait for.</summary>
    public bool IsReady(IGuestProgram guest) => true;

    public (int Completed, IReadOnlyList<string> Problems) Report(IGuestProgram guest)
    {
        var report = ((DmaQueueGuest)guest).Report;
        return (report.Completed, [.. report.Problems()]);
    }
}
