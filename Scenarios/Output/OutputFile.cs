using System.IO.Compression;

namespace Scenarios.Output;

/// <summary>A file of a run, compressed with gzip where its name ends so. Files that are put behind each other stay one that gunzip
/// reads.</summary>
internal static class OutputFile
{
    /// <summary>What the name of a compressed file ends with.</summary>
    public const string Compressed = ".gz";

    public static Stream Create(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16);
        return path.EndsWith(Compressed, StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
    }
}
