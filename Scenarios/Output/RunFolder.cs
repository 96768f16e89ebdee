using System.Text;
using System.Text.Json;

namespace Scenarios.Output;

/// <summary>
/// The folder a run leaves. It is filled under another name and renamed when whole, so that there is always either the run before or this
/// one. A folder with files that no run of ours wrote is never replaced.
/// </summary>
internal static class RunFolder
{
    private const string Manifest = "results.json";

    /// <summary>Finds out before the run whether its folder may be written, so that nobody waits for an error.</summary>
    /// <exception cref="IOException">It may not.</exception>
    public static void Check(string folder)
    {
        if (File.Exists(folder)) throw new IOException($"'{folder}' is a file; expected a folder, or nothing, to write the run to");
        if (!Directory.Exists(folder)) return;
        var own = Written(folder);
        var foreign = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(folder, f).Replace('\\', '/')).Order(StringComparer.Ordinal)
            .FirstOrDefault(f => !own.Contains(f));
        if (foreign is not null)
            throw new IOException($"'{folder}' holds '{foreign}', which no run wrote; expected an empty folder, an earlier run's, or none");
    }

    public static void Write(string folder, IReadOnlyDictionary<string, Utf8Text> files, int jobs)
    {
        using var staged = new StagedFolder(folder);
        staged.Add(files, jobs);
        staged.Commit();
    }

    /// <summary>Writes one file whole.</summary>
    public static void WriteFile(string path, string text)
    {
        var target = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var fresh = $"{target}.new-{Environment.ProcessId}";
        File.WriteAllText(fresh, text, new UTF8Encoding(false));
        File.Move(fresh, target, overwrite: true);
    }

    private static HashSet<string> Written(string folder)
    {
        var path = Path.Combine(folder, Manifest);
        if (!File.Exists(path)) return [];
        try
        {
            return Files(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return []; // Somebody else's results.json.
        }
    }

    // The list of files alone: the verdicts before it are most of it, and nobody asks for them.
    private static HashSet<string> Files(ReadOnlySpan<byte> manifest)
    {
        HashSet<string> files = [];
        var json = new Utf8JsonReader(manifest);
        while (json.Read())
        {
            if (json.CurrentDepth != 1 || json.TokenType != JsonTokenType.PropertyName) continue;
            var isList = json.ValueTextEquals("files"u8);
            json.Read();
            if (!isList) json.Skip();
            else
                while (json.Read() && json.TokenType == JsonTokenType.String) files.Add(json.GetString()!);
        }

        return files;
    }
}
