using Sim.Vfio.VfioPci;

namespace Sim.Vfio.Iommufd;

/// <summary>A BAR that vfio-pci exported as a dma-buf. Its importers are told when access is revoked, and answer by taking it out of
/// their page tables before the device's driver goes on.</summary>
public sealed class VfioDmaBuf
{
    private readonly List<Func<Task>> _importers = [];

    internal VfioDmaBuf(VfioPciDevice device, int bar) => (Device, Bar) = (device, bar);

    /// <summary>The device.</summary>
    public VfioPciDevice Device { get; }

    /// <summary>The BAR.</summary>
    public int Bar { get; }

    /// <summary>Host address of its first byte.</summary>
    public ulong Address => Device.BarAddress(Bar);

    /// <summary>Its length, as far as users see the BAR.</summary>
    public ulong Bytes => Device.UserBarBytes(Bar);

    /// <summary>Whether access is revoked now: a mapping fails with ENODEV.</summary>
    public bool IsRevoked { get; internal set; }

    /// <summary>Adds an importer.</summary>
    /// <param name="revoke">Takes the buffer out of page tables, and is complete when nothing uses it any more.</param>
    internal void AddImporter(Func<Task> revoke) => _importers.Add(revoke);

    /// <summary>Revokes access, and waits for every importer.</summary>
    internal async Task RevokeAsync()
    {
        if (IsRevoked) return;
        IsRevoked = true;
        foreach (var revoke in _importers) await revoke();
    }

    /// <summary>Permits mappings again. What importers took out stays out.</summary>
    internal void Restore() => IsRevoked = false;
}
