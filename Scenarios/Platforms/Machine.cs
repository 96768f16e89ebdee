using Scenarios.Language;
using Scenarios.Model;
using Sim.Core;
using Sim.Iommu.Vtd;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Vfio.Kernel;
using ErrorOwner = Sim.Vfio.Kernel.ErrorOwner;
using KernelGroups = Sim.Vfio.Kernel.IommuGroups;
using Topology = Scenarios.Model.Topology;

namespace Scenarios.Platforms;

/// <summary>One host as a script describes it: the hardware, wired; after <see cref="BootAsync"/> also its kernel.</summary>
internal sealed class Machine
{
    private const string RootPortsKind = "root-ports";
    private const string SwitchPortsKind = "switch-ports";
    private const string FunctionsKind = "functions";
    private const int AcsControl = 0x06;
    private const int EgressControlVector = 0x08;

    private readonly Script _script;
    private readonly IReadOnlyList<RegisterChange> _changes;
    private readonly Dictionary<string, Socket> _sockets = [];
    private readonly List<Function> _generators = [];
    private HostKernel? _kernel;

    public Machine(ResolvedScript resolved, EventQueueKind queue = EventQueueKind.Wheel)
    {
        _script = resolved.Script;
        if (resolved.Platform is { } seat) Platform = new PlatformSetup(seat, resolved.Host, _script.Topology);
        _changes = resolved.Changes;
        Sim = new Simulator(resolved.Seed, queue);
        Root = new RootComplex(Sim, HostPolicies.RootComplex(_script));
        if (_script.Iommu.Enabled) Root.TranslationAgent = Iommu = new VtdUnit(Root, _script.Iommu.Options());
        Wire(_script.Topology);
    }

    public Simulator Sim { get; }

    /// <summary>The dumped machine that it is, if it is one.</summary>
    public PlatformSetup? Platform { get; }

    public RootComplex Root { get; }

    /// <summary>The remapping unit; null on a machine without one.</summary>
    public VtdUnit? Iommu { get; }

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
        var enumeration = (Platform?.Policy() ?? new EnumerationPolicy()) with
        {
            LargestBars = _script.Platform.ResizableBars == ResizableBars.Largest,
        };
        var tree = await Enumerator.EnumerateAsync(Root, enumeration);
        var policy = HostPolicies.Of(_script);
        if (Platform is { IsFirmwares: true }) policy = policy with { Owner = ErrorOwner.FirmwareFirst };
        var iommu = HostPolicies.Iommu(_script);
        _kernel = new HostKernel(Root, policy, tree, Iommu, iommu);
        foreach (var device in Devices)
        {
            var pf = tree.SelectMany(f => f.Subtree()).Single(f => f.Id == device.Pf.Id);
            if (device.Item.Vfs > 0) _kernel.Add(await Enumerator.EnableVfsAsync(Root, pf, device.Item.Vfs));
        }

        if (Iommu is not null) await KernelGroups.EnableAcsAsync(Root, tree, iommu.Acs);
        await _kernel.StartErrorServicesAsync();
        foreach (var (name, item) in Ports(_script.Topology)) await EnableAcsAsync(name, item);
        if (Platform is not null)
        {
            // What a host setup says of all Functions, then what was found of those that are in the dump, then the script's own.
            await OverrideKindsAsync(field => field.File == HostSetups.File);
            await Platform.ApplyAsync(_kernel);
        }

