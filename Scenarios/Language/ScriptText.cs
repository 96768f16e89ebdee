using System.Text;

namespace Scenarios.Language;

/// <summary>Gets the text of a script file, or says in one line why there is none.</summary>
internal static class ScriptText
{
    private const string ScriptKind = "a scenario script";
    private const string YamlKind = "a scenario script in YAML";
    private const long LargestScript = 4 << 20;
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <param name="path">The file.</param>
    /// <param name="kind">What it should be, for the messages.</param>
    /// <param name="largest">The most bytes it may have.</param>
    public static string Read(string path, string kind = ScriptKind, long largest = LargestScript)
    {
        var start = new SourcePosition(path, 1, 1);
        byte[] bytes;
        try
        {
            if (Directory.Exists(path)) throw new ScriptException(start, $"this is a folder; expected {kind}");
            if (!File.Exists(path)) throw new ScriptException(start, $"there is no such file; expected {kind}");
            if (new FileInfo(path).Length > largest)
                throw new ScriptException(start, $"the file is larger than {largest >> 20} MiB; expected {kind}");
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ScriptException(start, $"the file cannot be read (access denied or in use); expected {kind}");
        }
        return Decode(path, bytes, kind == ScriptKind ? YamlKind : kind);
    }

    public static string Decode(string path, ReadOnlySpan<byte> bytes, string kind = YamlKind)
    {
        if (bytes.StartsWith("\uFEFF"u8)) bytes = bytes[3..];
        for (var i = 0; i < bytes.Length; i++)
            if (bytes[i] is < 0x20 and not ((byte)'\n' or (byte)'\r' or (byte)'\t') or 0x7F)
                throw Binary(path, bytes, i, $"byte 0x{bytes[i]:x2} is not text", kind);
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw Binary(path, bytes, Math.Clamp(e.Index, 0, bytes.Length - 1), "these bytes are not UTF-8", kind);
        }
    }

    private static ScriptException Binary(string path, ReadOnlySpan<byte> bytes, int at, string what, string kind)
    {
        var before = bytes[..at];
        var line = before.Count((byte)'\n') + 1;
        var column = at - (before.LastIndexOf((byte)'\n') + 1) + 1;
        return new ScriptException(new SourcePosition(path, line, column), $"{what}; expected {kind}");
    }
}
