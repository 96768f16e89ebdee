using NUnit.Framework;
using Sim.Core;
using Sim.Iommu.Vtd;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Vfio.Drivers;
using Sim.Vfio.Kernel;
using Sim.Vfio.VfioPci;

namespace Sim.Vfio.Tests;

/// <summary>A booted host: root port, switch, DMA-queue device with a PF and two VFs, IOMMU, kernel with error services.</summary>
internal sealed class TestHost
{
    /// <summary>Wires it.</summary>
    /// <param name="device">What stopped functions do.</param>
    /// <param name="virtualAer">Whether VFs have AER.</param>
    /// <param name="model">Makes the VFs; DMA-queue functions if null.</param>
    public TestHost(
        StoppedAccessPolicy? device = null, bool virtualAer = false,
        Func<Simulator, string, EndpointConfig, ControlBlockFunction>? model = null)
    {
        model ??= (sim, name, config) => new DmaQueueFunction(sim, name, config, device);
        Root = new RootComplex(Sim);
        Port = Root.AddRootPort("rp0");
        var fabric = new Switch(Sim, "sw0", 2);
        Device = new PcieDevice(Sim, "dev0");
        Link.Connect(Port, fabric.Upstream, LinkSpeed.Gen4, LinkWidth.X16);
        Link.Connect(fabric.Downstream[0], Device, LinkSpeed.Gen4, LinkWidth.X8);
        var options = new EndpointOptions
        {
            Identity = new FunctionIdentity(DmaQueueLayout.VendorId, DmaQueueLayout.PhysicalDeviceId, 0x088000),
            VirtualDeviceId = DmaQueueLayout.VirtualDeviceId,
            TotalVfs = 2,
            VirtualAer = virtualAer,
        };
        Pf = new DmaQueueFunction(Sim, "dev0.pf", EndpointTemplates.PhysicalFunction("dev0.pf", options), device);
        Device.Add(Pf, 0);
        for (var i = 0; i < 2; i++)
        {
            var layout = EndpointTemplates.VirtualFunction($"dev0.vf{i}", options, Pf, i);
            VfDevices.Add(model(Sim, $"dev0.vf{i}", layout));
            Device.Add(VfDevices[i], 2 + i);
        }

        Iommu = new VtdUnit(Root);
        Root.TranslationAgent = Iommu;
    }

    public Simulator Sim { get; } = new();

    public RootComplex Root { get; }

    public RootPort Port { get; }

    public PcieDevice Device { get; }

    public DmaQueueFunction Pf { get; }

    public List<ControlBlockFunction> VfDevices { get; } = [];

    public VtdUnit Iommu { get; }

    public HostKernel Kernel { get; private set; } = null!;

    public PciFunction KernelPf { get; private set; } = null!;

    public IReadOnlyList<PciFunction> Vfs { get; private set; } = [];

    public IEnumerable<string> Dmesg => Kernel.Log.Lines.Select(l => l.Text);

    public TestHost Boot(HostErrorPolicy? policy = null, IommuPolicy? iommu = null)
    {
        Run(async () =>
        {
            var tree = await Enumerator.EnumerateAsync(Root);
            Kernel = new HostKernel(Root, policy ?? new HostErrorPolicy(), tree, Iommu, iommu);
            KernelPf = Kernel.Functions.Single(f => f.Discovered.DeviceId == DmaQueueLayout.PhysicalDeviceId);
            Vfs = Kernel.Add(await Enumerator.EnableVfsAsync(Root, KernelPf.Discovered, 2));
            await Kernel.StartErrorServicesAsync();
        });
        return this;
    }

    public async Task<VfioPciDevice> OpenAsync(int vf, RevokePolicy revoke = RevokePolicy.None, string context = "guest") =>
        new(Kernel, Vfs[vf], context, revoke, await ControlBlockMigrationDriver.ProbeAsync(Kernel, Vfs[vf]));

    public void Run(Func<Task> body)
    {
        var done = Sim.Start("test", body);
        Sim.Run();
        Assert.That(done.IsCompletedSuccessfully, Is.True, "the process did not end");
    }
}
