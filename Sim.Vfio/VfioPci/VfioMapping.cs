namespace Sim.Vfio.VfioPci;

/// <summary>A user's mmap() of part of a BAR. Its page table entries come with the first access and go with a zap.</summary>
public sealed class VfioMapping
{
    internal VfioMapping(VfioPciDevice device, int bar, ulong offset, ulong length) =>
        (Device, Bar, Offset, Length) = (device, bar, offset, length);

    /// <summary>The device.</summary>
    public VfioPciDevice Device { get; }

    /// <summary>BAR index.</summary>
    public int Bar { get; }

    /// <summary>Where in the BAR it begins.</summary>
    public ulong Offset { get; }

    /// <summary>Bytes.</summary>
    public ulong Length { get; }

    /// <summary>Whether the CPU finds page table entries; if not, the next access faults.</summary>
    public bool IsPresent { get; internal set; }
}
