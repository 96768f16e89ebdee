using Scenarios.Language;
using Sim.Pcie.Config;

namespace Scenarios.Dumps;

/// <summary>A machine as its dump shows it: every Function with the bytes it has, and what is above and below each.</summary>
internal sealed class DumpedMachine
{
    private const string DumpKind = "a dump as 'lspci -xxxx' prints it";
    private const int LargestDump = 64 << 20;

    private readonly Func<LspciFunction, int, SourcePosition> _places;
    private readonly Dictionary<(int Domain, int Bus), LspciFunction> _bridges = [];

    /// <param name="path">The file, for messages.</param>
    /// <param name="functions">Its Functions, each once.</param>
    /// <param name="places">Where a byte of a Function stands in the file.</param>
    /// <exception cref="ScriptException">The Functions contradict each other or themselves.</exception>
    public DumpedMachine(string path, IReadOnlyList<LspciFunction> functions, Func<LspciFunction, int, SourcePosition> places)
    {
        (Path, Functions, _places) = (path, functions, places);
        DumpChecks.Check(this);
        foreach (var bridge in functions.Where(f => f.IsBridge() && f.Secondary() != 0))
            _bridges[(bridge.Domain, bridge.Secondary())] = bridge;
    }

    /// <summary>The file it was read from.</summary>
    public string Path { get; }

    /// <summary>Name of that file, without its folder: a run does not say where it was made.</summary>
    public string File => System.IO.Path.GetFileName(Path);

    public IReadOnlyList<LspciFunction> Functions { get; }

    /// <summary>Reads a dump, or what <c>pciesim topology</c> made of one.</summary>
    /// <exception cref="ScriptException">It cannot be read.</exception>
    public static DumpedMachine Read(string path)
    {
        if (System.IO.Path.GetExtension(path) is ".yaml" or ".yml") return MachineReader.Read(YamlReader.ReadMachine(path));
        return Parse(path, ScriptText.Read(path, DumpKind, LargestDump));
    }

    /// <summary>Reads the text of a dump.</summary>
    /// <exception cref="ScriptException">It cannot be read.</exception>
    public static DumpedMachine Parse(string path, string text)
    {
        try
        {
            return new DumpedMachine(path, LspciDump.Parse(text), (f, offset) =>
            {
                var (line, column) = f.PlaceOf(offset);
                return new SourcePosition(path, line, column);
            });
        }
        catch (LspciFormatException e)
        {
            throw new ScriptException(new SourcePosition(path, e.Line, e.Column), e.Complaint);
        }
    }

    /// <summary>Where a byte of a Function stands in the file.</summary>
    public SourcePosition PositionOf(LspciFunction function, int offset = 0) => _places(function, offset);

    /// <summary>The Function that a text names: <c>00:02.0</c>, or <c>0001:00:02.0</c> where there are several domains; null if none
    /// is.</summary>
    public LspciFunction? Find(string name) => Functions.FirstOrDefault(f => name == f.Name() || name == f.Id.ToString());

    /// <summary>The bridge whose secondary bus the Function is on; null on a bus to which no bridge of the dump leads.</summary>
    public LspciFunction? Above(LspciFunction function) =>
        _bridges.GetValueOrDefault((function.Domain, function.Id.Bus));

    /// <summary>Whether some bridge of the dump forwards to the Function's bus.</summary>
    public bool IsBelowAny(LspciFunction function) => _bridges.Values.Any(b =>
        b.Domain == function.Domain && function.Id.Bus >= b.Secondary() && function.Id.Bus <= b.Subordinate());

    /// <summary>The Functions on a bridge's secondary bus.</summary>
    public IEnumerable<LspciFunction> JustBelow(LspciFunction bridge) => !bridge.IsBridge() || bridge.Secondary() == 0 ? []
        : Functions.Where(f => f.Domain == bridge.Domain && f.Id.Bus == bridge.Secondary());

    /// <summary>The Functions on all buses that a bridge forwards to.</summary>
    public IEnumerable<LspciFunction> Below(LspciFunction bridge) => !bridge.IsBridge() || bridge.Secondary() == 0 ? []
        : Functions.Where(f => f.Domain == bridge.Domain && f.Id.Bus >= bridge.Secondary() && f.Id.Bus <= bridge.Subordinate());
}
