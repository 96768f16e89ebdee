using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>The house rules, held against the repository as it is.</summary>
public sealed partial class HouseTests
{
    /// <summary>Analysis, outside the simulation: floating point and MathNet are welcome.</summary>
    private static bool IsAnalysis(SourceFile file) => file.Path.StartsWith("Sim.Core/Statistics", StringComparison.Ordinal);

    /// <summary>Where trace records leave the simulation thread: the only task of its own.</summary>
    private static bool LeavesTheSimulation(SourceFile file) => file.Path == "Sim.Core/TraceChannel.cs";

    [Test]
    public void References_run_one_way_from_Core_to_Scenarios()
    {
        string[] chain = ["Sim.Core", "Sim.Pcie", "Sim.Iommu", "Sim.Vfio", "Sim.Mlx5", "Scenarios"];
        for (var i = 0; i < chain.Length; i++)
        {
            var project = WorkingTree.File($"{chain[i]}/{chain[i]}.csproj");
            Assert.That(ProjectRules.References(project), Is.EqualTo(chain[..i].TakeLast(1)), project.Path);
        }
    }

    [Test]
    public void The_simulation_knows_no_wall_clock_no_thread_pool_and_no_random_numbers_but_its_own() =>
        Hold(WorkingTree.Libraries.Where(f => !LeavesTheSimulation(f)), CodeRules.Repeatable);

    [Test]
    public void The_simulation_computes_without_libm_and_MathNet() =>
        Hold(WorkingTree.Libraries.Where(f => !IsAnalysis(f)), CodeRules.OwnArithmetic);

    [Test]
    public void Lines_end_before_column_141() =>
        Hold(WorkingTree.Files.Where(f => Path.GetExtension(f.Path) is ".cs" or ".csproj" or ".props" or ".yaml"), CodeRules.NarrowLines);

    [Test]
    public void Files_have_at_most_500_lines() => Hold(WorkingTree.Code, CodeRules.ShortFile);

    [Test]
    public void A_namespace_of_a_library_is_its_folder() => Hold(WorkingTree.Libraries, CodeRules.NamespaceIsFolder);

    [Test]
    public void Nothing_is_left_for_later() => Hold(WorkingTree.Code, CodeRules.Finished);

    [Test]
    public void Host_software_names_no_endpoint_class()
    {
        Assert.That(WorkingTree.CodeIn("Sim.Pcie/Endpoints"), Is.Not.Empty);
        Hold(WorkingTree.CodeIn("Sim.Vfio"), f =>
            CodeRules.NamesNothingOf(f, "Endpoints", "after power-on host software reaches a device by TLPs only"));
    }

    [Test]
    public void Devices_and_fabric_name_nothing_of_the_host_software()
    {
        var devices = WorkingTree.Libraries.Where(f => f.Room is "Sim.Core" or "Sim.Pcie" or "Sim.Iommu"
            || (f.Room == "Sim.Mlx5" && !f.Path.StartsWith("Sim.Mlx5/Driver/", StringComparison.Ordinal))).ToList();
        Hold(devices, f => CodeRules.NamesNothingOf(f, "Vfio", "devices know no host software"));
        Hold(devices.Where(f => f.Room == "Sim.Mlx5"), f => CodeRules.NamesNothingOf(f, "Mlx5.Driver", "a device knows no driver")
            .Concat(CodeRules.NamesNothingOf(f, "Driver.", "a device knows no driver")));
    }

    [Test]
    public void A_library_names_its_namespaces_file_by_file() => Assert.Multiple(() =>
    {
        Hold(WorkingTree.Libraries, f => f.LinesWith("global using").Select(line => f.At(line, "global using hides who knows whom")));
        Hold(WorkingTree.Projects.Where(p => p.Room.StartsWith("Sim.", StringComparison.Ordinal)),
            p => ProjectRules.Usings(p).Select(name => $"{p}: a Using item hides who knows whom: {name}"));
    });

    [Test]
    public void No_string_of_the_program_names_a_platform_or_a_variant_of_the_shipped_matrix()
    {
        var words = WorkingTree.File("Scenarios/Model/presets.yaml").Lines
            .Where(l => l.Length > 0 && char.IsAsciiLetterLower(l[0])).Select(l => l.TrimEnd(':')).ToHashSet();
        Assert.That(words, Does.Contain("native-aer"));
        var script = Scenarios.Model.ScriptReader.ReadFile(Path.Combine(WorkingTree.Root, "Scenarios/scripts/mmio-to-stopped-vf.yaml"));
        words.UnionWith(script.Variants.SelectMany(v => v.Variant.Coordinates).Select(c => c.Value));
        Assert.That(words, Does.Contain("ur-without-aer"));
        Hold(WorkingTree.CodeIn("Scenarios").Where(f => !f.Path.StartsWith("Scenarios/Model/", StringComparison.Ordinal)),
            f => CodeRules.SaysNone(f, words));
    }

    [Test]
    public void Package_versions_stand_in_one_place()
    {
        var central = ProjectRules.PackageVersions(WorkingTree.File("Directory.Packages.props")).ToHashSet();
        Hold(WorkingTree.Projects, p => ProjectRules.CentralVersions(p, central));
    }

    [Test]
    public void Every_project_is_in_the_solution() => Assert.That(
        ProjectRules.MissingFromSolution(WorkingTree.File("PcieSim.sln").Text, WorkingTree.Projects.Select(p => p.Path)), Is.Empty);

    [Test]
    public void No_file_holds_a_path_of_one_machine() => Hold(WorkingTree.Files, ProjectRules.NoMachinePaths);

    [Test]
    public void Every_shipped_script_can_be_read()
    {
        var scripts = WorkingTree.Files.Where(f => f.Path.StartsWith("Scenarios/scripts/", StringComparison.Ordinal)
            && f.Path.EndsWith(".yaml", StringComparison.Ordinal)).ToList();
        Assert.That(scripts, Is.Not.Empty);
        Assert.Multiple(() =>
        {
            foreach (var script in scripts)
            {
                var path = Path.Combine(WorkingTree.Root, script.Path);
                Assert.That(() => Scenarios.Model.ScriptReader.ReadFile(path), Throws.Nothing, script.Path);
            }
        });
    }

    [Test]
    public void A_test_that_a_document_names_exists()
    {
        var tests = WorkingTree.Files.ToLookup(f => Path.GetFileName(f.Path));
        Assert.Multiple(() =>
        {
            foreach (var document in WorkingTree.Files.Where(f => f.Path.EndsWith(".md", StringComparison.Ordinal)))
            {
                foreach (Match named in TestName().Matches(document.Text))
                {
                    var (test, method) = (named.Groups[1].Value, named.Groups[2].Value);
                    var call = method.Length == 0 ? "" : $" {method}(";
                    var found = tests[$"{test}.cs"].Any(f => f.Text.Contains(call, StringComparison.Ordinal));
                    Assert.That(found, Is.True, $"{document.Path}: {named.Value}");
                }
            }
        });
    }

    [GeneratedRegex(@"\b([A-Z]\w*Tests)\b(?:\.(\w+))?(?![/\w])")]
    private static partial Regex TestName();

    private static void Hold(IEnumerable<SourceFile> files, Func<SourceFile, IEnumerable<string>> rule)
    {
        var read = files.ToList();
        Assert.That(read, Is.Not.Empty, "the rule looks at no file at all");
        Assert.That(string.Join('\n', read.SelectMany(rule)), Is.Empty);
    }
}
