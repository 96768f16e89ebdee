using Scenarios.Language;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Scenarios.Platforms;

/// <summary>Reads the dump of a real machine and chooses the Root Port that a run takes from it.</summary>
internal sealed class PlatformDump
{
    private const string Kind = "a dump as 'lspci -xxxx' prints it";
    private const int Largest = 64 << 20;
    private const uint PciToPciBridge = 0x060400;

    private readonly string _file;
    private readonly IReadOnlyList<LspciFunction> _functions;

    private PlatformDump(string file, string text)
    {
        _file = file;
        try
        {
            _functions = LspciDump.Parse(text);
        }
        catch (LspciFormatException e)
        {
            throw new ScriptException(new SourcePosition(file, e.Line, e.Column), e.Complaint);
        }
    }

    /// <param name="file">The dump.</param>
    /// <param name="port">Which port: <c>00:02.0</c> or <c>0000:00:02.0</c>; null for the first with a Function below it.</param>
    /// <exception cref="ScriptException">The dump cannot be read, has no Root Port, or <paramref name="port"/> is none of its Root
    /// Ports.</exception>
    public static DumpedPort Read(string file, string? port = null) => Parse(file, ScriptText.Read(file, Kind, Largest), port);

    /// <summary>As <see cref="Read"/>, from a text.</summary>
    public static DumpedPort Parse(string file, string text, string? port = null)
    {
        var dump = new PlatformDump(file, text);
        var chosen = port is null ? dump.Choose() : dump.Named(port);
        return new DumpedPort(file, chosen, dump.Below(chosen).FirstOrDefault(IsEndpoint));
    }

    // A chipset's upstream interface may call itself a Root Port, too; without a Type 1 header nothing can hang below it.
    private IEnumerable<LspciFunction> RootPorts => _functions.Where(f => IsBridge(f) && TypeOf(f) == PciePortType.RootPort);

    /// <summary>Bridges of a dump too short to tell what they are, that are below no other: Root Ports, for all it says.</summary>
    private IEnumerable<LspciFunction> Likely =>
        _functions.Where(f => IsBridge(f) && f.Image.Length == 64 && !_functions.Any(above => Below(above).Contains(f)));

    private LspciFunction Choose() =>
        RootPorts.FirstOrDefault(f => Below(f).Any()) ?? RootPorts.FirstOrDefault()
        ?? Likely.FirstOrDefault(f => Below(f).Any()) ?? Likely.FirstOrDefault()
        ?? throw Wrong(1, $"no Root Port in this dump of {(_functions.Count == 1 ? "one Function" : $"{_functions.Count} Functions")}"
            + (_functions.FirstOrDefault(IsBridge) is { } bridge ? $" ({bridge.Id} {What(bridge)})" : "")
            + "; expected a Function whose Device/Port Type is 4h (§7.5.3.2)");

    private LspciFunction Named(string port)
    {
        var usable = RootPorts.Concat(Likely).ToList();
        var known = usable.Count == 0 ? "expected a dump with one" : $"expected one of {Words.Listed(usable.Select(f => f.Id.ToString()))}";
        var matches = _functions.Where(f => port == $"{f.Id}" || port == $"{f.Domain:x4}:{f.Id}").ToList();
        if (matches.Count == 0) throw Wrong(1, $"--port {port} is not in this dump; {known}");
        return matches.FirstOrDefault(usable.Contains)
            ?? throw Wrong(matches[0].Line, $"--port {port} is no Root Port, it {What(matches[0])}; {known}");
    }

    /// <summary>Functions on the buses that a bridge forwards to.</summary>
    private IEnumerable<LspciFunction> Below(LspciFunction bridge)
    {
        var (secondary, subordinate) = (bridge.Image[0x19], bridge.Image[0x1A]);
        return !IsBridge(bridge) || secondary == 0 ? []
            : _functions.Where(f => f.Domain == bridge.Domain && f.Id.Bus >= secondary && f.Id.Bus <= subordinate);
    }

    private ScriptException Wrong(int line, string message) => new(new SourcePosition(_file, line, 1), message);

    private static bool IsBridge(LspciFunction f) =>
        (f.Image[0x0E] & 0x7F) == 1 && (uint)(f.Image[0x09] | f.Image[0x0A] << 8 | f.Image[0x0B] << 16) == PciToPciBridge;

    private static bool IsEndpoint(LspciFunction f) => TypeOf(f) is PciePortType.Endpoint or PciePortType.LegacyEndpoint;

    private static PciePortType? TypeOf(LspciFunction f) =>
        f.FindCapability(CapabilityId.PciExpress) is not 0 and var at && at + 2 < f.Image.Length
            ? (PciePortType)(f.Image[at + 2] >> 4)
            : null;

    private static string What(LspciFunction f) => TypeOf(f) switch
    {
        PciePortType.Endpoint or PciePortType.LegacyEndpoint => "is an Endpoint",
        PciePortType.UpstreamPort => "is a Switch Upstream Port",
        PciePortType.DownstreamPort => "is a Switch Downstream Port",
        PciePortType.RootPort => "has no Type 1 header",
        { } other => $"has Device/Port Type {(int)other:x}h",
        null => "has no PCI Express capability",
    };
}
