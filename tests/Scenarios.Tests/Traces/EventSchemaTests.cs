using System.Text.Json;
using System.Text.RegularExpressions;

namespace Scenarios.Tests.Traces;

/// <summary>The event log against its published schema.</summary>
internal sealed class EventSchemaTests
{
    private TraceRun _run = null!;
    private JsonElement _schema;

    [OneTimeSetUp]
    public void Run()
    {
        _run = new TraceRun();
        _schema = JsonDocument.Parse(Pciesim.Output("schema", "--events")).RootElement;
    }

    [OneTimeTearDown]
    public void TearDown() => _run.Dispose();

    [Test]
    public void Every_line_of_a_run_is_as_the_schema_says()
    {
        Assert.That(_run.Events.Select(e => e.GetProperty("event").GetString()).Distinct(),
            Is.EquivalentTo(new[] { "tlp", "span", "instant", "load", "decision", "dmesg" }));
        foreach (var line in _run.Events) Assert.That(Wrong(line, _schema, "line"), Is.Null, $"{line}");
    }

    [TestCase("\"t_fs\":", "\"t_ps\":")]
    [TestCase("\"event\":\"tlp\"", "\"event\":\"tlb\"")]
    [TestCase("\"tag\":", "\"tag\":-1")]
    [TestCase("\"fmt\":", "\"fmt\":9")]
    [TestCase("\"type\":\"M", "\"type\":\"N")]
    [TestCase("\"requester_id\":\"0", "\"requester_id\":\"g")]
    public void A_line_that_is_otherwise_is_not(string old, string fresh)
    {
        var line = _run.Tlps[0].GetRawText();
        var changed = JsonDocument.Parse(line.Replace(old, fresh, StringComparison.Ordinal)).RootElement;
        Assert.That(changed.GetRawText(), Is.Not.EqualTo(line));
        Assert.That(Wrong(changed, _schema, "line"), Is.Not.Null);
    }

    /// <summary>What is wrong with a value, as far as the words go that this schema uses; null if it is as the schema says.</summary>
    private string? Wrong(JsonElement value, JsonElement schema, string where)
    {
        if (schema.TryGetProperty("$ref", out var reference))
            return Wrong(value, _schema.GetProperty("$defs").GetProperty(reference.GetString()!["#/$defs/".Length..]), where);
        if (schema.TryGetProperty("oneOf", out var choices) && choices.EnumerateArray().Count(c => Wrong(value, c, where) is null) != 1)
            return $"{where} is not exactly one of the choices";
        if (schema.TryGetProperty("const", out var constant) && value.ToString() != constant.ToString())
            return $"{where} is not {constant}";
        if (schema.TryGetProperty("enum", out var words) && words.EnumerateArray().All(w => w.ToString() != value.ToString()))
            return $"{where} is no word of the list";
        if (schema.TryGetProperty("pattern", out var pattern) && !Regex.IsMatch(value.ToString(), pattern.GetString()!))
            return $"{where} does not match {pattern}";
        if (schema.TryGetProperty("minimum", out var least) && value.GetDecimal() < least.GetDecimal()) return $"{where} is too small";
        if (schema.TryGetProperty("maximum", out var most) && value.GetDecimal() > most.GetDecimal()) return $"{where} is too large";
        if (schema.TryGetProperty("items", out var items))
            return value.EnumerateArray().Select(v => Wrong(v, items, where)).FirstOrDefault(w => w is not null);
        if (!schema.TryGetProperty("type", out var type)) return null;
        var kind = value.ValueKind switch
        {
            JsonValueKind.Object => "object",
            JsonValueKind.Array => "array",
            JsonValueKind.String => "string",
            JsonValueKind.Number => "integer",
            _ => "boolean",
        };
        if (kind != type.GetString()) return $"{where} is a {kind}";
        if (kind != "object") return null;
        var known = schema.GetProperty("properties");
        foreach (var needed in schema.GetProperty("required").EnumerateArray())
            if (!value.TryGetProperty(needed.GetString()!, out _)) return $"{where} lacks {needed}";
        foreach (var member in value.EnumerateObject())
        {
            if (!known.TryGetProperty(member.Name, out var one)) return $"{where} has an unknown {member.Name}";
            if (Wrong(member.Value, one, $"{where}.{member.Name}") is { } wrong) return wrong;
        }

        return null;
    }
}
