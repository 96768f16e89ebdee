using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Config;

/// <summary>Configuration spaces as <c>lspci -xxxx -n</c> prints them, which <c>lspci -F</c> reads.</summary>
public static class LspciDump
{
    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>One Function: header line, rows of 16 bytes, empty line. A Function without extended space has 16 rows.</summary>
    /// <param name="id">Its Routing ID.</param>
    /// <param name="config">Its space.</param>
    /// <param name="domain">PCI Segment Group.</param>
    public static string Format(RoutingId id, ConfigSpace config, int domain = 0)
    {
        var text = new StringBuilder();
        Append(text, id, config.Image, domain);
        return text.ToString();
    }

    /// <summary>Appends one Function to a dump.</summary>
    public static void Append(StringBuilder text, RoutingId id, ReadOnlySpan<byte> image, int domain = 0)
    {
        text.Append(CultureInfo.InvariantCulture, $"{domain:x4}:{id} {image[0x0B]:x2}{image[0x0A]:x2}: ")
            .Append(CultureInfo.InvariantCulture, $"{image[1]:x2}{image[0]:x2}:{image[3]:x2}{image[2]:x2}");
        if (image[8] != 0)
            text.Append(CultureInfo.InvariantCulture, $" (rev {image[8]:x2})");
        text.Append('\n');
        for (var row = 0; row < image.Length; row += 16)
        {
            text.Append(CultureInfo.InvariantCulture, $"{row:x2}:");
            foreach (var value in image.Slice(row, 16))
                text.Append(CultureInfo.InvariantCulture, $" {value:x2}");
            text.Append('\n');
        }
        text.Append('\n');
    }

    /// <summary>Reads a dump: every Function with the bytes it has, which may be 64, 128 (CardBus bridges), 256 or 4096. Lines of a
    /// verbose listing are skipped.</summary>
    /// <exception cref="LspciFormatException">A row cannot be read, stands before any header line or out of order, a Function stands twice
    /// or ends early, or there is none.</exception>
    public static IReadOnlyList<LspciFunction> Parse(string text)
    {
        var functions = new List<LspciFunction>();
        var lines = new Dictionary<(int Domain, RoutingId Id), int>();
        var bytes = new List<byte>();
        var (number, last) = (0, 0);
        for (var from = 0; from <= text.Length;)
        {
            var end = text.IndexOf('\n', from) is >= 0 and var at ? at : text.Length;
            var line = text.AsSpan(from, end - from);
            from = end + 1;
            number++;
            if (IsRow(line))
            {
                if (bytes.Count == 0 && functions.Count > 0) functions[^1] = functions[^1] with { RowsLine = number };
                AppendRow(line.TrimEnd(), number, functions.Count == 0 ? null : functions[^1], bytes);
                last = number;
            }
            else if (TryParseHeader(line, out var domain, out var id))
            {
                Finish();
                if (!lines.TryAdd((domain, id), number))
                {
                    var first = lines[(domain, id)];
                    throw new LspciFormatException(number, 1, $"{id} stands twice, first on line {first}", "each Function once");
                }

                functions.Add(new(domain, id, []) { Line = number });
                last = number;
            }
        }
        if (functions.Count == 0)
            throw new LspciFormatException(1, 1, "there is no Function in this text", "the output of 'lspci -xxxx'");
        Finish();
        return functions;

        void Finish()
        {
            if (functions.Count == 0)
                return;
            if (bytes.Count is not (64 or 128 or ConfigSpace.ConventionalSize or ConfigSpace.ExtendedSize))
                throw new LspciFormatException(last, 1,
                    bytes.Count == 0 ? $"{functions[^1].Id} has no register rows" : $"{functions[^1].Id} ends after {bytes.Count} bytes",
                    "rows of 64, 256 or 4096 bytes, as 'lspci -xxxx' prints them");
            functions[^1] = functions[^1] with { Image = [.. bytes] };
            bytes.Clear();
        }
    }

