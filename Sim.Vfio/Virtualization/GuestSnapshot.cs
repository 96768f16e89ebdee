namespace Sim.Vfio.Virtualization;

/// <summary>A guest at one moment, as bytes: what a source has at the switch-over and what a destination has before it runs on.</summary>
/// <param name="Pages">Memory pages that are not all zero, by guest physical address.</param>
/// <param name="Images">Device images, in the order of the devices.</param>
/// <param name="Pending">Interrupts raised and not yet taken, as (device, vector).</param>
/// <param name="Cpu">The program's state.</param>
public sealed record GuestSnapshot(
    IReadOnlyDictionary<ulong, byte[]> Pages, IReadOnlyList<byte[]> Images, IReadOnlyList<(int Device, int Vector)> Pending, byte[] Cpu)
{
    /// <summary>A stopped guest as it is now, with device images read before; takes no simulated time.</summary>
    public static GuestSnapshot Of(Vmm vmm, IReadOnlyList<byte[]> images) => new(
        vmm.Memory.PopulatedPages().ToDictionary(address => address, vmm.Memory.CopyPage), images,
        [.. vmm.Cpu.PendingInterrupts], vmm.Cpu.Program.Save());

    /// <summary>What differs in <paramref name="other"/>, item by item; empty if nothing does.</summary>
    public IReadOnlyList<string> Differences(GuestSnapshot other)
    {
        List<string> differences = [];
        foreach (var address in Pages.Keys.Union(other.Pages.Keys).Order())
            if (FirstDifference(PageAt(address), other.PageAt(address)) is { } at)
                differences.Add($"memory page {address:x} differs from byte {at:x} on");
        for (var device = 0; device < Math.Max(Images.Count, other.Images.Count); device++)
            if (FirstDifference(ImageAt(device), other.ImageAt(device)) is { } at)
                differences.Add($"image of device {device} differs from byte {at:x} on");
        differences.AddRange(Pending.Except(other.Pending).Select(p => $"interrupt {p.Vector} of device {p.Device} is lost"));
        differences.AddRange(other.Pending.Except(Pending).Select(p => $"interrupt {p.Vector} of device {p.Device} is new"));
        if (!Cpu.AsSpan().SequenceEqual(other.Cpu)) differences.Add("the vCPU state differs");
        return differences;
    }

    private ReadOnlySpan<byte> PageAt(ulong address) => Pages.TryGetValue(address, out var page) ? page : new byte[GuestMemory.PageBytes];

    private ReadOnlySpan<byte> ImageAt(int device) => device < Images.Count ? Images[device] : [];

    private static int? FirstDifference(ReadOnlySpan<byte> one, ReadOnlySpan<byte> two)
    {
        var common = one.CommonPrefixLength(two);
        return common == one.Length && common == two.Length ? null : common;
    }
}
