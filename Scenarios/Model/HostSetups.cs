using System.Reflection;
using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>Which registers of a dumped machine stay as they were found.</summary>
internal enum Keeps
{
    [Word("hardware", "what no host software sets: capabilities, payload sizes, AER masks and severities, ACS")] Hardware,
    [Word("firmware", "that, and what the operating system leaves as firmware set it: Command.SERR#")] Firmware,
    [Word("everything", "that, and Bridge Control.SERR#, reporting enables, Root Control, Root Error Command and DPC Control")] Everything,
}

/// <summary>What the host software of a real machine sets, under one name.</summary>
/// <param name="Says">In words.</param>
/// <param name="Keeps">What it leaves as found.</param>
internal sealed record HostSetup(string Name, string Says, Keeps Keeps);

/// <summary>The host setups that a run on a real machine can name. Each is a piece of script, kept as data and laid under the
/// script.</summary>
internal static class HostSetups
{
    /// <summary>The file of the setups, as positions of what comes from it say.</summary>
    public const string File = "hosts.yaml";

    private static readonly Lazy<MappingNode> Tree = new(() => YamlReader.Read(File, Text));

    /// <summary>The setups as they are written.</summary>
    public static string Text
    {
        get
        {
            using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(File)!;
            return new StreamReader(stream).ReadToEnd();
        }
    }

    public static IEnumerable<string> Names => Tree.Value.Entries.Select(e => e.Key.Text);

    public static HostSetup? Find(string name)
    {
        if (Tree.Value.Find(name) is not MappingNode setup) return null;
        var keeps = ((ScalarNode)setup.Find("keeps")!).Text;
        return new HostSetup(name, ((ScalarNode)setup.Find("says")!).Text,
            (Keeps)Words.Of(typeof(Keeps)).First(w => w.Word == keeps).Value);
    }

    /// <summary>Lays a setup under a script.</summary>
    public static MappingNode Under(MappingNode script, string name) => Tree.Value.Find(name) is MappingNode setup
        ? setup.Without("says").Without("keeps").LaidUnder(script)
        : script;

    /// <summary>The setup that a script's <c>machine: {host: NAME}</c> names; null if it names none.</summary>
    public static string? NamedBy(MappingNode script, ErrorList errors)
    {
        if (script.Find("machine") is not MappingNode machine || machine.Find("host") is not ScalarNode host) return null;
        if (Find(host.Text) is null)
            errors.Add(host.Position,
                $"unknown host '{host.Text}'{NearestWord.Hint(host.Text, Names)}; expected one of {Words.Listed(Names)}");
        else if (PlatformKeys.SetBy(script))
            errors.Add(host.Position, $"'machine: host' and 'platform' both say what firmware and kernel do; expected one of them");
        return host.Text;
    }
}
