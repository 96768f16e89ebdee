namespace Repository.Tests;

/// <summary>README.md and the other pages promise nothing that is not there.</summary>
public sealed class ReadmeTests
{
    private const string Ask = "dotnet run -c Release --project Scenarios -- run Scenarios/scripts/mmio-to-stopped-vf.yaml";
    private const string Try = "dotnet test";

    private static readonly string[] Pages = ["README.md", "ARCHITECTURE.md", "DEVIATIONS.md", "CHANGELOG.md"];

    [Test]
    public void The_two_commands_stand_in_the_README_first()
    {
        var commands = ReadmeRules.Commands(WorkingTree.File("README.md"), "dotnet ").ToList();
        Assert.That(commands, Has.Count.GreaterThanOrEqualTo(2));
        Assert.That(commands[..2], Is.EqualTo(new[] { Ask, Try }));
    }

    [Test]
    public void Projects_and_scripts_of_the_commands_exist()
    {
        foreach (var command in Pages.SelectMany(p => ReadmeRules.Commands(WorkingTree.File(p), "")))
        {
            foreach (var word in command.Split(' ').Where(w => w.StartsWith("Scenarios", StringComparison.Ordinal)))
                Assert.That(Exists(word), Is.True, $"{word} of '{command}'");
        }
    }

    [Test]
    public void The_script_of_the_README_can_be_read()
    {
        var script = WorkingTree.File("README.md").Text.Split("```yaml\n")[1].Split("```")[0];
        Assert.That(Scenarios.Model.ScriptReader.Read("README.md", script).Variants, Has.Count.EqualTo(2));
    }

    [Test]
    public void Every_command_of_the_program_that_a_page_names_exists()
    {
        var strings = WorkingTree.CodeIn("Scenarios").SelectMany(f => f.Strings).Select(s => s.Value).ToHashSet();
        Assert.That(ReadmeRules.Verbs(WorkingTree.File("README.md")), Is.Not.Empty);
        foreach (var page in Pages)
            Assert.That(ReadmeRules.Verbs(WorkingTree.File(page)).Where(v => !strings.Contains(v)), Is.Empty, page);
    }

    [Test]
    public void Every_linked_file_exists()
    {
        foreach (var page in Pages) Assert.That(ReadmeRules.DeadLinks(WorkingTree.File(page), Exists), Is.Empty);
    }

    private static bool Exists(string path) => Path.Exists(Path.Combine(WorkingTree.Root, path));
}
