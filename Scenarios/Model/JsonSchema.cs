using System.Text.Json;
using System.Text.Json.Nodes;
using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>The JSON schema of a script, generated from the attributes that the reader itself goes by.</summary>
public static class JsonSchema
{
    // A matrix value is a piece of script: the same shapes, with nothing required.
    private const string PartSuffix = "Part";

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Text()
    {
        var definitions = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        var root = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "PcieSim scenario script",
        };
        foreach (var (key, value) in Item(typeof(Script), part: false, definitions).ToList())
            root[key] = value?.DeepClone();
        root["$defs"] = new JsonObject(definitions.Select(d => KeyValuePair.Create(d.Key, d.Value)));
        return root.ToJsonString(Indented) + "\n";
    }

    private static JsonObject Item(Type type, bool part, SortedDictionary<string, JsonNode?> definitions)
    {
        var shape = ScriptShape.Of(type);
        if (shape.Choices.Count > 0)
            return new JsonObject { ["oneOf"] = new JsonArray([.. shape.Choices.Select(c => Choice(c, part, definitions))]) };
        var keys = new JsonObject();
        foreach (var key in shape.Keys)
        {
            var value = Value(key.Type, key.Key, part, definitions);
            value["description"] = key.Key.Help;
            keys[key.Name] = value;
        }
        var item = new JsonObject { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = keys };
        var required = shape.Keys.Where(k => k.Key.Required && !part).Select(k => (JsonNode)k.Name).ToArray();
        if (required.Length > 0) item["required"] = new JsonArray(required);
        return item;
    }

    private static JsonObject Choice(ChoiceAttribute choice, bool part, SortedDictionary<string, JsonNode?> definitions)
    {
        var item = Item(choice.Type, part, definitions);
        item["description"] = choice.Help;
        item["properties"]![choice.Key] = new JsonObject { ["const"] = choice.Word };
        return item;
    }

    private static JsonObject Value(Type type, KeyAttribute key, bool part, SortedDictionary<string, JsonNode?> definitions)
    {
        if (typeof(ScriptItem).IsAssignableFrom(type)) return Reference(type, part, definitions);
        if (type == typeof(MappingNode)) return Reference(typeof(Script), part: true, definitions);
        if (type.IsEnum) return Word(type);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Named<>))
            return new JsonObject
            {
                ["type"] = "object",
                ["additionalProperties"] = Value(type.GetGenericArguments()[0], key, part, definitions),
            };
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>)) return List(type, key, part, definitions);
        var kind = ValueKind.All[type];
        var value = new JsonObject { ["type"] = kind.JsonType };
        // YAML reads a bare 0 as a number; a range or a time is a text.
        if (type == typeof(Comparison)) value["type"] = new JsonArray("string", "integer");
        if (kind.Pattern is { } pattern) value["pattern"] = pattern;
        if (kind.JsonType == "integer")
        {
            value["minimum"] = key.Min;
            if (key.Max != long.MaxValue) value["maximum"] = key.Max;
        }
        return value;
    }

    private static JsonObject List(Type type, KeyAttribute key, bool part, SortedDictionary<string, JsonNode?> definitions)
    {
        var element = type.GetGenericArguments()[0];
        var list = new JsonObject { ["type"] = "array", ["items"] = Value(element, key, part, definitions) };
        return typeof(ScriptItem).IsAssignableFrom(element)
            ? list : new JsonObject { ["anyOf"] = new JsonArray(list, Value(element, key, part, definitions)) };
    }

    private static JsonObject Word(Type type) => new()
    {
        ["oneOf"] = new JsonArray([.. Words.Of(type).Select(w => new JsonObject { ["const"] = w.Word, ["description"] = w.Help })]),
    };

    private static JsonObject Reference(Type type, bool part, SortedDictionary<string, JsonNode?> definitions)
    {
        var name = part ? type.Name + PartSuffix : type.Name;
        if (!definitions.ContainsKey(name))
        {
            definitions[name] = null; // Named before it is built: a script contains pieces of script.
            definitions[name] = Item(type, part, definitions);
        }
        return new JsonObject { ["$ref"] = $"#/$defs/{name}" };
    }
}
