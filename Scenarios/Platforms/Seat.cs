using Scenarios.Dumps;
using Scenarios.Language;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Scenarios.Platforms;

/// <summary>
/// Where on a dumped machine a script's devices sit: the Root Port above them, the switches between, and the Endpoint whose place the first
/// device takes. What the dump does not hold of that path is the script's own.
/// </summary>
internal sealed class Seat
{
    private Seat(DumpedMachine machine, LspciFunction named)
    {
        (File, Named) = (machine.File, named);
        var port = named.IsEndpoint() ? machine.Above(named) : named;
        var switches = new List<DumpedSwitch>();
        while (port is not null && port.PortType() == PciePortType.DownstreamPort)
        {
            var up = machine.Above(port) is { } above && above.PortType() == PciePortType.UpstreamPort ? above : null;
            switches.Insert(0, new DumpedSwitch(up is null ? null : new DumpedPart(up), new DumpedPart(port)));
            port = up is null ? null : machine.Above(up);
        }

        Switches = switches;
        if (port?.PortType() == PciePortType.RootPort || (port is not null && IsLikelyRootPort(machine, port)))
            RootPort = new DumpedPart(port);
        var device = named.IsEndpoint() ? named : machine.JustBelow(named).FirstOrDefault(f => f.IsEndpoint() && f.U16(0) != 0xFFFF);
        Device = device is null ? null : new DumpedPart(device);
        MaxReadRequestSize = Device?.MaxReadRequestSize
            ?? (machine.Below(named).FirstOrDefault(f => f.IsEndpoint()) is { } other ? new DumpedPart(other).MaxReadRequestSize : null);
    }

    /// <summary>Name of the dump, without its folder: a run does not say where it was made.</summary>
    public string File { get; }

    /// <summary>The Function that was named, or chosen.</summary>
    public LspciFunction Named { get; }

    /// <summary>The Root Port; null if the dump does not hold it.</summary>
    public DumpedPart? RootPort { get; }

    /// <summary>The switches below it, from the top.</summary>
    public IReadOnlyList<DumpedSwitch> Switches { get; }

    /// <summary>The Endpoint whose place the script's first device takes; null if there was none.</summary>
    public DumpedPart? Device { get; }

    /// <summary>Everything that comes from the dump, from the top.</summary>
    public IEnumerable<DumpedPart> Parts =>
        new[] { RootPort }.Concat(Switches.SelectMany(s => new[] { s.Up, s.Down })).Append(Device).OfType<DumpedPart>();

    /// <summary>Max_Payload_Size in force, for the whole hierarchy; null if the dump does not hold it.</summary>
    public int? MaxPayloadSize => Parts.Select(p => p.MaxPayloadSize).FirstOrDefault(s => s is not null);

    /// <summary>Max_Read_Request_Size of the device, or of what is below the port; null if the dump does not hold it.</summary>
    public int? MaxReadRequestSize { get; }

    /// <summary>What the dump could not say.</summary>
    public IEnumerable<string> Notes => Parts.SelectMany(p => p.Notes);

    /// <summary>Reads a dump, or a machine that <c>pciesim topology</c> wrote, and chooses the place.</summary>
    /// <param name="file">The dump.</param>
    /// <param name="port">The Function that is the place: <c>00:02.0</c> or <c>0000:00:02.0</c>. A Root Port or Switch Downstream Port, to
    /// attach to; or an Endpoint, to replace. Null for the first Root Port with a Function below it.</param>
    /// <exception cref="ScriptException">The dump cannot be read, or has no such place.</exception>
    public static Seat Read(string file, string? port = null) => In(DumpedMachine.Read(file), port);

    /// <summary>As <see cref="Read"/>, from a text.</summary>
    public static Seat Parse(string file, string text, string? port = null) => In(DumpedMachine.Parse(file, text), port);

    private static Seat In(DumpedMachine machine, string? port) => new(machine, port is null ? Choose(machine) : Find(machine, port));

    private static LspciFunction Choose(DumpedMachine machine)
    {
        var places = Places(machine).ToList();
        if (places.Count == 0)
        {
            var count = machine.Functions.Count == 1 ? "one Function" : $"{machine.Functions.Count} Functions";
            throw new ScriptException(machine.PositionOf(machine.Functions[0]),
                $"no device can be attached or replaced in this dump of {count}; expected a Root Port, a Switch Downstream Port or an "
                + "Endpoint (Device/Port Type 4h, 6h, 0h or 1h, §7.5.3.2)");
        }

        return places.FirstOrDefault(f => IsRoot(f) && machine.Below(f).Any()) ?? places.FirstOrDefault(IsRoot) ?? places[0];

        static bool IsRoot(LspciFunction f) => f.IsBridge() && f.PortType() is null or PciePortType.RootPort;
    }

    private static LspciFunction Find(DumpedMachine machine, string port)
    {
        var places = Places(machine).ToList();
        var known = places.Count == 0 ? "expected a dump with a port"
            : $"expected one of {Words.Listed(places.Select(f => f.Id.ToString()))}";
        var named = machine.Find(port)
            ?? throw new ScriptException(new SourcePosition(machine.Path, 1, 1), $"--port {port} is not in this dump; {known}");
        return places.Contains(named) ? named
            : throw new ScriptException(machine.PositionOf(named), $"--port {port} is a {named.Kind()}, where no device can be; {known}");
    }

    /// <summary>Where devices can be, in the order of preference.</summary>
    private static IEnumerable<LspciFunction> Places(DumpedMachine machine) =>
    [
        // A chipset's upstream interface may call itself a Root Port, too; without a Type 1 header nothing can hang below it.
        .. machine.Functions.Where(f => f.IsBridge() && f.PortType() == PciePortType.RootPort),
        .. machine.Functions.Where(f => IsLikelyRootPort(machine, f)),
        .. machine.Functions.Where(f => f.IsBridge() && f.PortType() == PciePortType.DownstreamPort),
        .. machine.Functions.Where(f => f.IsEndpoint() && f.U16(0) != 0xFFFF),
    ];

    /// <summary>A bridge of a dump too short to tell what it is, that is below no other: a Root Port, for all it says.</summary>
    private static bool IsLikelyRootPort(DumpedMachine machine, LspciFunction f) =>
        f.IsBridge() && f.Image.Length == 64 && !machine.IsBelowAny(f);
}

/// <summary>The ports of a switch that lie on the way: its Upstream Port may be missing in the dump.</summary>
internal sealed record DumpedSwitch(DumpedPart? Up, DumpedPart Down);
