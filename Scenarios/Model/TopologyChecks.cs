using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>Topologies that can be built: a tree, one plug per socket, every name once.</summary>
internal static class TopologyChecks
{
    public static void Check(Topology topology, ErrorList errors)
    {
        Names(topology, errors);
        if (topology.RootPorts.Items.Count == 0)
            errors.Add(topology.PositionOf("root_ports"), "impossible topology: there is no Root Port; expected at least one");
        if (topology.Devices.Items.Count == 0)
            errors.Add(topology.PositionOf("devices"), "impossible topology: there is no device; expected at least one");
        foreach (var s in topology.Switches.Items.Where(s => s.Value.Ports.Items.Count == 0))
            errors.Add(s.Value.PositionOf("ports"),
                $"impossible topology: switch '{s.Name}' has no Downstream Port; expected at least one");

        var sockets = topology.RootPorts.Names
            .Concat(topology.Switches.Items.SelectMany(s => s.Value.Ports.Names.Select(p => $"{s.Name}.{p}"))).ToList();
        var taken = new Dictionary<string, string>();
        foreach (var (name, at) in topology.Switches.Items.Select(s => (s.Name, s.Value.At))
            .Concat(topology.Devices.Items.Select(d => (d.Name, d.Value.At))))
        {
            if (topology.Devices.Find(at.Name) is not null)
                errors.Add(at.Position,
                    $"impossible topology: '{name}' is plugged into the device '{at.Name}'; expected a port: {Words.Listed(sockets)}");
            else if (!ScriptChecks.Known(errors, "port", at, sockets)) continue;
            else if (!taken.TryAdd(at.Name, name))
                errors.Add(at.Position, $"impossible topology: '{at.Name}' already holds '{taken[at.Name]}'; expected one plug to a port");
        }
        foreach (var (name, port) in topology.RootPorts.Items.Select(p => (p.Name, p.Value)))
            Acs(errors, name, port, topology.RootPorts.Names);
        foreach (var s in topology.Switches.Items)
            foreach (var port in s.Value.Ports.Items)
                Acs(errors, $"{s.Name}.{port.Name}", port.Value, s.Value.Ports.Names.Select(p => $"{s.Name}.{p}"));
        foreach (var device in topology.Devices.Items.Select(d => d.Value))
        {
            Aperture(errors, device);
            ImageChunk(errors, device);
        }

        Cycles(topology, errors);
    }

    private static void Aperture(ErrorList errors, DeviceItem device)
    {
        if (device.Aperture is not { } size) return;
        if (device.Model is DeviceModel.Mlx5 or DeviceModel.Traffic)
            errors.Add(device.PositionOf("aperture"),
                $"model '{device.Model.Word()}' has no aperture; expected a simple device, like plain");
        if (size.Bytes is < 1 << 20 or > 1L << 36 || (size.Bytes & (size.Bytes - 1)) != 0)
            errors.Add(device.PositionOf("aperture"), $"an aperture of {size}; expected a power of two from 1MiB to 64GiB");
    }

    private static void ImageChunk(ErrorList errors, DeviceItem device)
    {
        if (device.ImageChunk is not { } chunk) return;
        if (device.Model != DeviceModel.Mlx5)
            errors.Add(device.PositionOf("image_chunk"), $"model '{device.Model.Word()}' has no images in chunks; expected model 'mlx5'");
        if (chunk.Bytes is < 64 or > 1 << 20)
            errors.Add(device.PositionOf("image_chunk"), $"a chunk of {chunk}; expected 64B to 1MiB");
    }

    private static void Acs(ErrorList errors, string name, RootPortItem port, IEnumerable<string> neighbours)
    {
        var acs = port.Acs ?? [];
        if (acs.Count > 1 && acs.Any(a => a is AcsMechanism.Absent or AcsMechanism.None))
            errors.Add(port.PositionOf("acs"), "'absent' and 'none' leave nothing to enable; expected one of them alone, or mechanisms");
        if (port.Blocks.Count > 0 && !acs.Contains(AcsMechanism.EgressControl))
            errors.Add(port.PositionOf("blocks"), "'blocks' has no effect without egress-control; expected 'acs' to enable it");
        foreach (var blocked in port.Blocks)
            ScriptChecks.Known(errors, $"neighbour of '{name}'", blocked, neighbours.Where(n => n != name));
    }

    private static void Names(Topology topology, ErrorList errors)
    {
        var first = new Dictionary<string, SourcePosition>();
        var all = topology.RootPorts.Items.Select(i => (i.Name, i.Position))
            .Concat(topology.Switches.Items.Select(i => (i.Name, i.Position)))
            .Concat(topology.Devices.Items.Select(i => (i.Name, i.Position)));
        foreach (var (name, position) in all)
        {
            if (!ScriptChecks.Name().IsMatch(name))
                errors.Add(position,
                    $"'{name}' is no name for a component; expected a lower-case letter, then letters, digits, '-' or '_'");
            if (!first.TryAdd(name, position))
                errors.Add(position, $"duplicate '{name}', first written on line {first[name].Line}; expected each component's name once");
        }
    }

    private static void Cycles(Topology topology, ErrorList errors)
    {
        foreach (var start in topology.Switches.Items)
        {
            var path = new List<string> { start.Name };
            for (var s = Above(start.Value); s is not null; s = Above(s.Value))
            {
                path.Add(s.Name);
                if (s.Name == start.Name)
                {
                    errors.Add(start.Value.At.Position,
                        $"cyclic topology: {string.Join(" -> ", path)}; expected every switch to lead up to a Root Port");
                    break;
                }
                if (path.Count > topology.Switches.Items.Count) break;
            }
        }

        NamedItem<SwitchItem>? Above(SwitchItem s) => topology.Switches.Find(s.At.Name.Split('.')[0]);
    }
}
