using Sim.Vfio.VfioPci;

namespace Sim.Vfio.Virtualization;

/// <summary>A device given to a guest: its BARs are mapped for the vCPUs as they are first used.</summary>
public sealed class AssignedDevice
{
    private readonly Dictionary<int, VfioMapping> _mappings = [];

    internal AssignedDevice(VfioPciDevice device, int vectors) => (Device, Vectors) = (device, vectors);

    /// <summary>The device.</summary>
    public VfioPciDevice Device { get; }

    /// <summary>MSI-X vectors the guest uses.</summary>
    public int Vectors { get; }

    internal VfioMapping MappingOf(int bar)
    {
        if (!_mappings.TryGetValue(bar, out var mapping)) _mappings.Add(bar, mapping = Device.Map(bar));
        return mapping;
    }
}
