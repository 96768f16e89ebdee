using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Scenarios.Language;

/// <summary>Turns YAML into <see cref="ScriptNode"/>s. Works on parse events, so that every node keeps its line and column.</summary>
internal sealed class YamlReader
{
    private const int DeepestNesting = 40;
    private const string MachineKind = "a machine that 'pciesim topology' wrote, or a scenario script";
    private const int LargestMachine = 64 << 20;
    private readonly string _file;
    private readonly Parser _parser;

    private YamlReader(string file, string text)
    {
        _file = file;
        _parser = new Parser(new StringReader(text));
    }

    public static MappingNode ReadFile(string path) => Read(path, ScriptText.Read(path));

    /// <summary>Reads a file that may be a machine, which is larger than a script.</summary>
    public static MappingNode ReadMachine(string path) => Read(path, ScriptText.Read(path, MachineKind, LargestMachine));

    public static MappingNode Read(string file, string text)
    {
        var reader = new YamlReader(file, text);
        try
        {
            return reader.Document();
        }
        catch (YamlException e)
        {
            var said = e.Message.ReplaceLineEndings(" ").TrimEnd('.');
            throw new ScriptException(Position(file, e.Start), $"this is not YAML: {said}; expected a scenario script");
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The parser trips over some unfinished texts, like an open '[' before a ':', with an exception that is not its own.
            var last = reader._parser.Current is { } read ? Position(file, read.End) : new SourcePosition(file, 1, 1);
            throw new ScriptException(last, "this is not YAML from here on; expected a scenario script");
        }
    }

    private MappingNode Document()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _)) throw Empty();
        _parser.Consume<DocumentStart>();
        var root = Node(0);
        _parser.Consume<DocumentEnd>();
        if (_parser.TryConsume<DocumentStart>(out var second))
            throw Error(At(second.Start), "a second document starts here; expected one script in a file");
        if (root is ScalarNode { Text: "" }) throw Empty();
        return root as MappingNode
            ?? throw Error(root.Position, $"the script is {root.Described}; expected a mapping that starts with 'title:'");
    }

    private ScriptNode Node(int depth)
    {
        var at = At(_parser.Current!.Start);
        if (depth > DeepestNesting) throw Error(at, $"nested deeper than {DeepestNesting} levels; expected a scenario script");
        if (_parser.Accept<NodeEvent>(out var node) && !node.Anchor.IsEmpty)
            throw Error(at, $"anchor '&{node.Anchor.Value}': a script says everything once; expected no anchors and aliases");
        if (_parser.TryConsume<Scalar>(out var scalar)) return new ScalarNode(at, scalar.Value);
        if (_parser.TryConsume<MappingStart>(out _)) return Mapping(at, depth);
        if (_parser.TryConsume<SequenceStart>(out _)) return Sequence(at, depth);
        var alias = _parser.Consume<AnchorAlias>();
        throw Error(at, $"alias '*{alias.Value.Value}': a script says everything once; expected no anchors and aliases");
    }

    private MappingNode Mapping(SourcePosition at, int depth)
    {
        var entries = new List<KeyValuePair<ScalarNode, ScriptNode>>();
        var first = new Dictionary<string, SourcePosition>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = Node(depth + 1) as ScalarNode ?? throw Error(at, "a key of this mapping is not a plain name; expected 'name: value'");
            if (!first.TryAdd(key.Text, key.Position))
                throw Error(key.Position, $"duplicate '{key.Text}', first written on line {first[key.Text].Line}; expected each name once");
            entries.Add(new(key, Node(depth + 1)));
        }
        return new MappingNode(at, entries);
    }

    private SequenceNode Sequence(SourcePosition at, int depth)
    {
        var items = new List<ScriptNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _)) items.Add(Node(depth + 1));
        return new SequenceNode(at, items);
    }

    private ScriptException Empty() => Error(new(_file, 1, 1), "the script is empty; expected at least a title and a topology");

    private SourcePosition At(Mark mark) => Position(_file, mark);

    private static SourcePosition Position(string file, Mark mark) =>
        new(file, (int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    private static ScriptException Error(SourcePosition at, string message) => new(at, message);
}
