using System.Globalization;
using System.Text;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Config;

/// <summary>Configuration spaces as <c>lspci -xxxx -n</c> prints them, which <c>lspci -F</c> reads.</summary>
public static class LspciDump
{
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

    /// <summary>Reads a dump: every Function with the bytes it has, which may be 64, 256 or 4096. Lines of a verbose listing are
    /// skipped.</summary>
    /// <exception cref="FormatException">A row stands before any header line, or rows are missing.</exception>
    public static IReadOnlyList<LspciFunction> Parse(string text)
    {
        var functions = new List<LspciFunction>();
        var bytes = new List<byte>();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (TryParseRow(line, out var offset, out var row))
            {
                if (functions.Count == 0 || offset != bytes.Count)
                    throw new FormatException($"line {number}: row {offset:x} does not follow {bytes.Count:x} bytes of a Function");
                bytes.AddRange(row);
                functions[^1] = functions[^1] with { Image = [.. bytes] };
            }
            else if (TryParseHeader(line, out var domain, out var id))
            {
                functions.Add(new(domain, id, []));
                bytes.Clear();
            }
        }
        return functions;
    }

    private static bool TryParseHeader(string line, out int domain, out RoutingId id)
    {
        (domain, id) = (0, default);
        var end = line.IndexOf(' ');
        if (end < 7 || char.IsWhiteSpace(line[0]))
            return false;
        var address = line.AsSpan(0, end);
        var colon = address.IndexOf(':');
        if (address.Count(':') == 2)
        {
            if (!int.TryParse(address[..colon], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out domain))
                return false;
            address = address[(colon + 1)..];
        }
        return RoutingId.TryParse(address, out id);
    }

    private static bool TryParseRow(string line, out int offset, out byte[] row)
    {
        (offset, row) = (0, []);
        var parts = line.TrimEnd().Split(' ');
        if (parts.Length != 17 || !parts[0].EndsWith(':')
            || !int.TryParse(parts[0].AsSpan()[..^1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out offset))
            return false;
        row = new byte[16];
        for (var at = 0; at < 16; at++)
            if (!byte.TryParse(parts[at + 1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out row[at]))
                return false;
        return true;
    }
}

/// <summary>One Function of a dump.</summary>
/// <param name="Domain">PCI Segment Group.</param>
/// <param name="Id">Routing ID.</param>
/// <param name="Image">The bytes dumped.</param>
public sealed record LspciFunction(int Domain, RoutingId Id, byte[] Image)
{
    /// <summary>Offset of a capability in the image, or 0.</summary>
    public int FindCapability(byte id) => Space().FindCapability(id);

    /// <summary>Offset of an extended capability in the image, or 0.</summary>
    public int FindExtendedCapability(ushort id) => Space().FindExtendedCapability(id);

    /// <summary>The image as a configuration space whose every register is read-only.</summary>
    public ConfigSpace Space()
    {
        var space = new ConfigSpace(Id.ToString(), Image.Length > ConfigSpace.ConventionalSize);
        for (var at = 0; at < Image.Length; at++)
            space.Define(at, 1, Image[at]);
        return space;
    }
}
