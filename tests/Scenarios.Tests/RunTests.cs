using System.Text.Json;
using System.Xml.Linq;
using Scenarios.Figures.Svg;
using Scenarios.Model;
using Scenarios.Output;
using Scenarios.Results;
using Scenarios.Running;

namespace Scenarios.Tests;

internal sealed class RunTests
{
    private DirectoryInfo _folder = null!;

    [SetUp]
    public void SetUp() => _folder = Directory.CreateTempSubdirectory("pciesim-");

    [TearDown]
    public void TearDown() => _folder.Delete(recursive: true);

    [Test]
    public void Any_number_of_jobs_gives_the_same_bytes()
    {
        var one = Files(1);
        Assert.That(Files(7), Is.EqualTo(one));
        Assert.That(Files(1), Is.EqualTo(one));
    }

    [Test]
    public void An_expectation_that_does_not_hold_fails_the_run_and_says_where()
    {
        var (code, _, error) = Run(Scripts.With("host: intact",
            "{ host: lost, counters: { ERR_FATAL: '>= 1', ERR_NONFATL: 0 }, dmesg: AER }"));
        Assert.That(code, Is.EqualTo(1));
        Assert.That(error, Does.Contain(":9:5: host is intact; expected lost").And.Contain("'ERR_FATAL' is 0; expected >= 1")
            .And.Contain("no counter is called 'ERR_NONFATL' (did you mean 'ERR_NONFATAL'?)").And.Contain("lacks 'AER'"));
    }

    [TestCase("host: intact", "host: logged")]
    [TestCase("migration: intact", "migration: lost")]
    [TestCase("because: reported nothing", "because: panicked")]
    [TestCase("because_matches: '^mlx5 .*nothing$'", "because_matches: '^nothing'")]
    [TestCase("counters: { ERR_FATAL: 0 }", "counters: { ERR_FATAL: '> 0' }")]
    [TestCase("no_dmesg: AER", "dmesg: AER")]
    [TestCase("load_latency: { p50: < 2us }", "load_latency: { p50: < 2ns }")]
    [TestCase("migration: [intact, none]", "difference: device state")]
    public void Every_kind_of_condition_can_hold_and_can_fail(string held, string failed)
    {
        Assert.That(Run(Scripts.Small.Replace("host: intact", held)).Code, Is.Zero, held);
        Assert.That(Run(Scripts.Small.Replace("host: intact", failed)).Code, Is.EqualTo(1), failed);
    }

