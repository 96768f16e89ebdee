using System.Diagnostics;

namespace Repository.Tests;

/// <summary>The repository these tests stand in.</summary>
internal static class WorkingTree
{
    private static readonly string[] NotOurs = [".git", ".vs", "bin", "obj", "out", "TestResults", "BenchmarkDotNet.Artifacts"];
    private static readonly Lazy<IReadOnlyList<SourceFile>> All = new(Read);

    /// <summary>The folder with the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every text file that git tracks or would track; without git, every file outside the folders of build results.</summary>
    public static IReadOnlyList<SourceFile> Files => All.Value;

    public static IEnumerable<SourceFile> Code => Files.Where(f => f.IsCode);

    /// <summary>C# files of the libraries.</summary>
    public static IEnumerable<SourceFile> Libraries => Code.Where(f => f.Room.StartsWith("Sim.", StringComparison.Ordinal));

    public static IEnumerable<SourceFile> Projects => Files.Where(f => f.Path.EndsWith(".csproj", StringComparison.Ordinal));

    public static SourceFile File(string path) => Files.Single(f => f.Path == path);

    public static IEnumerable<SourceFile> CodeIn(string folder) =>
        Code.Where(f => f.Path.StartsWith(folder + "/", StringComparison.Ordinal));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!System.IO.File.Exists(Path.Combine(folder.FullName, "PcieSim.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException($"no PcieSim.sln above {AppContext.BaseDirectory}");
        return folder.FullName;
    }

    private static List<SourceFile> Read()
    {
        var files = new List<SourceFile>();
        foreach (var path in Tracked() ?? OnDisk())
        {
            var full = Path.Combine(Root, path);
            if (!System.IO.File.Exists(full)) continue; // Deleted and not committed yet.
            var text = System.IO.File.ReadAllText(full);
            if (!text.Contains('\0')) files.Add(new SourceFile(path, text));
        }
        return files;
    }

    private static IEnumerable<string>? Tracked()
    {
        var start = new ProcessStartInfo("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var git = Process.Start(start)!;
            git.ErrorDataReceived += (_, _) => { };
            git.BeginErrorReadLine();
            var names = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            return git.ExitCode == 0 ? names.Split('\0', StringSplitOptions.RemoveEmptyEntries) : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // No git on this machine.
        }
    }

    private static IEnumerable<string> OnDisk() => Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/'))
        .Where(f => !f.Split('/').Any(NotOurs.Contains));
}
