using System.Reflection;
using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>Pieces of script under names, kept as data: each is laid under the script that names it.</summary>
/// <param name="file">The embedded file.</param>
/// <param name="section">The part of a script that names one.</param>
/// <param name="key">The key by which it does.</param>
/// <param name="what">What a message calls one.</param>
internal sealed class PresetFile(string file, string section, string key, string what)
{
    private readonly Lazy<MappingNode> _tree = new(() => YamlReader.Read(file, TextOf(file)));

    /// <summary>The presets as they are written.</summary>
    public string Text => TextOf(file);

    public IEnumerable<string> Names => _tree.Value.Entries.Select(e => e.Key.Text);

    /// <summary>Lays the preset that a script names under it.</summary>
    public MappingNode Under(MappingNode script, ErrorList errors)
    {
        if (script.Find(section) is not MappingNode part || part.Find(key) is not ScalarNode name) return script;
        if (_tree.Value.Find(name.Text) is MappingNode preset) return preset.Without("says").LaidUnder(script);
        errors.Add(name.Position,
            $"unknown {what} '{name.Text}'{NearestWord.Hint(name.Text, Names)}; expected one of {Words.Listed(Names)}");
        return script;
    }

    private static string TextOf(string file)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(file)!;
        return new StreamReader(stream).ReadToEnd();
    }
}
