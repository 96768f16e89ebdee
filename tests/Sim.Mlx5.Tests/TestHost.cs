using NUnit.Framework;
using Sim.Core;
using Sim.Iommu;
using Sim.Iommu.Vtd;
using Sim.Mlx5.Device;
using Sim.Mlx5.Driver;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;
using Sim.Pcie.Topology;
using Sim.Vfio.Kernel;

namespace Sim.Mlx5.Tests;

/// <summary>A booted host: root port, mlx5 adapter with a PF and two VFs, IOMMU, kernel, mlx5_core on the PF.</summary>
internal sealed class TestHost
{
    public const ulong PfMemory = 0x1000_0000;
    public const ulong VfMemory = 0x2000_0000;
    private const ushort PfDeviceId = 0x1021;

    public TestHost(Mlx5Options? options = null)
    {
        Root = new RootComplex(Sim);
        Port = Root.AddRootPort("rp0");
        Adapter = new PcieDevice(Sim, "mlx0");
        Link.Connect(Port, Adapter, LinkSpeed.Gen5, LinkWidth.X16);
        Pf = new Mlx5PhysicalFunction(Sim, "mlx0.pf", Mlx5Templates.PhysicalFunction("mlx0.pf"), options);
        Adapter.Add(Pf, 0);
        for (var i = 0; i < 2; i++)
        {
            var vf = new Mlx5VirtualFunction(Sim, $"mlx0.vf{i}", Mlx5Templates.VirtualFunction($"mlx0.vf{i}", Pf, i), options);
            Adapter.Add(vf, 2 + i);
            VfDevices.Add(vf);
        }

        Iommu = new VtdUnit(Root);
        Root.TranslationAgent = Iommu;
    }

    public Simulator Sim { get; } = new();

    public RootComplex Root { get; }

    public RootPort Port { get; }

    public PcieDevice Adapter { get; }

    public Mlx5PhysicalFunction Pf { get; }

    public List<Mlx5VirtualFunction> VfDevices { get; } = [];

    public Mlx5VirtualFunction Vf => VfDevices[0];

    public VtdUnit Iommu { get; }

    public HostKernel Kernel { get; private set; } = null!;

    public PciFunction KernelPf { get; private set; } = null!;

    public IReadOnlyList<PciFunction> Vfs { get; private set; } = [];

    public Mlx5PfDriver PfDriver { get; private set; } = null!;

    /// <summary>Enumerates, enables VFs and brings up the PF; the VFs' firmware is enabled.</summary>
    public TestHost Boot()
    {
        Run(async () =>
        {
            var tree = await Enumerator.EnumerateAsync(Root);
            Kernel = new HostKernel(Root, new HostErrorPolicy(), tree, Iommu);
            KernelPf = Kernel.Functions.Single(f => f.Discovered.DeviceId == PfDeviceId);
            Vfs = Kernel.Add(await Enumerator.EnableVfsAsync(Root, KernelPf.Discovered, 2));
            PfDriver = await Mlx5PfDriver.ProbeAsync(Kernel, KernelPf, PfMemory);
            for (var i = 0; i < 2; i++) await PfDriver.EnableVfAsync(i);
        });
        return this;
    }

    /// <summary>A user of VF 0: its domain maps its memory one to one.</summary>
    public VfUser OpenVf(int index = 0)
    {
        var memory = VfMemory + ((ulong)index * VfUser.MemoryBytes);
        var domain = Kernel.Iommu!.CreateDomain($"user of VF {index}");
        domain.Map(memory, memory, VfUser.MemoryBytes, IoPermissions.ReadWrite);
        Kernel.Iommu!.Attach(Vfs[index].Id, domain);
        return new VfUser(this, index, memory);
    }

    public void Run(Func<Task> body)
    {
        var done = Sim.Start("test", body);
        Sim.Run();
        Assert.That(done.IsCompletedSuccessfully, Is.True, "the process did not end");
    }
}
