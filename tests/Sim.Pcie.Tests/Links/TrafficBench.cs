using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Pcie.Tests.Links;

/// <summary>A traffic generator below a Root Port, enumerated, with its registers at hand.</summary>
internal sealed class TrafficBench
{
    public TrafficBench(LinkSpeed speed, LinkWidth width, LinkProfile? profile = null, RootComplexOptions? root = null)
    {
        Root = new RootComplex(Sim, root);
        Device = new PcieDevice(Sim, "gen0");
        Function = new TrafficFunction(Sim, "gen0.pf", EndpointTemplates.PhysicalFunction("gen0.pf", TrafficFunction.Options()));
        Device.Add(Function, 0);
        Link.Connect(Root.AddRootPort("rp0"), Device, speed, width, profile);
        IReadOnlyList<DiscoveredFunction> tree = [];
        Sim.Start("boot", async () => tree = await Enumerator.EnumerateAsync(Root));
        Sim.Run();
        Bar = tree.SelectMany(f => f.Subtree()).Single(f => f.DeviceId == TrafficLayout.PhysicalDeviceId).Bars[0].Address;
        Root.Memory.Written.Subscribe((SimTime _, in MemoryWrite w) => WrittenBytes += w.Requester is null ? 0 : (ulong)w.Bytes);
    }

    public Simulator Sim { get; } = new();

    public RootComplex Root { get; }

    public PcieDevice Device { get; }

    public TrafficFunction Function { get; }

    public ulong Bar { get; }

    /// <summary>Bytes that devices wrote to memory.</summary>
    public ulong WrittenBytes { get; private set; }

    public void Start(uint pattern, int bytes, int outstanding, ulong window = 1 << 20, ulong count = 0)
    {
        Root.Store(Bar + TrafficLayout.Pattern, pattern, 4);
        Root.Store(Bar + TrafficLayout.Bytes, (ulong)bytes, 4);
        Root.Store(Bar + TrafficLayout.Outstanding, (ulong)outstanding, 4);
        Root.Store(Bar + TrafficLayout.WindowBase, 0x10_0000, 8);
        Root.Store(Bar + TrafficLayout.WindowSize, window, 8);
        Root.Store(Bar + TrafficLayout.Count, count, 8);
        Root.Store(Bar + TrafficLayout.Control, 1, 4);
    }

    public void RunFor(SimDuration time) => Sim.RunUntil(Sim.Now + time);
}