        await OverrideKindsAsync(field => field.File != HostSetups.File);
        foreach (var (name, function) in Named()) await OverrideAsync(name, [function], _ => true);
        foreach (var change in _changes) await ChangeAsync(change);
        if (Switches.Count > 0) await _kernel.SavePortStatesAsync();
        foreach (var device in Devices) await device.Personality.StartAsync(this, device);
        if (Iommu is not null) IommuGroups = NamesOf(await KernelGroups.DeriveAsync(Root, tree));
    }

    /// <summary>The IOMMU groups after boot, each as the names of its Functions; none without an IOMMU.</summary>
    public IReadOnlyList<string> IommuGroups { get; private set; } = [];

    /// <summary>The address of a place that DMA goes to, after enumeration.</summary>
    public ulong AddressOf(DmaPlace place)
    {
        if (place.Bar is not { } bar) return place.Address;
        var function = Device(bar.Function.Device).Function(bar.Function.Vf);
        var bars = Kernel[function.Id].Discovered.Bars;
        if (bars.All(b => b.Index != bar.Bar))
            throw new ScriptException(bar.Function.Position, $"{bar.Function} has no BAR{bar.Bar}; expected one of "
                + Words.Listed(bars.Select(b => $"bar{b.Index}")));
        return bars.Single(b => b.Index == bar.Bar).Address + bar.Offset;
    }

    /// <summary>Whether a Requester is a traffic generator: its TLPs are too many to be told one by one.</summary>
    public bool IsBulk(RoutingId requester)
    {
        // Asked for every TLP on every link: by index, because enumerating an interface allocates.
        for (var i = 0; i < _generators.Count; i++)
            if (_generators[i].Id == requester) return true;
        return false;
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

    /// <summary>The Function that a script calls by a name: of a port, of a switch's Upstream Port, of a device.</summary>
    public Function FunctionOf(string name) => Named().First(n => n.Name == name).Function;

    /// <summary>The port of a component: a Root Port's or Downstream Port's towards its device, a switch's or device's towards the Root
    /// Complex.</summary>
    public Port PortOf(string name)
    {
        if (_sockets.TryGetValue(name, out var socket)) return socket.Port;
        if (Switches.Find(s => s.Name == name) is { } sw) return sw.Upstream;
        return Device(name.Split('.')[0]).Device;
    }

    /// <summary>The link below a Root Port or Switch Downstream Port.</summary>
    public Link LinkBelow(string port) => _sockets[port].Port.Link!;

    private void Wire(Topology topology)
    {
        foreach (var (name, _, item) in topology.RootPorts.Items)
        {
            var dump = Platform?.RootPortName == name ? Platform.Seat.RootPort : null;
            var port = Root.AddRootPort(name, dump?.Options ?? OptionsOf(item));
            _sockets.Add(name, new Socket(port, port.Function, dump?.Link ?? item.Link, ProfileOf(item)));
            Platform?.Stand(port.Function, dump);
            if (Platform?.RootPortName == name) WireSwitches(Platform, name);
        }

        // The checks made sure of a tree: each pass plugs at least one switch whose port above exists by now.
        var pending = topology.Switches.Items.ToList();
        while (pending.Count > 0)
        {
            foreach (var (name, position, item) in pending.Where(s => _sockets.ContainsKey(s.Value.At.Name)).ToList())
            {
                var options = new SwitchOptions
                {
                    Latency = item.Latency,
                    PortNames = [.. item.Ports.Names],
                    PortsWithoutAcs = [.. item.Ports.Items.Where(p => !p.Value.HasAcs).Select(p => p.Name)],
                };
                var sw = new Switch(Sim, name, item.Ports.Items.Count, options);
                Switches.Add(sw);
                Plug(item.At.Name, sw.Upstream, item.Link);
                foreach (var (port, hardware) in item.Ports.Items.Zip(sw.Downstream))
                    _sockets.Add($"{name}.{port.Name}", new Socket(hardware, hardware.Function, port.Value.Link, ProfileOf(port.Value)));
                pending.RemoveAll(s => s.Name == name);
            }
        }

        foreach (var (name, _, item) in topology.Devices.Items)
        {
            var unit = new DeviceUnit(Sim, name, item);
            Devices.Add(unit);
            if (item.Model == DeviceModel.Traffic) _generators.AddRange(unit.Device.Functions);
            if (Platform?.DeviceName == name) Platform.Stand(unit.Pf, Platform.Seat.Device);
            Plug(item.At.Name, unit.Device, item.Link);
        }
    }

    /// <summary>The switches of a dumped machine between its Root Port and the place where the script's devices go.</summary>
    private void WireSwitches(PlatformSetup platform, string at)
    {
        foreach (var dumped in platform.Seat.Switches)
        {
            var options = new SwitchOptions
            {
                Up = dumped.Up?.PortOptions ?? new SwitchPortOptions(),
                Down = dumped.Down.PortOptions,
                Acs = dumped.Down.Options.Acs,
                Dpc = dumped.Down.Options.Dpc,
            };
            var sw = new Switch(Sim, $"switch@{(dumped.Up ?? dumped.Down).Function.Id}", 1, options);
            Switches.Add(sw);
            var above = _sockets[at];
            Plug(at, sw.Upstream, dumped.Up?.Link ?? above.Shape);
            var below = sw.Downstream[0];
            _sockets[at] = above with { Port = below, Shape = dumped.Down.Link ?? above.Shape };
            _sockets.Add($"{sw.Name}.p0", new Socket(below, below.Function, _sockets[at].Shape, above.Profile));
            platform.Stand(sw.Upstream.Function, dumped.Up);
            platform.Stand(below.Function, dumped.Down);
        }
    }

    private void Plug(string at, Port lower, LinkShape shape)
    {
        var socket = _sockets[at];
        var speed = (LinkSpeed)Math.Min(socket.Shape.Generation, shape.Generation);
        var width = (LinkWidth)Math.Min(socket.Shape.Lanes, shape.Lanes);
        Links.Add(Link.Connect(socket.Port, lower, speed, width, socket.Profile));
    }

    // Root Ports of today offer no P2P Egress Control; one that a script enables it at does.
    private static RootPortOptions OptionsOf(RootPortItem item)
    {
        var usual = new RootPortOptions();
        return usual with { Acs = item.HasAcs, AcsSupported = usual.AcsSupported | HostPolicies.Acs(item.Acs ?? []) };
    }

    private static IEnumerable<(string Name, RootPortItem Item)> Ports(Topology topology) => topology.RootPorts.Items
        .Select(p => (p.Name, p.Value))
        .Concat(topology.Switches.Items.SelectMany(s => s.Value.Ports.Items.Select(p => ($"{s.Name}.{p.Name}", p.Value))));

    /// <summary>ACS of a port as the script has it, in place of what the kernel enabled; a dumped port keeps the dump's.</summary>
    private async Task EnableAcsAsync(string name, RootPortItem item)
    {
        if (item.Acs is not { } mechanisms || !item.HasAcs || Platform?.RootPortName == name && Platform.Seat.RootPort is not null) return;
        var function = _sockets[name].Function;
        var acs = function.Config.FindExtendedCapability(ExtendedCapabilityId.AccessControlServices);
        await Kernel[function.Id].UpdateAsync(acs + AcsControl, 2, 0x7F, (uint)HostPolicies.Acs(mechanisms));
        uint vector = 0;
        foreach (var blocked in item.Blocks) vector |= 1u << ((BridgeFunction)_sockets[blocked.Name].Function).PortNumber;
        if (vector != 0) await Kernel[function.Id].UpdateAsync(acs + EgressControlVector, 4, uint.MaxValue, vector);
    }

    private IReadOnlyList<string> NamesOf(KernelGroups groups)
    {
        var names = Named().ToLookup(n => n.Function.Id, n => n.Name);
        return [.. groups.Groups.Select(g => string.Join(", ", g.Select(f => names[f.Id].FirstOrDefault() ?? f.Id.ToString())))];
    }

    private static LinkProfile ProfileOf(RootPortItem item)
    {
        var profile = item.Profile switch
        {
            LinkCost.DllpOverhead => LinkProfile.DllpOverhead,
            LinkCost.PublishedBaseline => LinkProfile.PublishedBaseline,
            _ => LinkProfile.Standard,
        };
        return profile with { Propagation = item.Propagation };
    }

    private async Task OverrideKindsAsync(Func<SourcePosition, bool> which)
    {
        await OverrideAsync(RootPortsKind, Root.RootPorts.Select(p => (Function)p.Function), which);
        await OverrideAsync(SwitchPortsKind, SwitchPorts.Select(p => (Function)p.Function), which);
        await OverrideAsync(FunctionsKind, Devices.Select(d => (Function)d.Pf), which);
    }

    private IEnumerable<SwitchPort> SwitchPorts => Switches.SelectMany(s => s.Downstream.Append(s.Upstream));

    private async Task OverrideAsync(string component, IEnumerable<Function> functions, Func<SourcePosition, bool> which)
    {
        if (_script.Registers.Find(component) is not { } overrides) return;
        var isKind = component is RootPortsKind or SwitchPortsKind or FunctionsKind;
        foreach (var function in functions)
        {
            foreach (var (path, position, value) in overrides.Value.Items.Where(i => which(i.Position)))
            {
                if (RegisterField.Find(function.Config, path) is { } field)
                {
                    await WriteAsync(function, field, value);
                    Platform?.Overridden(function.Name, path, position);
                }
                else if (Platform?.Lacks(function.Name, path, value) == true) continue;
                else if (!isKind || Named().All(n => RegisterField.Find(n.Function.Config, path) is null))
                    throw new ScriptException(position, RegisterField.Unknown(component, function.Config, path));
            }
        }
    }

    private Task WriteAsync(Function function, RegisterField field, ulong value) =>
        Kernel[function.Id].UpdateAsync(field.Offset, field.Bytes, field.Mask, ((uint)value << field.Lsb) & field.Mask);

    private async Task ChangeAsync(RegisterChange change)
    {
        var function = Root.RootPorts.Select(p => (Function)p.Function).Concat(SwitchPorts.Select(p => (Function)p.Function))
            .Concat(Devices.SelectMany(d => d.Vfs.Append(d.Pf))).FirstOrDefault(f => f.Name == change.Function);
        if (function is not null && RegisterField.Find(function.Config, change.Path) is { } field)
            await WriteAsync(function, field, change.Value);
    }

    private sealed record Socket(Port Port, Function Function, LinkShape Shape, LinkProfile Profile);
}
