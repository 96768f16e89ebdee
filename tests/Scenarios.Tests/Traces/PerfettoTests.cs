using System.Text.Json;

namespace Scenarios.Tests.Traces;

/// <summary>The Perfetto trace: events of the trace_event format, slices that nest, flows that begin and end.</summary>
internal sealed class PerfettoTests
{
    private static readonly Dictionary<string, string[]> Needed = new()
    {
        ["M"] = ["name", "pid", "tid", "args"],
        ["X"] = ["name", "cat", "pid", "tid", "ts", "dur"],
        ["i"] = ["name", "cat", "pid", "tid", "ts", "s"],
        ["s"] = ["name", "cat", "pid", "tid", "ts", "id"],
        ["t"] = ["name", "cat", "pid", "tid", "ts", "id"],
        ["f"] = ["name", "cat", "pid", "tid", "ts", "id", "bp"],
    };

    private TraceRun _run = null!;
    private List<JsonElement> _events = null!;

    [OneTimeSetUp]
    public void Run()
    {
        _run = new TraceRun();
        _events = [.. JsonDocument.Parse(File.ReadAllText(_run.Path("out/trace.perfetto.json"))).RootElement.GetProperty("traceEvents")
            .EnumerateArray()];
    }

    [OneTimeTearDown]
    public void TearDown() => _run.Dispose();

    [Test]
    public void Every_event_has_what_its_phase_needs()
    {
        foreach (var e in _events)
        {
            var phase = Text(e, "ph");
            Assert.That(Needed.Keys, Has.Member(phase), $"{e}");
            foreach (var key in Needed[phase]) Assert.That(e.TryGetProperty(key, out _), Is.True, $"{key} of {e}");
            foreach (var key in (string[])["ts", "dur"])
                if (e.TryGetProperty(key, out var number)) Assert.That(number.GetDecimal(), Is.GreaterThanOrEqualTo(0), $"{e}");
        }
    }

    [Test]
    public void There_is_a_track_for_each_link_direction_and_for_each_Function_with_something_to_show()
    {
        var names = Of("M").Where(e => Text(e, "name") == "thread_name").Select(e => e.GetProperty("args").GetProperty("name").GetString());
        Assert.That(names, Is.SupersetOf(new[] { "rp0 -> sw0.up", "sw0.up -> rp0", "sw0.p0 -> nic", "nic -> sw0.p0" }));
        Assert.That(names, Is.SupersetOf(new[] { "nic.vf0", "vCPU", "kernel log" }));
        Assert.That(Of("X").Count(e => Text(e, "cat") == "tlp"), Is.EqualTo(_run.Tlps.Count));
        Assert.That(Of("X").Select(e => Text(e, "name")), Is.SupersetOf(new[] { "RUNNING", "STOP", "STOP_COPY" }));
        Assert.That(Of("i").Where(e => Text(e, "cat") == "dmesg"), Is.Not.Empty);
    }

    [Test]
    public void Slices_of_a_track_lie_in_each_other_or_apart()
    {
        foreach (var track in Of("X").GroupBy(e => (e.GetProperty("pid").GetInt32(), e.GetProperty("tid").GetInt32())))
        {
            var open = new Stack<decimal>();
            foreach (var slice in track.OrderBy(Start).ThenByDescending(e => e.GetProperty("dur").GetDecimal()))
            {
                var end = Start(slice) + slice.GetProperty("dur").GetDecimal();
                while (open.Count > 0 && open.Peek() <= Start(slice)) open.Pop();
                if (open.Count > 0) Assert.That(end, Is.LessThanOrEqualTo(open.Peek()), $"{slice}");
                open.Push(end);
            }
        }
    }

    [Test]
    public void Flows_lead_from_requests_to_their_completions()
    {
        var slices = Of("X").Where(e => Text(e, "cat") == "tlp").ToLookup(e => (e.GetProperty("tid").GetInt32(), Start(e)));
        var flows = _events.Where(e => Text(e, "ph") is "s" or "t" or "f").GroupBy(e => e.GetProperty("id").GetInt64()).ToList();
        Assert.That(flows, Has.Count.GreaterThan(10));
        foreach (var flow in flows)
        {
            Assert.That(string.Concat(flow.Select(e => Text(e, "ph"))), Does.Match("^st*f$"));
            Assert.That(flow.Select(Start), Is.Ordered);
            var types = flow.Select(e => slices[(e.GetProperty("tid").GetInt32(), Start(e))].Select(s => Text(s, "name")).First()).ToList();
            Assert.That(types[0], Is.EqualTo("MRd").Or.StartWith("Cfg"), "each step lies on a slice");
            Assert.That(types[^1], Does.StartWith("Cpl"));
        }
    }

    private IEnumerable<JsonElement> Of(string phase) => _events.Where(e => Text(e, "ph") == phase);

    private static decimal Start(JsonElement e) => e.GetProperty("ts").GetDecimal();

    private static string Text(JsonElement e, string key) => e.GetProperty(key).GetString()!;
}
