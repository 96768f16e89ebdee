using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Repository.Tests;

/// <summary>What holds for project files, the solution and every text file.</summary>
internal static partial class ProjectRules
{
    public static IEnumerable<string> References(SourceFile project) => Items(project, "ProjectReference")
        .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')));

    public static IEnumerable<string> Usings(SourceFile project) =>
        Items(project, "Using").Select(u => u.Attribute("Include")?.Value ?? "");

    public static IEnumerable<string> CentralVersions(SourceFile project, IReadOnlySet<string> central) =>
        from package in Items(project, "PackageReference")
        let name = package.Attribute("Include")?.Value ?? ""
        let own = package.Attribute("Version") ?? package.Attribute("VersionOverride")
        let ownElement = package.Elements().FirstOrDefault(e => e.Name.LocalName is "Version" or "VersionOverride")
        where own is not null || ownElement is not null || !central.Contains(name)
        select $"{project.Path}: {name}: the version belongs into Directory.Packages.props";

    public static IEnumerable<string> PackageVersions(SourceFile props) =>
        Items(props, "PackageVersion").Select(p => p.Attribute("Include")!.Value);

    public static IEnumerable<string> MissingFromSolution(string solution, IEnumerable<string> projects)
    {
        var listed = SolutionProject().Matches(solution).Select(m => m.Groups[1].Value.Replace('\\', '/')).ToHashSet();
        return projects.Where(p => !listed.Contains(p)).Select(p => $"{p} is not in the solution");
    }

    public static IEnumerable<string> NoMachinePaths(SourceFile file) => file.Lines
        .Select((text, i) => (Found: MachinePath().Match(text), Line: i + 1))
        .Where(l => l.Found.Success)
        .Select(l => file.At(l.Line, $"a path of one machine: {l.Found.Value}"));

    private static IEnumerable<XElement> Items(SourceFile file, string name) =>
        XDocument.Parse(file.Text).Descendants().Where(e => e.Name.LocalName == name);

    [GeneratedRegex("\"([^\"]+\\.csproj)\"")]
    private static partial Regex SolutionProject();

    // Split here, so that the rule does not find itself.
    [GeneratedRegex(@"(?<![\w.])/(wo" + "rk|ro" + "ot|tm" + @"p)/")]
    private static partial Regex MachinePath();
}
