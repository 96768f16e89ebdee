using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Pcie.Tests.Topology;

/// <summary>
/// Two root ports: a switch with three downstream ports below the first, a device below each of them, a device below the second.
/// </summary>
internal sealed class PeerPlatform
{
    public PeerPlatform(
        RootComplexOptions? root = null, SwitchOptions? sw = null, ScratchOptions? device = null, DeviceOptions? cost = null,
        RootPortOptions? ports = null)
    {
        Root = new RootComplex(Sim, root);
        Ports = [Root.AddRootPort("rp0", ports), Root.AddRootPort("rp1", ports)];
        Switch = new Switch(Sim, "sw0", 3, sw);
        Links.Add(Link.Connect(Ports[0], Switch.Upstream, LinkSpeed.Gen4, LinkWidth.X8));
        for (var i = 0; i < 4; i++)
        {
            var pcie = new PcieDevice(Sim, $"dev{i}", cost);
            var function = new ScratchFunction(Sim, $"dev{i}.pf", ScratchFunction.Layout($"dev{i}.pf", device ?? new ScratchOptions()));
            pcie.Add(function, 0);
            Links.Add(Link.Connect(i < 3 ? Switch.Downstream[i] : Ports[1], pcie, LinkSpeed.Gen4, LinkWidth.X4));
            Devices.Add(function);
        }

        Run(async () => Tree = await Enumerator.EnumerateAsync(Root));
        foreach (var function in Devices)
        {
            var found = Tree.SelectMany(f => f.Subtree()).Single(f => f.Id == function.Id);
            Bars.Add(found.Bars[0].Address);
            for (var i = 0; i < function.Memory.Length; i++) function.Memory[i] = (byte)(i * 3 + Devices.IndexOf(function));
        }

        Observer = new FabricObserver(Sim, Links);
        foreach (var link in Links)
        {
            link.Downstream.Arrived.Subscribe((SimTime t, in TlpHop h) => Hops.Add((h.Direction, h.Tlp.Header)));
            link.Upstream.Arrived.Subscribe((SimTime t, in TlpHop h) => Hops.Add((h.Direction, h.Tlp.Header)));
        }

        Ports[0].ErrorTrace.Steps.Subscribe((SimTime _, in ErrorStep step) =>
        {
            if (step is { Kind: ErrorStepKind.Detected, Error: { } error }) Errors.Add((step.Component, error));
        });
    }

    public Simulator Sim { get; } = new();

    public RootComplex Root { get; }

    public RootPort[] Ports { get; }

    public Switch Switch { get; }

    public List<Link> Links { get; } = [];

    /// <summary>dev0 to dev2 below the switch, dev3 below the second root port.</summary>
    public List<ScratchFunction> Devices { get; } = [];

    public List<ulong> Bars { get; } = [];

    public IReadOnlyList<DiscoveredFunction> Tree { get; private set; } = [];

    /// <summary>Every TLP on every link since enumeration.</summary>
    public List<(LinkDirection Direction, TlpHeader Header)> Hops { get; } = [];

    public List<(string Component, PcieError Error)> Errors { get; } = [];

    public FabricObserver Observer { get; }

    /// <summary>Headers that arrived at a port.</summary>
    public IEnumerable<TlpHeader> At(Port port) => Hops.Where(h => h.Direction.To == port).Select(h => h.Header);

    /// <summary>Where the TLPs of one requester arrived, hop by hop.</summary>
    public string Path(TlpType type) =>
        string.Join(" ", Hops.Where(h => h.Header.Type == type).Select(h => $"{h.Direction.From.Name}>{h.Direction.To.Name}"));

    public void Run(Func<Task> body)
    {
        var done = Sim.Start("test", body);
        Sim.Run();
        Assert.That(done.IsCompletedSuccessfully, Is.True, "the process did not end");
    }

    public void Run() => Sim.Run();

    public void Configure(Function function, int offset, int size, uint value) =>
        Run(async () => await Root.ConfigWriteAsync(function.Id, offset, size, value));

    /// <summary>What must hold when nothing moves any more.</summary>
    public void AssertQuiet()
    {
        Assert.That(Ports[0].Bodies.Rented, Is.Zero, "every TLP body went back to the pool");
        foreach (var link in Links)
        {
            Assert.That(link.Downstream.CreditsWhole && link.Upstream.CreditsWhole, Is.True, $"credits of {link.Upper.Name}");
        }

        Assert.That(Observer.Violations, Is.Empty);
        Assert.That(Observer.ExplainDeadlock(), Is.Null);
    }
}
