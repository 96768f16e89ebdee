namespace Scenarios.Language;

/// <summary>Anything a script says in a mapping. It remembers where the mapping and each of its values were written.</summary>
public abstract class ScriptItem
{
    internal Dictionary<string, SourcePosition> ValuePositions { get; } = [];

    public SourcePosition Position { get; internal set; }

    /// <summary>Where the value of a key was written, or the item itself if the key is absent.</summary>
    public SourcePosition PositionOf(string key) => ValuePositions.GetValueOrDefault(key, Position);
}

/// <summary>A name that something else in the script must bear.</summary>
public readonly record struct Reference(string Name, SourcePosition Position)
{
    public override string ToString() => Name;
}

/// <summary>One entry of a <see cref="Named{T}"/>.</summary>
public sealed record NamedItem<T>(string Name, SourcePosition Position, T Value);

/// <summary>Named things in the order written.</summary>
public sealed class Named<T>(IReadOnlyList<NamedItem<T>> items)
{
    public static readonly Named<T> Empty = new([]);

    public IReadOnlyList<NamedItem<T>> Items { get; } = items;

    public IEnumerable<string> Names => Items.Select(i => i.Name);

    public NamedItem<T>? Find(string name) => Items.FirstOrDefault(i => i.Name == name);

    internal static Named<T> From(IEnumerable<(string Name, SourcePosition Position, object Value)> items) =>
        new([.. items.Select(i => new NamedItem<T>(i.Name, i.Position, (T)i.Value))]);
}
