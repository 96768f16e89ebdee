using Scenarios.Running;

namespace Scenarios.Output;

/// <summary>
/// A run's folder while it is being filled, under another name beside its place: files are streamed into it, and it appears whole when it
/// is committed, or not at all.
/// </summary>
internal sealed class StagedFolder : IDisposable
{
    private readonly string _target;
    private readonly string _before;

    /// <exception cref="IOException">The folder may not be written.</exception>
    public StagedFolder(string folder)
    {
        Target = folder;
        _target = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(folder));
        RunFolder.Check(_target);
        var parent = System.IO.Path.GetDirectoryName(_target)
            ?? throw new IOException($"'{folder}' cannot hold a run; expected a folder below the root");
        Directory.CreateDirectory(parent);
        Path = System.IO.Path.Combine(parent, $".{System.IO.Path.GetFileName(_target)}.new-{Environment.ProcessId}");
        _before = System.IO.Path.Combine(parent, $".{System.IO.Path.GetFileName(_target)}.old-{Environment.ProcessId}");
    }

    /// <summary>Its place, as it was named.</summary>
    public string Target { get; }

    /// <summary>Where it is being filled. It may not exist yet.</summary>
    public string Path { get; }

    /// <summary>A place in it.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes files into it, on as many threads as said.</summary>
    public void Add(IReadOnlyDictionary<string, Utf8Text> files, int jobs)
    {
        var all = files.ToList();
        Workers.Each(jobs, all.Count, i =>
        {
            // Whole parts are written at once, past any buffer.
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[all[i].Key])!);
            using var file = new FileStream(this[all[i].Key], FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            foreach (var part in all[i].Value.Parts) file.Write(part.Span);
        });
    }

    /// <summary>Puts it in its place, whatever run was there before.</summary>
    public void Commit()
    {
        try
        {
            if (Directory.Exists(_target)) Directory.Move(_target, _before);
            Directory.Move(Path, _target);
        }
        catch
        {
            if (!Directory.Exists(_target) && Directory.Exists(_before)) Directory.Move(_before, _target);
            throw;
        }
    }

    /// <summary>Removes what was not committed.</summary>
    public void Dispose()
    {
        foreach (var leftover in (string[])[Path, _before])
            if (Directory.Exists(leftover)) Directory.Delete(leftover, recursive: true);
    }
}
