using System.Globalization;
using Sim.Core;

namespace Scenarios.Language;

/// <summary>How one kind of scalar is written: what a message calls it, the pattern of the JSON schema, and the parser.</summary>
internal sealed record ValueKind(string Expected, string JsonType, string? Pattern, Func<ScalarNode, object?> Parse)
{
    private const string Number = @"(0|[1-9][0-9]*)(\.[0-9]+)?";

    /// <summary>Every scalar type the model may use.</summary>
    public static readonly IReadOnlyDictionary<Type, ValueKind> All = new Dictionary<Type, ValueKind>
    {
        [typeof(string)] = new("a text", "string", null, n => n.Text.Length > 0 ? n.Text : null),
        [typeof(bool)] = new("true or false", "boolean", null, n => n.Text switch { "true" => true, "false" => false, _ => null }),
        [typeof(int)] = new("a whole number", "integer", null, n => Integer(n.Text) is { } v && v == (int)v ? (int)v : null),
        [typeof(long)] = new("a whole number", "integer", null, n => Integer(n.Text)),
        [typeof(ulong)] = new("a whole number, decimal or 0x hexadecimal", "integer", null, n => Unsigned(n.Text)),
        [typeof(SimDuration)] = new("a time with its unit, like 500ns, 1.5us or 2ms", "string", $"^{Number} ?(fs|ps|ns|us|ms|s)$",
            n => Units.Duration(n.Text)),
        [typeof(ByteSize)] = new("a size with its unit, like 64B, 4KiB or 2MiB", "string", "^[0-9]+ ?(B|KiB|MiB|GiB)$",
            n => Units.Size(n.Text)),
        [typeof(LinkShape)] = new("a link like 'gen4 x16'", "string", "^gen[1-6] x(1|2|4|8|16)$", n => LinkShape.Parse(n.Text)),
        [typeof(Moment)] = new($"a time like 30us, or a point of the migration with a time, like 'stopped + 2us' (points: {Moment.Points})",
            "string", null, n => Moment.Parse(n.Text)),
        [typeof(MmioPlace)] = new("a place in a BAR like nic.vf0.doorbell, nic.vf0.identity or nic.vf0.bar0+0x800", "string",
            @"^[a-z][a-z0-9_-]*(\.vf[0-9]+)?\.(doorbell|identity|bar[0-5]([+](0x[0-9a-fA-F]+|[0-9]+))?)$", n => MmioPlace.Parse(n)),
        [typeof(DmaPlace)] = new("an address like 0x40000000, or a place in a BAR like nic.vf0.bar0+0x800", "string", null,
            n => DmaPlace.Parse(n)),
        [typeof(FunctionName)] = new("a Function like nic (its PF) or nic.vf0", "string", @"^[a-z][a-z0-9_-]*(\.vf[0-9]+)?$",
            n => FunctionName.Parse(n)),
        [typeof(Reference)] = new("a name", "string", @"^[a-z][a-z0-9_.-]*$",
            n => n.Text.Length > 0 ? new Reference(n.Text, n.Position) : null),
        [typeof(Comparison)] = new("a number or a range like 0, '>= 1', '< 5' or '2..4'", "string", null, n => Comparison.Parse(n.Text)),
        [typeof(TimeComparison)] = new("a time or a range of times like '< 2us' or '500ns..900ns'", "string", null,
            n => TimeComparison.Parse(n.Text)),
    };

    private static long? Integer(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;

    public static ulong? Unsigned(string text) => text.StartsWith("0x", StringComparison.Ordinal)
        ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex) ? hex : null
        : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
