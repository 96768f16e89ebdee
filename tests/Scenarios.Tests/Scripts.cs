using Scenarios.Language;
using Scenarios.Model;

namespace Scenarios.Tests;

/// <summary>Script texts for the tests, and the places of files.</summary>
internal static class Scripts
{
    public const string Small = """
        title: A small script
        topology:
          root_ports: { rp0: { link: gen4 x16 } }
          devices: { nic: { model: mlx5, at: rp0, link: gen4 x8, vfs: 2 } }
        actors: { guest: { kind: guest, maps: nic.vf0 } }
        timeline:
          - { at: 500ns, do: load, by: guest, from: nic.vf0.identity }
        expect:
          - host: intact
        """;

    public static string Shipped => Path.Combine(Root, "Scenarios", "scripts");

    private static string Root
    {
        get
        {
            var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "PcieSim.sln"))) folder = folder.Parent!;
            return folder.FullName;
        }
    }

    public static ScriptFile Read(string text) => ScriptReader.Read("x.yaml", text);

    public static ScriptFile MainScript() => ScriptReader.ReadFile(Path.Combine(Shipped, "mmio-to-stopped-vf.yaml"));

    /// <summary>The small script with one text replaced.</summary>
    public static string With(string old, string fresh)
    {
        var changed = Small.Replace(old, fresh);
        Assert.That(changed, Is.Not.EqualTo(Small), $"the small script does not contain '{old}'");
        return changed;
    }

    public static IReadOnlyList<string> Errors(string text) =>
        [.. Assert.Throws<ScriptException>(() => Read(text))!.Errors.Select(e => e.ToString())];
}
