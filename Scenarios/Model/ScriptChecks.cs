using System.Text.RegularExpressions;
using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>What the shape of a script cannot say: names that must exist, and topologies that can be built.</summary>
internal static partial class ScriptChecks
{
    private static readonly string[] Kinds = ["root-ports", "switch-ports", "functions"];

    public static void Check(Script script, ErrorList errors)
    {
        TopologyChecks.Check(script.Topology, errors);
        var components = Components(script.Topology).ToList();
        foreach (var set in script.Registers.Items)
        {
            Known(errors, "component", new Reference(set.Name, set.Position), [.. Kinds, .. components]);
            foreach (var field in set.Value.Items.Where(f => !f.Name.Contains('.')))
                errors.Add(field.Position,
                    $"register '{field.Name}' names no field; expected 'Register.Field', like 'Device Control.URRE'");
        }
        foreach (var actor in script.Actors.Items)
        {
            Function(errors, script, actor.Value.Maps);
            if (actor.Value.Kind == ActorKind.Guest && IsTraffic(script, actor.Value.Maps))
                errors.Add(actor.Value.Maps.Position, "no guest drives a traffic generator; expected another device, or 'kind: process'");
        }

        SpaceChecks.Check(script, errors, of => Function(errors, script, of));
        if (script.Timeline.Count == 0) errors.Add(script.PositionOf("timeline"), "the timeline is empty; expected at least one entry");
        foreach (var entry in script.Timeline) Entry(errors, script, entry);
    }

    private static void Entry(ErrorList errors, Script script, TimelineEntry entry)
    {
        switch (entry)
        {
            case WorkEntry work: Known(errors, "actor", work.By, script.Actors.Names); break;
            case PollHealthEntry poll: Known(errors, "actor", poll.By, script.Actors.Names); break;
            case MigrateEntry migrate: Function(errors, script, migrate.Of); break;
            case TrafficEntry traffic: Traffic(errors, script, traffic); break;
            case StoreEntry store: Access(errors, script, store.By, store.To, store.PositionOf("bytes"), store.Bytes); break;
            case LoadEntry load: Access(errors, script, load.By, load.From, load.PositionOf("bytes"), load.Bytes); break;
            default:
                if (SpaceChecks.Entry(script, errors, entry, of => Function(errors, script, of))) break;
                throw new InvalidOperationException($"{entry.GetType().Name} has no check");
        }
        if (entry.At.Point != MigrationPoint.Start && !script.Timeline.OfType<MigrateEntry>().Any())
            errors.Add(entry.PositionOf("at"),
                $"nothing migrates, so '{entry.At.Point.Word()}' never comes; expected a time, or a 'do: migrate' entry");
    }

    private static void Access(ErrorList errors, Script script, Reference by, MmioPlace place, SourcePosition at, ByteSize bytes)
    {
        Known(errors, "actor", by, script.Actors.Names);
        Function(errors, script, place.Function);
        if (bytes.Bytes is not (1 or 2 or 4 or 8)) errors.Add(at, $"a CPU access of {bytes}; expected 1B, 2B, 4B or 8B");
        if (script.Actors.Find(by.Name)?.Value.Maps is { } maps && (maps.Device, maps.Vf) != (place.Function.Device, place.Function.Vf))
            errors.Add(place.Function.Position, $"'{by.Name}' has mapped {maps}, not {place.Function}; expected a place in {maps}");
    }

    private static void Traffic(ErrorList errors, Script script, TrafficEntry traffic)
    {
        Function(errors, script, traffic.Of);
        if (traffic.To.Bar is { } place) Function(errors, script, place.Function);
        if (script.Topology.Devices.Find(traffic.Of.Device) is not null && !IsTraffic(script, traffic.Of))
            errors.Add(traffic.Of.Position, $"'{traffic.Of.Device}' generates no traffic; expected a device with 'model: traffic'");
        foreach (var size in traffic.Bytes.Where(b => b.Bytes is < 1 or > 4096))
            errors.Add(traffic.PositionOf("bytes"), $"a transfer of {size}; expected 1B to 4KiB");
        if (traffic.Bytes.Count == 0) errors.Add(traffic.PositionOf("bytes"), "no size; expected 1B to 4KiB, or a list of sizes");
        if (traffic.For <= Sim.Core.SimDuration.Zero) errors.Add(traffic.PositionOf("for"), "no time at all; expected a time like 50us");
    }

    private static bool IsTraffic(Script script, FunctionName function) =>
        script.Topology.Devices.Find(function.Device)?.Value.Model == DeviceModel.Traffic;

    private static void Function(ErrorList errors, Script script, FunctionName function)
    {
        if (!Known(errors, "device", new Reference(function.Device, function.Position), script.Topology.Devices.Names)) return;
        var vfs = script.Topology.Devices.Find(function.Device)!.Value.Vfs;
        if (function.Vf >= vfs)
            errors.Add(function.Position, vfs == 0
                ? $"'{function.Device}' has no VFs; expected '{function.Device}', or 'vfs: 1' or more in the device"
                : $"'{function.Device}' has {vfs} VFs; expected {function.Device}.vf0 to {function.Device}.vf{vfs - 1}");
    }

    internal static bool Known(ErrorList errors, string what, Reference reference, IEnumerable<string> names)
    {
        var known = names.ToList();
        if (known.Contains(reference.Name)) return true;
        var hint = NearestWord.Hint(reference.Name, known);
        var expected = known.Count == 0 ? $"a {what} to be declared" : $"one of {Words.Listed(known)}";
        errors.Add(reference.Position, $"no {what} is called '{reference.Name}'{hint}; expected {expected}");
        return false;
    }

    private static IEnumerable<string> Components(Topology topology) =>
    [
        .. topology.RootPorts.Names,
        .. topology.Switches.Items.SelectMany(s => (string[])[s.Name, .. s.Value.Ports.Names.Select(p => $"{s.Name}.{p}")]),
        .. topology.Devices.Items.SelectMany(d =>
            (string[])[d.Name, .. Enumerable.Range(0, d.Value.Vfs).Select(v => $"{d.Name}.vf{v}")]),
    ];

    [GeneratedRegex("^[a-z][a-z0-9_-]*$")]
    internal static partial Regex Name();
}
