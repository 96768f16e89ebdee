using System.Globalization;

namespace Sim.Pcie.Spec;

/// <summary>A Routing ID: Bus, Device and Function as Requester ID, Completer ID and configuration address carry them (§2.2.4.2).</summary>
/// <param name="Value">Bus in bits 15:8, Device in 7:3, Function in 2:0; with ARI the Function alone fills 7:0 (§6.13).</param>
public readonly record struct RoutingId(ushort Value) : IComparable<RoutingId>
{
    /// <summary>Bus Number, 0 to 255.</summary>
    public int Bus => Value >> 8;

    /// <summary>Device Number, 0 to 31.</summary>
    public int Device => (Value >> 3) & 0x1F;

    /// <summary>Function Number, 0 to 7.</summary>
    public int Function => Value & 7;

    /// <summary>Function Number of an ARI device, 0 to 255: Device and Function fields read as one (§6.13).</summary>
    public int AriFunction => Value & 0xFF;

    /// <summary>Builds a Routing ID from its three numbers.</summary>
    /// <param name="bus">0 to 255.</param>
    /// <param name="device">0 to 31.</param>
    /// <param name="function">0 to 7.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public static RoutingId Of(int bus, int device, int function)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bus, 255u, nameof(bus));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)device, 31u, nameof(device));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)function, 7u, nameof(function));
        return new((ushort)(bus << 8 | device << 3 | function));
    }

    /// <summary>Reads "1b:00.2" (hexadecimal bus and device, Function 0 to 7).</summary>
    /// <exception cref="FormatException">The text is not a Routing ID.</exception>
    public static RoutingId Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is not a Routing ID: bus:device.function, as in 1b:00.2");

    /// <summary>Reads "1b:00.2"; false if the text is anything else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out RoutingId id)
    {
        id = default;
        int colon = text.IndexOf(':');
        int dot = text.LastIndexOf('.');
        if (colon is < 1 or > 2 || dot - colon is < 2 or > 3 || text.Length != dot + 2)
            return false;
        if (!byte.TryParse(text[..colon], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte bus)
            || !byte.TryParse(text[(colon + 1)..dot], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte device)
            || device > 31 || text[dot + 1] is < '0' or > '7')
            return false;
        id = new((ushort)(bus << 8 | device << 3 | (text[dot + 1] - '0')));
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(RoutingId other) => Value.CompareTo(other.Value);

    /// <summary>As lspci prints it, lower-case: "1b:00.2".</summary>
    public override string ToString() => $"{Bus:x2}:{Device:x2}.{Function}";
}
