namespace Repository.Tests;

/// <summary>Every rule complains about a sample that breaks it, and is silent about one that only looks like it.</summary>
public sealed class RulesFireTests
{
    [TestCase("var t = DateTime.Now;")]
    [TestCase("var t = System.DateTime . UtcNow;")]
    [TestCase("var t = Stopwatch.StartNew();")]
    [TestCase("var t = $\"{Environment.TickCount64}\";")]
    [TestCase("var r = new Random(1);")]
    [TestCase("Random r = new(1);")]
    [TestCase("var r = Random.Shared;")]
    [TestCase("Task.Run(() => { });")]
    [TestCase("Thread.Sleep(1);")]
    public void A_wall_clock_or_foreign_random_number_is_found(string code) => Assert.That(CodeRules.Repeatable(Code(code)), Is.Not.Empty);

    [TestCase("// DateTime.Now is not for us.")]
    [TestCase("var s = \"Task.Run\";")]
    [TestCase("RandomStream r = sim.GetRandomStream(\"nic\");")]
    public void A_comment_a_string_or_a_longer_name_is_no_wall_clock(string code) =>
        Assert.That(CodeRules.Repeatable(Code(code)), Is.Empty);

    [TestCase("var x = Math.Sqrt(2);")]
    [TestCase("var x = System.Math.Log(2);")]
    [TestCase("var x = double.Pow(2, 3);")]
    [TestCase("using MathNet.Numerics;")]
    public void Libm_and_MathNet_are_found(string code) => Assert.That(CodeRules.OwnArithmetic(Code(code)), Is.Not.Empty);

    [Test]
    public void Integer_arithmetic_is_not_libm() =>
        Assert.That(CodeRules.OwnArithmetic(Code("var x = Math.Min(1, BitOperations.Log2(8));")), Is.Empty);

    [Test]
    public void A_wide_line_and_a_long_file_are_found()
    {
        Assert.That(CodeRules.NarrowLines(Code(new string('x', 140))), Is.Empty);
        Assert.That(CodeRules.NarrowLines(Code("\n" + new string('x', 141))),
            Has.One.EqualTo("Sim.Pcie/A.cs:2: 141 columns; the most is 140"));
        Assert.That(CodeRules.ShortFile(Code(string.Concat(Enumerable.Repeat(";\n", 500)))), Is.Empty);
        Assert.That(CodeRules.ShortFile(Code(string.Concat(Enumerable.Repeat(";\n", 501)))), Is.Not.Empty);
    }

    [Test]
    public void A_namespace_of_another_folder_is_found()
    {
        Assert.That(CodeRules.NamespaceIsFolder(Code("namespace Sim.Pcie;")), Is.Empty);
        Assert.That(CodeRules.NamespaceIsFolder(Code("namespace Sim.Core;")), Is.Not.Empty);
    }

    [TestCase("// TO" + "DO later")]
    [TestCase("/* FIX" + "ME */")]
    [TestCase("throw new NotImplemented" + "Exception();")]
    public void Unfinished_work_is_found(string code) => Assert.That(CodeRules.Finished(Code(code)), Is.Not.Empty);

    [TestCase("using Sim.Pcie.Endpoints;", true)]
    [TestCase("var x = Sim.Pcie.Endpoints.Other.Value;", true)]
    [TestCase("using X = Pcie.Endpoints.Other;", true)]
    [TestCase("/// <see cref=\"Sim.Pcie.Endpoints.Other\"/>\nvar s = \"Endpoints\";", false)]
    public void A_forbidden_namespace_is_found_in_code_and_not_in_comments(string code, bool found) =>
        Assert.That(CodeRules.NamesNothingOf(Code(code), "Endpoints", "no").Any(), Is.EqualTo(found));

    [TestCase("if (name == \"silent\") verdict = 1;", true)]
    [TestCase("var why = $\"{platform} is native-aer here\";", true)]
    [TestCase("var why = \"\"\"native-aer\"\"\";", true)]
    [TestCase("var why = \"the bus is silent about it\";", false)]
    [TestCase("// native-aer", false)]
    public void A_string_that_names_a_platform_is_found(string code, bool found) =>
        Assert.That(CodeRules.SaysNone(Code(code), ["silent", "native-aer"]).Any(), Is.EqualTo(found));

    [TestCase("""<PackageReference Include="NUnit" />""", false)]
    [TestCase("""<PackageReference Include="NUnit" Version="4.0.0" />""", true)]
    [TestCase("""<PackageReference Include="NUnit"><Version>4.0.0</Version></PackageReference>""", true)]
    [TestCase("""<PackageReference Include="Unknown" />""", true)]
    public void A_package_version_outside_the_central_file_is_found(string item, bool found) => Assert.That(
        ProjectRules.CentralVersions(Project(item), new HashSet<string> { "NUnit" }).Any(), Is.EqualTo(found));

    [Test]
    public void References_are_read_whatever_the_slashes() => Assert.That(
        ProjectRules.References(Project("""<ProjectReference Include="..\A\A.csproj" /><ProjectReference Include="../B/B.csproj" />""")),
        Is.EqualTo(new[] { "A", "B" }));

    [Test]
    public void A_project_that_the_solution_lacks_is_found() => Assert.That(
        ProjectRules.MissingFromSolution("""Project("{1}") = "A", "tests\A\A.csproj", "{2}" """, ["tests/A/A.csproj", "B/B.csproj"]),
        Is.EqualTo(new[] { "B/B.csproj is not in the solution" }));

    [TestCase("see /wo" + "rk/x", true)]
    [TestCase("\"/ro" + "ot/.nuget\"", true)]
    [TestCase("cd /tm" + "p/x", true)]
    [TestCase("https://example.org/wo" + "rk/x and a/tm" + "p/b", false)]
    public void A_path_of_one_machine_is_found(string text, bool found) =>
        Assert.That(ProjectRules.NoMachinePaths(new SourceFile("a.md", text)).Any(), Is.EqualTo(found));

    [Test]
    public void A_dead_link_and_an_unknown_command_are_found()
    {
        var page = new SourceFile("README.md", """
            See [a](a.md), [b](b.md#part), [c](https://example.org) and [d](#here); `pciesim run x`. <img src="c.svg">

                pciesim tlp decode 40000001
                dmesg | pciesim tlp encode
                echo pciesim
            """);
        Assert.That(ReadmeRules.DeadLinks(page, f => f == "a.md"),
            Is.EqualTo(new[] { "README.md: nothing at b.md", "README.md: nothing at c.svg" }));
        Assert.That(ReadmeRules.Verbs(page), Is.EqualTo(new[] { "run", "tlp", "decode", "encode" }));
        Assert.That(ReadmeRules.Commands(page, "dmesg"), Is.EqualTo(new[] { "dmesg | pciesim tlp encode" }));
    }

    private static SourceFile Code(string text) => new("Sim.Pcie/A.cs", text);

    private static SourceFile Project(string items) => new("A/A.csproj", $"<Project><ItemGroup>{items}</ItemGroup></Project>");
}
