namespace Scenarios.Language;

/// <summary>Where DMA goes: an address as the device sends it (<c>0x40000000</c>), or a place in a BAR (<c>nic.vf0.bar0+0x800</c>), whose
/// address the machine knows after enumeration.</summary>
public readonly record struct DmaPlace(ulong Address, MmioPlace? Bar)
{
    public override string ToString() => Bar?.ToString() ?? $"0x{Address:x}";

    internal static DmaPlace? Parse(ScalarNode node)
    {
        if (ValueKind.Unsigned(node.Text) is { } address) return new DmaPlace(address, null);
        return MmioPlace.Parse(node) is { Place: "bar" } place ? new DmaPlace(0, place) : null;
    }
}
