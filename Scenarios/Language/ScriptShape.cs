using System.Reflection;

namespace Scenarios.Language;

/// <summary>The keys of one class of the model, read once from its attributes.</summary>
internal sealed class ScriptShape
{
    private static readonly Dictionary<Type, ScriptShape> Shapes = [];

    private ScriptShape(Type type)
    {
        Type = type;
        Keys = [.. type.GetProperties()
            .Select(p => (Property: p, Key: p.GetCustomAttribute<KeyAttribute>()))
            .Where(p => p.Key is not null)
            // Asked of the declaring class, which alone shows the private setter.
            .Select(p => new ScriptKey(p.Property.DeclaringType!.GetProperty(p.Property.Name)!, p.Key!))
            .OrderBy(k => Depth(k.Property.DeclaringType!))];
        Choices = [.. type.GetCustomAttributes<ChoiceAttribute>(inherit: false)];
    }

    public Type Type { get; }
    public IReadOnlyList<ScriptKey> Keys { get; }
    public IReadOnlyList<ChoiceAttribute> Choices { get; }

    public static ScriptShape Of(Type type)
    {
        lock (Shapes)
        {
            if (!Shapes.TryGetValue(type, out var shape)) Shapes[type] = shape = new ScriptShape(type);
            return shape;
        }
    }

    private static int Depth(Type type) => type.BaseType is null ? 0 : 1 + Depth(type.BaseType);
}

/// <summary>One key: the property it fills and what was said about it.</summary>
internal sealed record ScriptKey(PropertyInfo Property, KeyAttribute Key)
{
    public string Name => Key.Name;
    public Type Type => Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;
}

/// <summary>The words of an enumeration.</summary>
internal static class Words
{
    public static IReadOnlyList<(string Word, string Help, object Value)> Of(Type enumeration) =>
        [.. enumeration.GetFields(BindingFlags.Public | BindingFlags.Static).Select(f =>
        {
            var word = f.GetCustomAttribute<WordAttribute>()
                ?? throw new InvalidOperationException($"{enumeration.Name}.{f.Name} has no word");
            return (word.Word, word.Help, f.GetValue(null)!);
        })];

    /// <summary>How a value is written in a script.</summary>
    public static string Word<T>(this T value) where T : struct, Enum => Of(typeof(T)).First(w => w.Value.Equals(value)).Word;

    public static string Listed(IEnumerable<string> words) => string.Join(", ", words);
}
