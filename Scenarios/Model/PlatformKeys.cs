using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>What a script says about firmware and kernel, which a real machine's host setup replaces.</summary>
internal static class PlatformKeys
{
    private static readonly string[] Host = ["errors", "error_owner", "system_error", "firmware_nonfatal", "firmware_fatal"];

    /// <summary>Whether a piece of script sets any of them.</summary>
    public static bool SetBy(MappingNode piece) =>
        piece.Find("platform") is MappingNode platform && platform.Entries.Any(e => Host.Contains(e.Key.Text));

    /// <summary>The axes of a script some value of which sets any of them.</summary>
    public static IReadOnlyList<string> Axes(MappingNode script) => script.Find("matrix") is not MappingNode matrix ? []
        : [.. matrix.Entries.Where(a => Values(a.Value).Any(SetBy)).Select(a => a.Key.Text)];

    /// <summary>
    /// The script without them. An axis that varies nothing else keeps one value, which bears the host setup's name: what it said about
    /// registers was its platform, too.
    /// </summary>
    public static MappingNode ReplacedBy(string host, MappingNode script)
    {
        var axes = Axes(script);
        script = Stripped(script);
        if (axes.Count == 0 || script.Find("matrix") is not MappingNode matrix) return script;
        var changed = matrix.Entries.Select(a => axes.Contains(a.Key.Text) ? new(a.Key, Axis(host, (MappingNode)a.Value)) : a);
        var replaced = new MappingNode(matrix.Position, [.. changed]);
        return new MappingNode(script.Position,
            [.. script.Entries.Select(e => e.Key.Text == "matrix" ? new KeyValuePair<ScalarNode, ScriptNode>(e.Key, replaced) : e)]);
    }

    private static MappingNode Axis(string host, MappingNode axis)
    {
        List<KeyValuePair<ScalarNode, ScriptNode>> values = [.. axis.Entries.Select(v =>
            v.Value is MappingNode piece && SetBy(piece) ? new(v.Key, Stripped(piece).Without("registers")) : v)];
        if (values.Any(v => v.Value is not MappingNode { Entries.Count: 0 })) return new MappingNode(axis.Position, values);
        return new MappingNode(axis.Position, [new(new ScalarNode(axis.Position, host), new MappingNode(axis.Position, []))]);
    }

    private static MappingNode Stripped(MappingNode piece)
    {
        if (piece.Find("platform") is not MappingNode platform) return piece;
        var kept = new MappingNode(platform.Position, [.. platform.Entries.Where(e => !Host.Contains(e.Key.Text))]);
        return new MappingNode(piece.Position, [.. piece.Entries.Where(e => e.Key.Text != "platform" || kept.Entries.Count > 0)
            .Select(e => e.Key.Text == "platform" ? new KeyValuePair<ScalarNode, ScriptNode>(e.Key, kept) : e)]);
    }

    private static IEnumerable<MappingNode> Values(ScriptNode axis) =>
        axis is MappingNode values ? values.Entries.Select(v => v.Value).OfType<MappingNode>() : [];
}
