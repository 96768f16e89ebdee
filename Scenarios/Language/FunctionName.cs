using System.Globalization;

namespace Scenarios.Language;

/// <summary>A Function of a device: its PF (<c>nic</c>) or one of its VFs (<c>nic.vf0</c>, counted from 0).</summary>
public readonly record struct FunctionName(string Device, int? Vf, SourcePosition Position)
{
    public override string ToString() => Vf is { } vf ? $"{Device}.vf{vf}" : Device;

    internal static FunctionName? Parse(ScalarNode node) => Parse(node.Text.Split('.'), node.Position);

    internal static FunctionName? Parse(ReadOnlySpan<string> parts, SourcePosition position)
    {
        if (parts.Length is 0 or > 2 || parts[0].Length == 0) return null;
        if (parts.Length == 1) return new FunctionName(parts[0], null, position);
        return parts[1].StartsWith("vf", StringComparison.Ordinal)
            && int.TryParse(parts[1].AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var vf)
            ? new FunctionName(parts[0], vf, position) : null;
    }
}

/// <summary>
/// A place in a Function's BAR: a number (<c>nic.vf0.bar0+0x800</c>), or a role that each device model has somewhere of its own
/// (<c>doorbell</c>: a store there starts work; <c>identity</c>: a load there tells whether the device is alive).
/// </summary>
public readonly record struct MmioPlace(FunctionName Function, string Place, int Bar, ulong Offset)
{
    public override string ToString() => Place == "bar" ? $"{Function}.bar{Bar}+0x{Offset:x}" : $"{Function}.{Place}";

    internal static MmioPlace? Parse(ScalarNode node)
    {
        var parts = node.Text.Split('.');
        if (parts.Length < 2 || FunctionName.Parse(parts.AsSpan(..^1), node.Position) is not { } function) return null;
        var place = parts[^1];
        if (place is "doorbell" or "identity") return new MmioPlace(function, place, 0, 0);
        var plus = place.Split('+', 2);
        if (plus[0] is not ['b', 'a', 'r', var bar and >= '0' and <= '5']) return null;
        var offset = plus.Length == 1 ? 0 : ValueKind.Unsigned(plus[1]);
        return offset is { } at ? new MmioPlace(function, "bar", bar - '0', at) : null;
    }
}
