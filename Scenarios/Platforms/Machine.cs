using Scenarios.Language;
using Scenarios.Model;
using Sim.Core;
using Sim.Iommu.Vtd;
using Sim.Pcie.Links;
using Sim.Pcie.Topology;
using Sim.Vfio.Kernel;
using Topology = Scenarios.Model.Topology;

namespace Scenarios.Platforms;

/// <summary>One host as a script describes it: the hardware, wired; after <see cref="BootAsync"/> also its kernel.</summary>
internal sealed class Machine
{
    private const string RootPortsKind = "root-ports";
    private const string SwitchPortsKind = "switch-ports";
    private const string FunctionsKind = "functions";

    private readonly Script _script;
    private readonly Dictionary<string, Socket> _sockets = [];
    private HostKernel? _kernel;

    public Machine(ResolvedScript resolved)
    {
        _script = resolved.Script;
        if (resolved.Platform is { } dump) Platform = new PlatformPort(dump, PlatformPort.NameIn(_script.Topology));
        Sim = new Simulator(resolved.Seed);
        Root = new RootComplex(Sim);
        Iommu = new VtdUnit(Root);
        Root.TranslationAgent = Iommu;
        Wire(_script.Topology);
    }

    public Simulator Sim { get; }

    /// <summary>The Root Port that comes from a dump, if one does.</summary>
    public PlatformPort? Platform { get; }

    public RootComplex Root { get; }

    public VtdUnit Iommu { get; }

    public List<Switch> Switches { get; } = [];

    public List<DeviceUnit> Devices { get; } = [];

    /// <summary>Every link, with the names of its two ends.</summary>
    public List<Link> Links { get; } = [];

    public HostKernel Kernel => _kernel ?? throw new InvalidOperationException("the machine has not booted");

    public DeviceUnit Device(string name) => Devices.Single(d => d.Name == name);

    /// <summary>Enumerates, enables VFs, starts the kernel and its error services, and sets the registers that the script
    /// overrides.</summary>
    public async Task BootAsync()
    {
        var tree = await Enumerator.EnumerateAsync(Root, Platform?.Policy());
        _kernel = new HostKernel(Root, HostPolicies.Of(_script), tree, Iommu);
        foreach (var device in Devices)
        {
            var pf = tree.SelectMany(f => f.Subtree()).Single(f => f.Id == device.Pf.Id);
            if (device.Item.Vfs > 0) _kernel.Add(await Enumerator.EnableVfsAsync(Root, pf, device.Item.Vfs));
        }

        await _kernel.StartErrorServicesAsync();
        if (Platform is not null && _sockets[Platform.Name].Function is var dumped)
            await Platform.ApplyAsync(_kernel[dumped.Id], dumped.Config);
        await OverrideAsync(RootPortsKind, Root.RootPorts.Select(p => (Function)p.Function));
        await OverrideAsync(SwitchPortsKind, Switches.SelectMany(s => s.Downstream.Append(s.Upstream)).Select(p => (Function)p.Function));
        await OverrideAsync(FunctionsKind, Devices.Select(d => (Function)d.Pf));
        foreach (var (name, function) in Named()) await OverrideAsync(name, [function]);
        foreach (var device in Devices) await device.Personality.StartAsync(this, device);
    }

    /// <summary>Names that a script may set registers of.</summary>
    public IEnumerable<(string Name, Function Function)> Named()
    {
        foreach (var (name, socket) in _sockets) yield return (name, socket.Function);
        foreach (var sw in Switches) yield return (sw.Name, sw.Upstream.Function);
        foreach (var device in Devices)
        {
            yield return (device.Name, device.Pf);
            for (var i = 0; i < device.Vfs.Count; i++) yield return ($"{device.Name}.vf{i}", device.Vfs[i]);
        }
    }

    private void Wire(Topology topology)
    {
        foreach (var (name, _, item) in topology.RootPorts.Items)
        {
            var dump = Platform?.Name == name ? Platform.Dump : null;
            var port = Root.AddRootPort(name, dump?.Options);
            _sockets.Add(name, new Socket(port, port.Function, dump?.Link ?? item.Link, item.Propagation));
        }

        // The checks made sure of a tree: each pass plugs at least one switch whose port above exists by now.
        var pending = topology.Switches.Items.ToList();
        while (pending.Count > 0)
        {
            foreach (var (name, position, item) in pending.Where(s => _sockets.ContainsKey(s.Value.At.Name)).ToList())
            {
                var sw = new Switch(Sim, name, item.Ports.Items.Count, new SwitchOptions { Latency = item.Latency });
                Switches.Add(sw);
                Plug(item.At.Name, sw.Upstream, item.Link);
                foreach (var (port, hardware) in item.Ports.Items.Zip(sw.Downstream))
                    _sockets.Add($"{name}.{port.Name}", new Socket(hardware, hardware.Function, port.Value.Link, port.Value.Propagation));
                pending.RemoveAll(s => s.Name == name);
            }
        }

        foreach (var (name, _, item) in topology.Devices.Items)
        {
            var unit = new DeviceUnit(Sim, name, item);
            Devices.Add(unit);
            Plug(item.At.Name, unit.Device, item.Link);
        }
    }

    private void Plug(string at, Port lower, LinkShape shape)
    {
        var socket = _sockets[at];
        var speed = (LinkSpeed)Math.Min(socket.Shape.Generation, shape.Generation);
        var width = (LinkWidth)Math.Min(socket.Shape.Lanes, shape.Lanes);
        var profile = LinkProfile.Standard with { Propagation = socket.Propagation };
        Links.Add(Link.Connect(socket.Port, lower, speed, width, profile));
    }

    private async Task OverrideAsync(string component, IEnumerable<Function> functions)
    {
        if (_script.Registers.Find(component) is not { } overrides) return;
        var isKind = component is RootPortsKind or SwitchPortsKind or FunctionsKind;
        foreach (var function in functions)
        {
            foreach (var (path, position, value) in overrides.Value.Items)
            {
                var dumped = Platform?.Name == function.Name ? Platform : null;
                if (RegisterField.Find(function.Config, path) is { } field)
                {
                    await Kernel[function.Id].UpdateAsync(field.Offset, field.Bytes, field.Mask, ((uint)value << field.Lsb) & field.Mask);
                    dumped?.Overridden(path);
                }
                else if (dumped?.Lacks(path, value) == true) continue;
                else if (!isKind || RegisterField.NamesOf(Named().Select(n => n.Function.Config)).All(n => n != path))
                    throw new ScriptException(position, RegisterField.Unknown(component, function.Config, path));
            }
        }
    }

    private sealed record Socket(Port Port, Function Function, LinkShape Shape, SimDuration Propagation);
}
