namespace Scenarios.Language;

/// <summary>A piece of a script that still knows where it was written.</summary>
public abstract class ScriptNode(SourcePosition position)
{
    public SourcePosition Position { get; } = position;

    /// <summary>What this is, in the words of an error message.</summary>
    public abstract string Described { get; }
}

/// <summary>A single value.</summary>
public sealed class ScalarNode(SourcePosition position, string text) : ScriptNode(position)
{
    public string Text { get; } = text;

    public override string Described => Text.Length == 0 ? "nothing" : $"'{Text}'";
}

/// <summary>Names with values, in the order written.</summary>
public sealed class MappingNode(SourcePosition position, IReadOnlyList<KeyValuePair<ScalarNode, ScriptNode>> entries) : ScriptNode(position)
{
    public IReadOnlyList<KeyValuePair<ScalarNode, ScriptNode>> Entries { get; } = entries;

    public override string Described => "a mapping";

    public ScriptNode? Find(string key)
    {
        foreach (var (name, value) in Entries)
            if (name.Text == key) return value;
        return null;
    }

    /// <summary>This mapping with another laid over it: mappings merge key by key, everything else is replaced.</summary>
    public MappingNode MergedWith(MappingNode over) => Merged(over, isWrittenThere: false);

    /// <summary>The same where the other is the script that somebody wrote, and this is what it rests on: what is missing is missing
    /// there.</summary>
    public MappingNode LaidUnder(MappingNode script) => Merged(script, isWrittenThere: true);

    public MappingNode Without(string key) => new(Position, [.. Entries.Where(e => e.Key.Text != key)]);

    private MappingNode Merged(MappingNode over, bool isWrittenThere)
    {
        var merged = new List<KeyValuePair<ScalarNode, ScriptNode>>(Entries);
        foreach (var entry in over.Entries)
        {
            var at = merged.FindIndex(e => e.Key.Text == entry.Key.Text);
            if (at < 0) merged.Add(entry);
            else if (merged[at].Value is MappingNode below && entry.Value is MappingNode above)
                merged[at] = new(merged[at].Key, below.Merged(above, isWrittenThere));
            else merged[at] = entry;
        }
        return new MappingNode(isWrittenThere ? over.Position : Position, merged);
    }
}

/// <summary>A list.</summary>
public sealed class SequenceNode(SourcePosition position, IReadOnlyList<ScriptNode> items) : ScriptNode(position)
{
    public IReadOnlyList<ScriptNode> Items { get; } = items;

    public override string Described => "a list";
}
