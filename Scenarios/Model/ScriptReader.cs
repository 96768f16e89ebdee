using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>Reads a script file into its variants, or throws a <see cref="ScriptException"/> with every error found.</summary>
public static class ScriptReader
{
    private const long MostVariants = 100_000;
    private static readonly string[] SharedKeys = ["title", "about", "question", "matrix", "expect"];

    public static ScriptFile ReadFile(string path, ulong? seed = null) => Read(path, YamlReader.ReadFile(path), seed);

    public static ScriptFile Read(string file, string text, ulong? seed = null) => Read(file, YamlReader.Read(file, text), seed);

    internal static ScriptFile Read(string file, MappingNode root, ulong? seed = null)
    {
        var errors = new ErrorList();
        var axes = Axes(root, errors);
        errors.ThrowIfAny();
        var variants = new List<ResolvedScript>();
        foreach (var combination in Combinations(axes))
        {
            var tree = combination.Aggregate(root, (below, value) => below.MergedWith(value.Override));
            var script = new ScriptBinder(errors).Bind<Script>(Presets.Under(tree, errors));
            if (script is null) continue;
            var variant = new Variant([.. combination.Select(c => (c.Axis, c.Name))]);
            variants.Add(new ResolvedScript(variant, script, seed ?? (ulong)script.Seed));
        }
        errors.ThrowIfAny(); // What cannot be read is not checked: one mistake, one line.
        foreach (var variant in variants) ScriptChecks.Check(variant.Script, errors);
        ExpectationChecks.Check(variants, errors);
        errors.ThrowIfAny();
        return new ScriptFile(file, variants);
    }

    private static Named<Named<MappingNode>> Axes(MappingNode root, ErrorList errors)
    {
        if (root.Find("matrix") is not { } node) return Named<Named<MappingNode>>.Empty;
        var axes = new ScriptBinder(errors).BindValue<Named<Named<MappingNode>>>(node, "'matrix'") ?? Named<Named<MappingNode>>.Empty;
        var count = 1L;
        foreach (var axis in axes.Items)
        {
            if (axis.Value.Items.Count == 0) errors.Add(axis.Position, $"axis '{axis.Name}' has no values; expected at least one");
            count = Math.Min(MostVariants + 1, count * axis.Value.Items.Count);
            foreach (var value in axis.Value.Items)
                foreach (var key in value.Value.Entries.Select(e => e.Key).Where(k => SharedKeys.Contains(k.Text)))
                    errors.Add(key.Position, $"'{key.Text}' cannot change from variant to variant; expected any other key of the script");
        }
        if (count > MostVariants) errors.Add(node.Position, $"the matrix has too many combinations; expected at most {MostVariants}");
        return axes;
    }

    private static IEnumerable<IReadOnlyList<(string Axis, string Name, MappingNode Override)>> Combinations(Named<Named<MappingNode>> axes)
    {
        IEnumerable<IReadOnlyList<(string, string, MappingNode)>> all = [[]];
        foreach (var axis in axes.Items)
            all = [.. all.SelectMany(before => axis.Value.Items.Select(value =>
                (IReadOnlyList<(string, string, MappingNode)>)[.. before, (axis.Name, value.Name, value.Value)]))];
        return all;
    }
}
