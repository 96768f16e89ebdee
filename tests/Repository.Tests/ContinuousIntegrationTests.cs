using System.Diagnostics;

namespace Repository.Tests;

/// <summary>The script that adds test results up: a result it cannot vouch for makes it fail.</summary>
[Platform("Unix")]
public sealed class ContinuousIntegrationTests
{
    private const string Passed = """<UnitTestResult testId="1" testName="A holds(&quot;&lt;x&gt;&quot;)" outcome="Passed" />""";
    private const string Failed = """
        <UnitTestResult testId="2" testName="B holds" outcome="Failed">
          <Output><ErrorInfo><Message>Expected: 1
          But was: 2</Message><StackTrace>outcome="Passed"</StackTrace></ErrorInfo></Output>
        </UnitTestResult>
        """;

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("pciesim-trx-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Totals_are_summed_over_all_projects() => Judge(0, "3 passed, 0 failed, 0 skipped", Passed + Passed, Passed);

    [Test]
    public void A_failure_in_any_project_fails() => Judge(1, "2 passed, 1 failed, 0 skipped", Passed, Failed + Passed);

    [Test]
    public void An_outcome_that_is_neither_passed_nor_skipped_counts_as_a_failure() =>
        Judge(1, "1 passed, 1 failed, 0 skipped", Passed, """<UnitTestResult testName="C" outcome="Timeout" />""");

    [Test]
    public void A_skip_for_want_of_shared_data_is_counted_and_let_go() =>
        Judge(0, "1 passed, 0 failed, 1 skipped", Passed + Skipped("no ../shared/data/tlp-captures here"));

    [Test]
    public void A_skip_for_any_other_reason_fails() =>
        Judge(1, "1 passed, 0 failed, 1 skipped", Passed + Skipped("lspci is not installed"));

    [Test]
    public void A_skip_without_a_reason_fails() =>
        Judge(1, "1 passed, 0 failed, 1 skipped", Passed + """<UnitTestResult testName="C" outcome="NotExecuted" />""");

    [Test]
    public void Skips_alone_are_no_test_run() => Judge(1, "0 passed, 0 failed, 1 skipped", Skipped("no ../shared here"));

    [Test]
    public void No_tests_and_no_files_fail()
    {
        Judge(1, "0 passed, 0 failed, 0 skipped", "");
        Judge(1, "0 passed, 0 failed, 0 skipped");
    }

    private static string Skipped(string reason) => $"""
        <UnitTestResult testId="3" testName="C holds" outcome="NotExecuted">
          <Output><ErrorInfo><Message>{reason}</Message></ErrorInfo></Output>
        </UnitTestResult>
        """;

    private void Judge(int exitCode, string lastLine, params string[] projects)
    {
        var files = projects.Select((results, i) =>
        {
            var file = Path.Combine(_folder, $"{i}.trx");
            File.WriteAllText(file, $"""
                <?xml version="1.0" encoding="utf-8"?>
                <TestRun><Results>{results}</Results>
                <TestDefinitions><UnitTest name="A"><Description>outcome="Failed"</Description></UnitTest></TestDefinitions>
                <ResultSummary outcome="Completed"><Counters total="9" passed="9" failed="9" /></ResultSummary></TestRun>
                """);
            return file;
        });
        var start = new ProcessStartInfo(Path.Combine(WorkingTree.Root, ".ci/sum-trx"), files) { RedirectStandardOutput = true };
        using var sum = Process.Start(start)!;
        var lines = sum.StandardOutput.ReadToEnd().TrimEnd('\n').Split('\n');
        sum.WaitForExit();
        Assert.That(lines[^1], Is.EqualTo(lastLine));
        Assert.That(sum.ExitCode, Is.EqualTo(exitCode), string.Join('\n', lines));
    }
}
