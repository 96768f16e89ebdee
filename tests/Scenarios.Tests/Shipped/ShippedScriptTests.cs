namespace Scenarios.Tests.Shipped;

/// <summary>The shipped scripts are the project's answers: they hold, and together they answer what they are meant to.</summary>
internal sealed class ShippedScriptTests
{
    private static readonly int[] OfTheFirst = [1, 2, 3, 4, 8, 12, 13];

    private static readonly int[] Questions = [.. Enumerable.Range(1, 34)];

    [TestCaseSource(typeof(Simulated), nameof(Simulated.Names))]
    public void Every_expectation_holds_in_every_variant(string name)
    {
        var result = Simulated.Shipped(name);
        Assert.That(result.Variants.SelectMany(v => v.Complaints.Select(c => $"{v.Result.Variant.Name}: {c}")), Is.Empty);
        Assert.That(result.ExitCode, Is.Zero);
    }

    [TestCaseSource(typeof(Simulated), nameof(Simulated.Names))]
    public void Every_variant_is_held_against_something(string name) =>
        Assert.That(Simulated.Shipped(name).Variants.Where(v => v.Outcomes.Count == 0).Select(v => v.Result.Variant.Name), Is.Empty);

    [TestCaseSource(typeof(Simulated), nameof(Simulated.Names))]
    public void Every_script_is_short_and_says_what_it_is_about(string name)
    {
        Assert.That(Simulated.Shipped(name).File.Script.About, Has.Length.GreaterThan(100));
        Assert.That(File.ReadLines(Simulated.PathOf(name)).Count(), Is.LessThanOrEqualTo(name == "mmio-to-stopped-vf" ? 150 : 80));
    }

    [Test]
    public void The_scripts_answer_every_question_that_is_theirs()
    {
        var answered = Simulated.Names.Where(n => n != "mmio-to-stopped-vf").SelectMany(n => Simulated.Shipped(n).File.Script.Question);
        Assert.That(answered.Distinct().Order(), Is.EqualTo(Questions));
        Assert.That(Simulated.Shipped("mmio-to-stopped-vf").File.Script.Question, Is.EqualTo(OfTheFirst));
    }

    [Test]
    public void The_main_scenario_has_forty_variants() =>
        Assert.That(Simulated.Shipped("mmio-to-stopped-vf").Variants, Has.Count.EqualTo(40));

    [Test]
    public void The_program_passes_a_folder_of_shipped_scripts_and_fails_it_with_one_line_changed()
    {
        var folder = Directory.CreateTempSubdirectory("pciesim-");
        try
        {
            var text = File.ReadAllText(Simulated.PathOf("user-mmap-needs-no-p2p"));
            File.WriteAllText(Path.Combine(folder.FullName, "x.yaml"), text);
            Assert.That(Test().Code, Is.Zero);
            File.WriteAllText(Path.Combine(folder.FullName, "x.yaml"), text.Replace("revoke: zap", "revoke: none"));
            var (code, _, error) = Test();
            Assert.That(code, Is.EqualTo(1));
            Assert.That(error, Does.Contain("'SIGBUS' is 0; expected 1"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        (int Code, string Output, string Error) Test() =>
            Pciesim.Run("test", folder.FullName, "--out", Path.Combine(folder.FullName, "out"));
    }
}