    private static bool TryParseHeader(ReadOnlySpan<char> line, out int domain, out RoutingId id)
    {
        (domain, id) = (0, default);
        var end = line.IndexOf(' ');
        if (end < 7 || char.IsWhiteSpace(line[0]))
            return false;
        var address = line[..end];
        var colon = address.IndexOf(':');
        if (address.Count(':') == 2)
        {
            if (!int.TryParse(address[..colon], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out domain))
                return false;
            address = address[(colon + 1)..];
        }
        return RoutingId.TryParse(address, out id);
    }

    /// <summary>A row begins with its offset, two or three hexadecimal digits and a colon; a Function's address has more behind
    /// it.</summary>
    private static bool IsRow(ReadOnlySpan<char> line)
    {
        var colon = line.IndexOf(':');
        return colon is 2 or 3 && line[..colon].IndexOfAnyExcept(HexDigits) < 0
            && (colon + 1 == line.Length || char.IsWhiteSpace(line[colon + 1]));
    }

    private static void AppendRow(ReadOnlySpan<char> line, int number, LspciFunction? function, List<byte> bytes)
    {
        var at = line.IndexOf(':');
        var offset = int.Parse(line[..at], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        if (function is null)
            throw new LspciFormatException(number, 1, $"row {offset:x2} stands before any Function", "a header line before it");
        if (offset != bytes.Count)
            throw new LspciFormatException(number, 1, $"row {offset:x2} does not follow {bytes.Count:x} bytes of {function.Id}",
                bytes.Count < ConfigSpace.ExtendedSize ? $"row {bytes.Count:x2}" : "a header line");
        at++;
        for (var count = 0; count < 16; count++, at += 3)
        {
            if (at >= line.Length)
                throw new LspciFormatException(number, line.Length + 1, $"the row ends after {count} bytes", "16 bytes");
            var cell = line.Slice(at + 1, Math.Min(2, line.Length - at - 1));
            if (line[at] != ' ' || cell.Length != 2 || cell.IndexOfAnyExcept(HexDigits) >= 0)
                throw new LspciFormatException(number, at + 2, $"'{cell}' is no byte", "two hexadecimal digits after one space");
            bytes.Add(byte.Parse(cell, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        }
        if (at < line.Length)
            throw new LspciFormatException(number, at + 1, "the row goes on after 16 bytes", "the end of the line");
    }
}

/// <summary>One Function of a dump.</summary>
/// <param name="Domain">PCI Segment Group.</param>
/// <param name="Id">Routing ID.</param>
/// <param name="Image">The bytes dumped.</param>
public sealed record LspciFunction(int Domain, RoutingId Id, byte[] Image)
{
    /// <summary>Line of its header in the dump, counted from 1.</summary>
    public int Line { get; init; }

    /// <summary>Line of its first row, counted from 1; 0 if it does not come from a dump.</summary>
    public int RowsLine { get; init; }

    /// <summary>Where a byte stands in the dump: line and column, both counted from 1.</summary>
    /// <param name="offset">Byte offset in the space.</param>
    public (int Line, int Column) PlaceOf(int offset) => (RowsLine + offset / 16, (offset < 0x100 ? 5 : 6) + offset % 16 * 3);

    /// <summary>Offset of a capability in the image, or 0.</summary>
    public int FindCapability(byte id)
    {
        var at = Image.Length > 0x34 ? Image[0x34] & 0xFC : 0;
        for (var steps = 0; at >= 0x40 && at + 1 < Image.Length && steps < 48; steps++, at = Image[at + 1] & 0xFC)
            if (Image[at] == id)
                return at;
        return 0;
    }

    /// <summary>Offset of an extended capability in the image, or 0.</summary>
    public int FindExtendedCapability(ushort id)
    {
        var at = ConfigSpace.ConventionalSize;
        for (var steps = 0; at >= ConfigSpace.ConventionalSize && at + 4 <= Image.Length && steps < 960; steps++)
        {
            var header = BinaryPrimitives.ReadUInt32LittleEndian(Image.AsSpan(at));
            if (header is 0 or uint.MaxValue)
                return 0;
            if ((header & 0xFFFF) == id)
                return at;
            at = (int)(header >> 20) & 0xFFC;
        }
        return 0;
    }
}
