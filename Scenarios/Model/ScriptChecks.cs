using System.Text.RegularExpressions;
using Scenarios.Language;
using Sim.Pcie.Errors;
using Sim.Pcie.Inject;

namespace Scenarios.Model;

/// <summary>What the shape of a script cannot say: names that must exist, and topologies that can be built.</summary>
internal static partial class ScriptChecks
{
    private const string AerInjectKind = "an aer-inject file";

    private static readonly string[] Kinds = ["root-ports", "switch-ports", "functions"];

    /// <param name="script">The script.</param>
    /// <param name="folder">The folder that files are named from.</param>
    /// <param name="errors">Takes what is wrong.</param>
    public static void Check(Script script, string folder, ErrorList errors)
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
            foreach (var function in actor.Value.Functions) Function(errors, script, function);
            if (actor.Value.Kind == ActorKind.Guest && IsTraffic(script, actor.Value.Maps))
                errors.Add(actor.Value.Maps.Position, "no guest drives a traffic generator; expected another device, or 'kind: process'");
        }

        MigrationChecks.Check(script, errors);
        SpaceChecks.Check(script, errors, of => Function(errors, script, of));
        if (script.Timeline.Count == 0) errors.Add(script.PositionOf("timeline"), "the timeline is empty; expected at least one entry");
        foreach (var inject in script.Timeline.OfType<AerInjectEntry>()) AerInject(errors, folder, inject);
        foreach (var entry in script.Timeline) Entry(errors, script, entry);
    }

    private static void Entry(ErrorList errors, Script script, TimelineEntry entry)
    {
        switch (entry)
        {
            case WorkEntry work: MigrationChecks.Guests(script, errors, work.By); break;
            case PollHealthEntry poll: Known(errors, "actor", poll.By, script.Actors.Names); break;
            case MigrateEntry migrate: Function(errors, script, migrate.Of); break;
            case InjectEntry inject: Injected(errors, script, inject); break;
            case AerInjectEntry: break;
            case LinkFaultEntry fault: Known(errors, "port", fault.On, Sockets(script.Topology)); break;
            case SendTlpEntry send: SendTlp(errors, script, send); break;
            case WriteConfigEntry write: Opened(errors, script, write.Of); break;
            case HarassEntry harass: Harass(errors, script, harass); break;
            case StreamEntry stream: Stream(errors, script, stream); break;
            case SetStateEntry state: States(errors, script, state); break;
            case ResetEntry reset: Opened(errors, script, reset.Of); break;
            case SetIrqsEntry irqs: Opened(errors, script, irqs.Of); break;
            case StoreEntry store: Access(errors, script, store.By, store.To, store.Via, store, store.Bytes); break;
            case LoadEntry load: Access(errors, script, load.By, load.From, load.Via, load, load.Bytes); break;
            case TrafficEntry traffic: Traffic(errors, script, traffic); break;
            default:
                if (SpaceChecks.Entry(script, errors, entry, of => Function(errors, script, of))) break;
                throw new InvalidOperationException($"{entry.GetType().Name} has no check");
        }
        if (entry.At.Point != MigrationPoint.Start && !script.Timeline.OfType<MigrateEntry>().Any())
            errors.Add(entry.PositionOf("at"),
                $"nothing migrates, so '{entry.At.Point.Word()}' never comes; expected a time, or a 'do: migrate' entry");
    }

    private static void Injected(ErrorList errors, Script script, InjectEntry inject)
    {
        Known(errors, "component", inject.On, Components(script.Topology));
        if (ErrorTable.Find(inject.Error.Name) is null)
            Known(errors, "error", inject.Error, ErrorTable.All.Select(e => ErrorTable.WordOf(e.Name)));
        if (!Platforms.ErrorPlayer.TryHeader(inject.Header, out _))
            errors.Add(inject.PositionOf("header"),
                $"'{inject.Header}' is no TLP header; expected 3 or 4 DWs like '40000001 0000000f fee00000'");
    }

    private static void AerInject(ErrorList errors, string folder, AerInjectEntry inject)
    {
        if (inject.Text.Length > 0 == inject.File.Length > 0)
        {
            errors.Add(inject.Position, "this entry says both 'text' and 'file', or neither; expected one of them");
            return;
        }

        inject.Path = inject.File.Length > 0 ? Path.Combine(folder, inject.File) : null;
        try
        {
            inject.Items = AerInjectFile.Parse(inject.Path is { } path ? ScriptText.Read(path, AerInjectKind) : inject.Text);
        }
        catch (AerInjectFormatException e) when (inject.Path is { } file)
        {
            errors.Add(new SourcePosition(file, e.Line, e.Column), e.Complaint);
        }
        catch (AerInjectFormatException e)
        {
            errors.Add(inject.PositionOf("text"), $"line {e.Line}, column {e.Column} of the aer-inject text: {e.Complaint}");
        }
        catch (ScriptException e)
        {
            errors.Add(inject.PositionOf("file"), $"'{inject.File}': {e.Errors[0].Message}");
        }
    }

    private static void SendTlp(ErrorList errors, Script script, SendTlpEntry send)
    {
        Known(errors, "component", send.From, ["cpu", .. Components(script.Topology)]);
        if (send.Requester is { } requester) Known(errors, "component", requester, Components(script.Topology));
        if (send.To is { Bar: { } place }) Function(errors, script, place.Function);
        if (send.Dws.Length > 0)
        {
            if (send.To is not null) errors.Add(send.PositionOf("to"), "'dws' says the whole TLP, 'to' included; expected one of both");
            if (Platforms.TlpPlayer.Dws(send.Dws) is null)
                errors.Add(send.PositionOf("dws"),
                    $"'{send.Dws}' is no TLP; expected at least 3 DWs like '40000001 0000000f fee00000 12345678'");
            return;
        }

        if (send.To is not { } to)
        {
            errors.Add(send.Position, "this TLP goes nowhere; expected 'to' with an address or a place in a BAR, or 'dws'");
            return;
        }

        var bytes = send.Bytes.Bytes;
        var low = (to.Bar?.Offset ?? to.Address) & 0xFFF;
        if (send.Type is RequestKind.MWr or RequestKind.MRd)
        {
            if (bytes is < 1 or > 4096) errors.Add(send.PositionOf("bytes"), $"a request of {send.Bytes}; expected 1B to 4KiB");
            else if ((long)low + bytes > 4096)
                errors.Add(send.PositionOf("to"), $"{send.Bytes} from {to} on cross a 4 KiB boundary (§2.2.7); expected to stay below it");
        }
        else if (bytes is not (4 or 8) || low % (ulong)bytes != 0)
        {
            errors.Add(send.PositionOf("bytes"), $"an AtomicOp of {send.Bytes} at {to}; expected 4B or 8B, naturally aligned (§2.2.7)");
        }
    }

    private static void Access(
        ErrorList errors, Script script, Reference by, MmioPlace place, AccessPath via, TimelineEntry entry, ByteSize bytes)
    {
        Known(errors, "actor", by, script.Actors.Names);
        Function(errors, script, place.Function);
        if (bytes.Bytes is not (1 or 2 or 4 or 8))
            errors.Add(entry.PositionOf("bytes"), $"a CPU access of {bytes}; expected 1B, 2B, 4B or 8B");
        if (entry is LoadEntry && via == AccessPath.IoEventFd)
            errors.Add(entry.PositionOf("via"), "an ioeventfd makes stores only; expected 'do: store', or 'mmap', 'region' or 'config'");
        if (script.Actors.Find(by.Name)?.Value is not { } actor) return;
        if (via != AccessPath.Mmap && actor.Kind == ActorKind.Guest)
            errors.Add(entry.PositionOf("via"), $"'{by.Name}' is a guest, which has no file descriptors; expected 'mmap', or a process");
        if (actor.Functions.All(f => (f.Device, f.Vf) != (place.Function.Device, place.Function.Vf)))
            errors.Add(place.Function.Position,
                $"'{by.Name}' has mapped {actor.Maps}, not {place.Function}; expected a place in {actor.Maps}");
    }

    private static void States(ErrorList errors, Script script, SetStateEntry state)
    {
        Opened(errors, script, state.Of);
        MigrationChecks.Migratable(script, errors, state.Of);
        if (state.To.Count == 0) errors.Add(state.PositionOf("to"), "no state; expected one of them, or a list");
    }

    private static void Harass(ErrorList errors, Script script, HarassEntry harass)
    {
        if (!Known(errors, "actor", harass.By, script.Actors.Names)) return;
        if (script.Actors.Find(harass.By.Name)!.Value.Kind == ActorKind.Guest)
            errors.Add(harass.By.Position, $"'{harass.By.Name}' is a guest, which runs its driver; expected a process");
    }

    private static void Stream(ErrorList errors, Script script, StreamEntry stream)
    {
        if (!Known(errors, "actor", stream.By, script.Actors.Names)) return;
        var actor = script.Actors.Find(stream.By.Name)!.Value;
        if (actor.Kind != ActorKind.Guest || actor.Peers.Count == 0)
            errors.Add(stream.By.Position, $"'{stream.By.Name}' has no devices that reach each other; expected a guest with 'peers'");
        if (stream.Bytes.Bytes is < 8 or > 256 || (stream.Bytes.Bytes & (stream.Bytes.Bytes - 1)) != 0)
            errors.Add(stream.PositionOf("bytes"), $"an item of {stream.Bytes}; expected a power of two from 8B to 256B");
    }

    private static void Opened(ErrorList errors, Script script, FunctionName of)
    {
        Function(errors, script, of);
        var opened = script.Actors.Items.SelectMany(a => a.Value.Functions).Select(f => f.ToString()).Distinct().ToList();
        if (!opened.Contains(of.ToString()))
            errors.Add(of.Position, $"nobody has opened {of}; expected a Function that an actor maps: {Words.Listed(opened)}");
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

    internal static bool Exists(Script script, FunctionName function) =>
        script.Topology.Devices.Find(function.Device) is { } device && !(function.Vf >= device.Value.Vfs);

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

    private static IEnumerable<string> Sockets(Topology topology) =>
        topology.RootPorts.Names.Concat(topology.Switches.Items.SelectMany(s => s.Value.Ports.Names.Select(p => $"{s.Name}.{p}")));

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
