using System.Globalization;
using Scenarios.Language;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Scenarios.Dumps;

/// <summary>Reads what <see cref="MachineWriter"/> writes: the offset in front of a name says where a value goes, its digits how wide it
/// is.</summary>
internal sealed class MachineReader
{
    private readonly Dictionary<(LspciFunction Function, int Offset), SourcePosition> _places = [];
    private readonly Dictionary<string, SourcePosition> _functions = [];

    /// <summary>Whether a YAML file describes a machine rather than a scenario.</summary>
    public static bool IsMachine(MappingNode root) => root.Find("functions") is not null;

    /// <exception cref="ScriptException">It is no machine.</exception>
    public static DumpedMachine Read(MappingNode root) => new MachineReader().Machine(root);

    private DumpedMachine Machine(MappingNode root)
    {
        foreach (var (key, _) in root.Entries.Where(e => e.Key.Text is not ("machine" or "functions")))
            throw Wrong(key, $"unknown key '{key.Text}'", "machine and functions, as 'pciesim topology' writes them");
        if (root.Find("functions") is not MappingNode { Entries.Count: > 0 } functions)
            throw Wrong(root, "this file describes no Function", "'functions:' with at least one, as 'pciesim topology' writes them");
        var read = functions.Entries.Select(e => Function(e.Key, e.Value)).ToList();
        return new DumpedMachine(root.Position.File, read, (f, offset) =>
            _places.GetValueOrDefault((f, offset), _functions[f.Name()]));
    }

    private LspciFunction Function(ScalarNode key, ScriptNode value)
    {
        var colon = key.Text.IndexOf(':');
        if (colon < 0
            || !int.TryParse(key.Text.AsSpan(0, colon), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var domain)
            || !RoutingId.TryParse(key.Text.AsSpan(colon + 1), out var id))
            throw Wrong(key, $"'{key.Text}' is no address of a Function", "domain:bus:device.function, as in 0000:00:02.0");
        var node = value as MappingNode
            ?? throw Wrong(value, $"{key.Text} is {value.Described}", "a mapping with bytes, registers and other");
        foreach (var (wrong, _) in node.Entries.Where(e => e.Key.Text is not ("bytes" or "registers" or "other")))
            throw Wrong(wrong, $"unknown key '{wrong.Text}' of {key.Text}", "bytes, registers or other");
        if (node.Find("bytes") is not ScalarNode bytes)
            throw Wrong(node, $"{key.Text} does not say how much was dumped", "'bytes:' with 64, 128, 256 or 4096");
        if (!int.TryParse(bytes.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            || size is not (64 or 128 or ConfigSpace.ConventionalSize or ConfigSpace.ExtendedSize))
            throw Wrong(bytes, $"'{bytes.Text}' bytes of {key.Text}", "64, 128, 256 or 4096");
        var function = new LspciFunction(domain, id, new byte[size]) { Line = key.Position.Line };
        _functions[function.Name()] = key.Position;
        var taken = new SourcePosition?[size];
        foreach (var (name, cell) in Entries(node, "registers"))
        {
            var text = Text(cell);
            if (!text.StartsWith("0x", StringComparison.Ordinal) || text.Length is not (4 or 6 or 10)
                || !uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number))
                throw Wrong(cell, $"'{text}' is no register value", "0x and two, four or eight hexadecimal digits");
            for (var i = 0; i < (text.Length - 2) / 2; i++) Put(function, taken, name, Offset(name) + i, (byte)(number >> (8 * i)));
        }

        foreach (var (name, cell) in Entries(node, "other"))
        {
            var at = Offset(name);
            foreach (var cellText in Text(cell).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                if (cellText.Length != 2
                    || !byte.TryParse(cellText, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number))
                    throw Wrong(cell, $"'{cellText}' is no byte", "two hexadecimal digits a byte, with spaces between");
                Put(function, taken, name, at++, number);
            }
        }

        return function;
    }

    private void Put(LspciFunction function, SourcePosition?[] taken, ScalarNode name, int offset, byte value)
    {
        if (offset >= taken.Length)
            throw Wrong(name, $"'{name.Text}' lies at {offset:x3}h", $"an offset inside the {taken.Length} bytes of {function.Name()}");
        if (taken[offset] is { } first)
            throw Wrong(name, $"byte {offset:x3}h of {function.Name()} is given twice, first on line {first.Line}", "each byte once");
        taken[offset] = name.Position;
        function.Image[offset] = value;
        _places[(function, offset)] = name.Position;
    }

    private static IEnumerable<(ScalarNode Name, ScriptNode Value)> Entries(MappingNode node, string key) => node.Find(key) switch
    {
        null => [],
        MappingNode mapping => mapping.Entries.Select(e => (e.Key, e.Value)),
        var other => throw Wrong(other, $"'{key}' is {other.Described}", "a mapping from offsets to values"),
    };

    private static int Offset(ScalarNode name)
    {
        var digits = name.Text.Split(' ')[0];
        return digits.StartsWith("0x", StringComparison.Ordinal)
            && int.TryParse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var at)
            && at is >= 0 and < ConfigSpace.ExtendedSize
                ? at
                : throw Wrong(name, $"'{name.Text}' does not begin with an offset", "0x000 to 0xfff, then the register's name");
    }

    private static string Text(ScriptNode node) =>
        node is ScalarNode scalar ? scalar.Text : throw Wrong(node, $"the value is {node.Described}", "a hexadecimal value");

    private static ScriptException Wrong(ScriptNode node, string wrong, string expected) =>
        new(node.Position, $"{wrong}; expected {expected}");
}
