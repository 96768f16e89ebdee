using System.Reflection;
using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>The platforms a script can name. Each is a piece of script, kept as data and laid under the script that names it.</summary>
internal static class Presets
{
    private static readonly Lazy<MappingNode> Tree = new(() => YamlReader.Read("presets.yaml", Text));

    /// <summary>The presets as they are written.</summary>
    public static string Text
    {
        get
        {
            using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("presets.yaml")!;
            return new StreamReader(stream).ReadToEnd();
        }
    }

    public static IEnumerable<string> Names => Tree.Value.Entries.Select(e => e.Key.Text);

    /// <summary>Lays the preset that a script names under it.</summary>
    public static MappingNode Under(MappingNode script, ErrorList errors)
    {
        if (script.Find("platform") is not MappingNode platform || platform.Find("errors") is not ScalarNode name) return script;
        if (Tree.Value.Find(name.Text) is MappingNode preset) return preset.Without("says").MergedWith(script);
        errors.Add(name.Position,
            $"unknown preset '{name.Text}'{NearestWord.Hint(name.Text, Names)}; expected one of {Words.Listed(Names)}");
        return script;
    }
}
