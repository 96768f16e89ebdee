using Sim.Pcie.Spec;

namespace Sim.Pcie.Topology;

/// <summary>A BAR as software sized and placed it.</summary>
/// <param name="Index">0 to 5.</param>
/// <param name="Address">Where it was placed.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Is64">Takes two registers.</param>
/// <param name="IsPrefetchable">Prefetchable.</param>
public sealed record DiscoveredBar(int Index, ulong Address, ulong Size, bool Is64, bool IsPrefetchable)
{
    /// <summary>I/O space rather than memory.</summary>
    public bool IsIo { get; init; }
}

/// <summary>A function as host software knows it: nothing but what configuration requests returned.</summary>
public sealed class DiscoveredFunction
{
    internal DiscoveredFunction(RoutingId id, DiscoveredFunction? parent)
    {
        Id = id;
        Parent = parent;
    }

    /// <summary>Bus, device, function.</summary>
    public RoutingId Id { get; }

    /// <summary>The bridge above; null on bus 0.</summary>
    public DiscoveredFunction? Parent { get; }

    /// <summary>The PF, for a VF.</summary>
    public DiscoveredFunction? PhysicalFunction { get; internal init; }

    /// <summary>Vendor ID; for a VF its PF's.</summary>
    public ushort VendorId { get; internal set; }

    /// <summary>Device ID; for a VF the VF Device ID of its PF.</summary>
    public ushort DeviceId { get; internal set; }

    /// <summary>Class code, 24 bits.</summary>
    public uint ClassCode { get; internal set; }

    /// <summary>Whether it has a Type 1 header.</summary>
    public bool IsBridge { get; internal set; }

    /// <summary>Secondary bus number of a bridge.</summary>
    public byte SecondaryBus { get; internal set; }

    /// <summary>Device/Port Type of the PCI Express capability (§7.5.3.2).</summary>
    public int PortType { get; internal set; }

    /// <summary>Memory BARs.</summary>
    public IReadOnlyList<DiscoveredBar> Bars => BarList;

    /// <summary>Functions on the secondary bus of a bridge, and their VFs once enabled.</summary>
    public IReadOnlyList<DiscoveredFunction> Children => ChildList;

    /// <summary>Offset of each capability in the list, by capability ID.</summary>
    public IReadOnlyDictionary<int, int> Capabilities => CapabilityOffsets;

    /// <summary>Offset of each extended capability, by extended capability ID.</summary>
    public IReadOnlyDictionary<int, int> ExtendedCapabilities => ExtendedOffsets;

    internal List<DiscoveredBar> BarList { get; } = [];

    internal List<DiscoveredFunction> ChildList { get; } = [];

    internal Dictionary<int, int> CapabilityOffsets { get; } = [];

    internal Dictionary<int, int> ExtendedOffsets { get; } = [];

    /// <summary>VF BARs of an SR-IOV PF: size is one VF's.</summary>
    internal List<DiscoveredBar> VfBarList { get; } = [];

    internal int TotalVfs { get; set; }

    /// <summary>This function and all below it.</summary>
    public IEnumerable<DiscoveredFunction> Subtree()
    {
        yield return this;
        foreach (var child in ChildList)
        {
            foreach (var f in child.Subtree()) yield return f;
        }
    }
}
