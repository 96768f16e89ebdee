using System.Text;

namespace Scenarios.Language;

/// <summary>Gets the text of a script file, or says in one line why there is none.</summary>
internal static class ScriptText
{
    private const long LargestFile = 4 << 20;
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public static string Read(string path)
    {
        var start = new SourcePosition(path, 1, 1);
        byte[] bytes;
        try
        {
            if (Directory.Exists(path)) throw new ScriptException(start, "this is a folder; expected a scenario script");
            if (!File.Exists(path)) throw new ScriptException(start, "there is no such file; expected a scenario script");
            if (new FileInfo(path).Length > LargestFile)
                throw new ScriptException(start, $"the file is larger than {LargestFile >> 20} MiB; expected a scenario script");
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ScriptException(start, "the file cannot be read (access denied or in use); expected a readable scenario script");
        }
        return Decode(path, bytes);
    }

    public static string Decode(string path, ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("\uFEFF"u8)) bytes = bytes[3..];
        for (var i = 0; i < bytes.Length; i++)
            if (bytes[i] is < 0x20 and not ((byte)'\n' or (byte)'\r' or (byte)'\t') or 0x7F)
                throw Binary(path, bytes, i, $"byte 0x{bytes[i]:x2} is not text");
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw Binary(path, bytes, Math.Clamp(e.Index, 0, bytes.Length - 1), "these bytes are not UTF-8");
        }
    }

    private static ScriptException Binary(string path, ReadOnlySpan<byte> bytes, int at, string what)
    {
        var before = bytes[..at];
        var line = before.Count((byte)'\n') + 1;
        var column = at - (before.LastIndexOf((byte)'\n') + 1) + 1;
        return new ScriptException(new SourcePosition(path, line, column), $"{what}; expected a scenario script in YAML");
    }
}
