using System.Reflection;

namespace Scenarios.Language;

/// <summary>Fills the classes of the model from script nodes, by their attributes, and says in one line each what does not fit.</summary>
internal sealed class ScriptBinder(ErrorList errors)
{
    /// <summary>The item, or null if an error was recorded.</summary>
    public T? Bind<T>(ScriptNode node) where T : ScriptItem => (T?)Item(typeof(T), node, "the script");

    /// <summary>One value outside of any item, or null if an error was recorded.</summary>
    public T? BindValue<T>(ScriptNode node, string what) where T : class => (T?)Value(typeof(T), node, new KeyAttribute(what, ""), what);

    private ScriptItem? Item(Type type, ScriptNode node, string what)
    {
        if (node is not MappingNode mapping)
        {
            errors.Add(node.Position, $"{what} is {node.Described}; expected a mapping with the keys {KeysOf(ScriptShape.Of(type))}");
            return null;
        }
        var shape = ScriptShape.Of(type);
        if (shape.Choices.Count > 0)
        {
            if (Chosen(shape, mapping, what) is not { } chosen) return null;
            shape = ScriptShape.Of(chosen);
        }
        var item = (ScriptItem)Activator.CreateInstance(shape.Type)!;
        item.Position = mapping.Position;
        var complete = true;
        foreach (var (name, value) in mapping.Entries) complete &= Key(item, shape, name, value, what);
        foreach (var key in shape.Keys)
            if (key.Key.Required && mapping.Find(key.Name) is null)
            {
                errors.Add(mapping.Position, $"{what} says no '{key.Name}'; expected '{key.Name}: {ExpectedOf(key)}'");
                complete = false;
            }
        return complete ? item : null;
    }

    private Type? Chosen(ScriptShape shape, MappingNode mapping, string what)
    {
        var key = shape.Choices[0].Key;
        var words = shape.Choices.Select(c => c.Word).ToArray();
        if (mapping.Find(key) is not { } value)
            errors.Add(mapping.Position, $"{what} says no '{key}'; expected '{key}:' with one of {Words.Listed(words)}");
        else if (value is not ScalarNode word)
            errors.Add(value.Position, $"'{key}' is {value.Described}; expected one of {Words.Listed(words)}");
        else if (shape.Choices.FirstOrDefault(c => c.Word == word.Text) is { } choice) return choice.Type;
        else
            errors.Add(word.Position,
                $"unknown '{key}: {word.Text}'{NearestWord.Hint(word.Text, words)}; expected one of {Words.Listed(words)}");
        return null;
    }

    private bool Key(ScriptItem item, ScriptShape shape, ScalarNode name, ScriptNode value, string what)
    {
        if (shape.Keys.FirstOrDefault(k => k.Name == name.Text) is not { } key)
        {
            var hint = NearestWord.Hint(name.Text, shape.Keys.Select(k => k.Name));
            errors.Add(name.Position, $"unknown key '{name.Text}' in {what}{hint}; expected one of {KeysOf(shape)}");
            return false;
        }
        item.ValuePositions[key.Name] = value.Position;
        if (Value(key.Type, value, key.Key, $"'{key.Name}'") is not { } bound) return false;
        key.Property.SetValue(item, bound);
        return true;
    }

    private object? Value(Type type, ScriptNode node, KeyAttribute key, string what)
    {
        if (typeof(ScriptItem).IsAssignableFrom(type)) return Item(type, node, what);
        if (type == typeof(MappingNode)) return node as MappingNode ?? Wrong(node, what, "a mapping that is laid over the script");
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Named<>)) return Named(type, node, key, what);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>)) return List(type, node, key, what);
        if (node is not ScalarNode scalar) return Wrong(node, what, ExpectedOf(type));
        if (type.IsEnum) return Word(type, scalar, what);
        var value = ValueKind.All[type].Parse(scalar);
        if (value is null) return Wrong(node, what, ExpectedOf(type));
        if (value is int or long && Convert.ToInt64(value) is var number && (number < key.Min || number > key.Max))
            return Wrong(node, what, key.Max == long.MaxValue ? $"at least {key.Min}" : $"{key.Min} to {key.Max}");
        return value;
    }

    private object? Word(Type type, ScalarNode scalar, string what)
    {
        var words = Words.Of(type);
        foreach (var (word, _, value) in words)
            if (word == scalar.Text) return value;
        var hint = NearestWord.Hint(scalar.Text, words.Select(w => w.Word));
        errors.Add(scalar.Position, $"{what} is {scalar.Described}{hint}; expected one of {Words.Listed(words.Select(w => w.Word))}");
        return null;
    }

    private object? Named(Type type, ScriptNode node, KeyAttribute key, string what)
    {
        if (node is not MappingNode mapping) return Wrong(node, what, "a mapping of names");
        var element = type.GetGenericArguments()[0];
        var items = new List<(string, SourcePosition, object)>();
        foreach (var (name, value) in mapping.Entries)
            if (Value(element, value, key, $"'{name.Text}'") is { } bound) items.Add((name.Text, name.Position, bound));
        return type.GetMethod(nameof(Named<int>.From), BindingFlags.Static | BindingFlags.NonPublic)!.Invoke(null, [items]);
    }

    // One value may stand for a list of one.
    private object? List(Type type, ScriptNode node, KeyAttribute key, string what)
    {
        var element = type.GetGenericArguments()[0];
        var nodes = node is SequenceNode sequence ? sequence.Items : [node];
        var one = typeof(ScriptItem).IsAssignableFrom(element) ? $"an entry of {what}" : what;
        if (node is MappingNode && typeof(ScriptItem).IsAssignableFrom(element))
            return Wrong(node, what, "a list, each entry starting with '- '");
        var items = nodes.Select(n => Value(element, n, key, one)).OfType<object>().ToArray();
        var list = Array.CreateInstance(element, items.Length);
        Array.Copy(items, list, items.Length);
        return list;
    }

    private object? Wrong(ScriptNode node, string what, string expected)
    {
        errors.Add(node.Position, $"{what} is {node.Described}; expected {expected}");
        return null;
    }

    private static string KeysOf(ScriptShape shape) => Words.Listed(shape.Choices.Count > 0
        ? [shape.Choices[0].Key, .. shape.Keys.Select(k => k.Name).Where(k => k != shape.Choices[0].Key)]
        : shape.Keys.Select(k => k.Name));

    private static string ExpectedOf(ScriptKey key) => ExpectedOf(key.Type);

    private static string ExpectedOf(Type type)
    {
        if (type.IsEnum) return "one of " + Words.Listed(Words.Of(type).Select(w => w.Word));
        if (ValueKind.All.TryGetValue(type, out var kind)) return kind.Expected;
        return type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? "a list" : "a mapping";
    }
}
