using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Pcie.Tests.Topology;

/// <summary>Root port, switch, and a DMA-queue device with a PF and two VFs; enumerated when asked.</summary>
internal sealed class TestPlatform
{
    public TestPlatform(StoppedAccessPolicy? policy = null, bool virtualAer = false, LinkProfile? profile = null)
    {
        Root = new RootComplex(Sim);
        Port = Root.AddRootPort("rp0");
        Switch = new Switch(Sim, "sw0", 2);
        Device = new PcieDevice(Sim, "dev0");
        Link.Connect(Port, Switch.Upstream, LinkSpeed.Gen4, LinkWidth.X16, profile);
        Link.Connect(Switch.Downstream[0], Device, LinkSpeed.Gen4, LinkWidth.X8, profile);
        var options = new EndpointOptions
        {
            Identity = new FunctionIdentity(DmaQueueLayout.VendorId, DmaQueueLayout.PhysicalDeviceId, 0x088000),
            VirtualDeviceId = DmaQueueLayout.VirtualDeviceId,
            TotalVfs = 2,
            VirtualAer = virtualAer,
        };
        Pf = new DmaQueueFunction(Sim, "dev0.pf", EndpointTemplates.PhysicalFunction("dev0.pf", options), policy);
        Device.Add(Pf, 0);
        for (var i = 0; i < 2; i++)
        {
            var vf = new DmaQueueFunction(Sim, $"dev0.vf{i}", EndpointTemplates.VirtualFunction($"dev0.vf{i}", options, Pf, i), policy);
            Device.Add(vf, 2 + i);
            Vfs.Add(vf);
        }
    }

    public Simulator Sim { get; } = new();

    public RootComplex Root { get; }

    public RootPort Port { get; }

    public Switch Switch { get; }

    public PcieDevice Device { get; }

    public DmaQueueFunction Pf { get; }

    public List<DmaQueueFunction> Vfs { get; } = [];

    public IReadOnlyList<DiscoveredFunction> Tree { get; private set; } = [];

    public DiscoveredFunction DiscoveredPf => Tree.SelectMany(f => f.Subtree()).Single(f => f.DeviceId == DmaQueueLayout.PhysicalDeviceId);

    public TestPlatform Enumerated()
    {
        Run(async () => Tree = await Enumerator.EnumerateAsync(Root));
        return this;
    }

    public void Run(Func<Task> body)
    {
        var done = Sim.Start("test", body);
        Sim.Run();
        Assert.That(done.IsCompletedSuccessfully, Is.True, "the process did not end");
    }
}
