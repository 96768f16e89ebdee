using System.Text.Json;

namespace Scenarios.Tests.Traces;

/// <summary>A run of one variant that leaves traces with every kind of TLP that there is in a scenario: once for all tests.</summary>
internal sealed class TraceRun : IDisposable
{
    /// <summary>The script.</summary>
    public const string Script = """
        title: Late accesses, with a Message, refused loads and a guest at work
        topology:
          root_ports: { rp0: { link: gen4 x16 } }
          switches: { sw0: { at: rp0, link: gen4 x16, ports: { p0: { link: gen4 x16 } } } }
          devices:
            nic: { model: mlx5, at: sw0.p0, link: gen4 x16, vfs: 2, stopped_store: unsupported-request, stopped_load: unsupported-request }
        platform: { errors: native-aer }
        actors:
          guest: { kind: guest, maps: nic.vf0 }
          intruder: { kind: process, maps: nic.vf0 }
        timeline:
          - { at: 1us, do: work, by: guest, times: 4, every: 2us, bytes: 2KiB }
          - { at: 10us, do: migrate, of: nic.vf0 }
          - { at: stopped + 1us, do: store, by: intruder, to: nic.vf0.doorbell, times: 2, every: 1us }
          - { at: stopped + 2us, do: load, by: intruder, from: nic.vf0.identity, times: 2, every: 1us }
        expect:
          - host: logged
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pciesim-");

    public TraceRun()
    {
        var script = System.IO.Path.Combine(_folder.FullName, "x.yaml");
        File.WriteAllText(script, Script);
        Pciesim.Output("run", script, "--out", Path("out"));
        Events = [.. File.ReadLines(Path("out/events.jsonl")).Select(l => JsonDocument.Parse(l).RootElement)];
        Tlps = [.. Events.Where(e => e.GetProperty("event").GetString() == "tlp")];
    }

    public IReadOnlyList<JsonElement> Events { get; }

    public IReadOnlyList<JsonElement> Tlps { get; }

    public string Path(string name) => System.IO.Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