    [Test]
    public void A_run_leaves_its_files_whole_and_replaces_only_its_own()
    {
        Assert.That(Run(Scripts.Small).Code, Is.Zero);
        var first = Names();
        Assert.That(first, Is.EquivalentTo(new[] { "report.html", "results.json", "junit.xml", "events.jsonl", "dmesg.log",
            "plots/latency.svg", "plots/timeline-run.svg", "plots/stopped-run.svg" }));
        Assert.That(Run(Scripts.Small).Code, Is.Zero, "an earlier run's folder is replaced");
        Assert.That(Names(), Is.EquivalentTo(first));
        File.WriteAllText(Path.Combine(Out, "notes.txt"), "mine");
        var (code, _, error) = Run(Scripts.Small);
        Assert.That(code, Is.EqualTo(2));
        Assert.That(error, Does.Contain("holds 'notes.txt', which no run wrote"));
        Assert.That(File.ReadAllText(Path.Combine(Out, "notes.txt")), Is.EqualTo("mine"));
        Assert.That(_folder.EnumerateFileSystemInfos().Select(f => f.Name), Is.EquivalentTo(new[] { "out", "x.yaml" }), "no leftovers");

        string[] Names() => [.. Directory.EnumerateFiles(Out, "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Out, f).Replace('\\', '/'))];
    }

    [Test]
    public void A_simulation_that_throws_is_a_failed_variant_without_a_stack_trace()
    {
        var (code, output, error) = Run(Scripts.Small, new Throwing(new InvalidOperationException("no credits\nfor ever")));
        Assert.That(code, Is.EqualTo(1));
        Assert.That(output + error,
            Does.Contain("the simulation failed: InvalidOperationException: no credits for ever").And.Not.Contain("   at "));
    }

    [Test]
    public void An_interrupted_run_keeps_what_was_done_and_exits_with_130()
    {
        using var source = new CancellationTokenSource();
        var result = new ScenarioRunner(new FakeRunner(), 1).Run(Scripts.MainScript(), source.Token, done =>
        {
            if (done == 5) source.Cancel();
        });
        Assert.That((result.ExitCode, result.Variants.Count), Is.EqualTo((130, 5)));
        var report = RunFiles.Of(result, new SvgRenderer())["report.html"].ToString();
        Assert.That(report, Does.Contain("Interrupted: 5 of 40 variants were run"));
    }

    [Test]
    public void The_verdict_table_fits_140_columns_and_is_plain_in_a_pipe()
    {
        var output = new StringWriter();
        new VerdictTable(Result(1), 140, coloured: false).Write(output);
        var lines = output.ToString().TrimEnd().Split(output.NewLine);
        Assert.That(lines, Has.Length.GreaterThanOrEqualTo(42).And.All.Length.LessThanOrEqualTo(140));
        Assert.That(output.ToString(), Does.Not.Contain("\u001b"));
    }

    [Test]
    public void Data_files_can_be_read_back()
    {
        var files = Files(2);
        using var results = JsonDocument.Parse(files["results.json"]);
        Assert.That(results.RootElement.GetProperty("variants").GetArrayLength(), Is.EqualTo(40));
        Assert.That(results.RootElement.GetProperty("files").EnumerateArray().Select(f => f.GetString()), Is.EquivalentTo(files.Keys));
        foreach (var line in files["events.jsonl"].TrimEnd('\n').Split('\n')) JsonDocument.Parse(line).Dispose();
        Assert.That(XDocument.Parse(files["junit.xml"]).Descendants("testcase").Count(), Is.EqualTo(40));
        foreach (var svg in files.Where(f => f.Key.EndsWith(".svg", StringComparison.Ordinal)))
            Assert.DoesNotThrow(() => XDocument.Parse(svg.Value), svg.Key);
        Assert.That(files["report.html"],
            Does.Not.Contain("src=").And.Not.Contain("<link").And.Not.Contain("@import").And.Not.Contain("url("));
    }

    [Test]
    public void The_version_is_the_assemblys()
    {
        var (code, output, error) = Pciesim.Run(new FakeRunner(), "--version");
        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(output, Does.Match(@"^\d+\.\d+\.\d+(\+[0-9a-f]+)?\s*$"));
    }

    [Test]
    public void A_folder_of_scripts_is_a_regression_with_one_junit_file()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "a.yaml"), Scripts.Small);
        File.WriteAllText(Path.Combine(_folder.FullName, "b.yaml"), Scripts.With("host: intact", "host: lost"));
        Assert.That(Test().Code, Is.EqualTo(1));
        File.WriteAllText(Path.Combine(_folder.FullName, "c.yaml"), "frob: 1");
        var (code, output, error) = Test();
        Assert.That(code, Is.EqualTo(2));
        Assert.That(output, Does.Contain("1 passed, 2 failed"));
        Assert.That(error, Does.Contain("c.yaml:1:1: unknown key 'frob'"));
        Assert.That(XDocument.Load(Path.Combine(Out, "junit.xml")).Descendants("testsuite").Count(), Is.EqualTo(3));
        Assert.That(Directory.EnumerateDirectories(Out).Select(Path.GetFileName), Is.EqualTo(new[] { "b" }),
            "only the one that fails leaves a report");

        (int Code, string Output, string Error) Test() => Pciesim.Run(new FakeRunner(), "test", _folder.FullName, "--out", Out);
    }

    private string Out => Path.Combine(_folder.FullName, "out");

    private static ScenarioResult Result(int jobs) =>
        new ScenarioRunner(new FakeRunner(), jobs).Run(Scripts.MainScript(), CancellationToken.None);

    private static Dictionary<string, string> Files(int jobs) =>
        RunFiles.Of(Result(jobs), new SvgRenderer(), jobs).ToDictionary(f => f.Key, f => f.Value.ToString());

    private (int Code, string Output, string Error) Run(string script, IVariantRunner? runner = null)
    {
        var path = Path.Combine(_folder.FullName, "x.yaml");
        File.WriteAllText(path, script);
        return Pciesim.Run(runner ?? new FakeRunner(), "run", path, "--out", Out);
    }

    private sealed class Throwing(Exception exception) : IVariantRunner
    {
        public VariantResult Run(ResolvedScript script, CancellationToken cancellation) => throw exception;
    }
}
