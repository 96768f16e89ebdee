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
        var file = Raw(path, FileAccess.Write);
        return path.EndsWith(Compressed, StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
    }

    /// <summary>The file itself: what is written is not compressed, whatever its name.</summary>
    public static FileStream Raw(string path, FileAccess access)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return new FileStream(path, FileMode.Create, access, FileShare.None, 1 << 16);
    }
}
