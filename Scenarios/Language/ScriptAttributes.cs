namespace Scenarios.Language;

/// <summary>
/// Makes a property a key of the script. The reader, its error messages and the JSON schema all come from these attributes.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class KeyAttribute(string name, string help) : Attribute
{
    public string Name { get; } = name;
    public string Help { get; } = help;

    /// <summary>The key must be written.</summary>
    public bool Required { get; init; }

    /// <summary>Smallest whole number allowed.</summary>
    public long Min { get; init; } = 0;

    /// <summary>Largest whole number allowed.</summary>
    public long Max { get; init; } = long.MaxValue;
}

/// <summary>Names the property that a sibling class is chosen by, and that class's word: <c>do: store</c>.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ChoiceAttribute(string key, string word, Type type, string help) : Attribute
{
    public string Key { get; } = key;
    public string Word { get; } = word;
    public Type Type { get; } = type;
    public string Help { get; } = help;
}

/// <summary>How a member of an enumeration is written in a script.</summary>
[AttributeUsage(AttributeTargets.Field)]
public sealed class WordAttribute(string word, string help) : Attribute
{
    public string Word { get; } = word;
    public string Help { get; } = help;
}
