using Sim.Iommu;
using Sim.Vfio.Iommufd;
using Sim.Vfio.Kernel;
using Sim.Vfio.VfioPci;

namespace Sim.Vfio.Virtualization;

/// <summary>A virtual machine monitor with one guest: memory mapped through the IOMMU at guest physical addresses, devices, one
/// vCPU.</summary>
public sealed class Vmm
{
    private const ulong PciWindow = 0x20_0000_0000;
    private const ulong BarSpacing = 0x1000_0000;

    private readonly List<AssignedDevice> _devices = [];
    private readonly List<(AssignedDevice Device, int Bar)> _peerBars = [];

    /// <summary>Makes a virtual machine, stopped.</summary>
    /// <param name="kernel">The host; it needs an IOMMU.</param>
    /// <param name="name">The guest's name, which is also the context of its devices.</param>
    /// <param name="hostBase">Where its memory lies in host memory; page-aligned.</param>
    /// <param name="bytes">How much memory; whole pages.</param>
    /// <param name="program">What it runs.</param>
    /// <param name="space">What it maps memory and BARs into; an address space of iommufd if null.</param>
    /// <exception cref="InvalidOperationException">The host has no IOMMU.</exception>
    public Vmm(HostKernel kernel, string name, ulong hostBase, ulong bytes, IGuestProgram program, IUserAddressSpace? space = null)
    {
        if (kernel.Iommu is null) throw new InvalidOperationException($"{name}: device assignment needs an IOMMU.");
        (Kernel, Name) = (kernel, name);
        Memory = new(kernel.Root.Memory, hostBase, bytes);
        Space = space ?? new IoAddressSpace(kernel.Iommu, name);
        Space.Map(0, hostBase, bytes, IoPermissions.ReadWrite);
        Cpu = new(this, program);
        Cpu.Start($"vcpu of {name}");
    }

    /// <summary>The host.</summary>
    public HostKernel Kernel { get; }

    /// <summary>The guest's name.</summary>
    public string Name { get; }

    /// <summary>The guest's memory.</summary>
    public GuestMemory Memory { get; }

    /// <summary>What its devices reach: IOVA is guest physical address.</summary>
    public IUserAddressSpace Space { get; }

    /// <summary>Its virtual CPU.</summary>
    public Vcpu Cpu { get; }

    /// <summary>Its devices, in the order in which they were added.</summary>
    public IReadOnlyList<AssignedDevice> Devices => _devices;

    /// <summary>Why the VMM gave the guest up; null while it did not.</summary>
    public string? Aborted { get; private set; }

    /// <summary>Gives a device to the guest: IOMMU domain, interrupts into the vCPU, error eventfd that stops the guest as QEMU
    /// does.</summary>
    /// <param name="device">Opened, in context <see cref="Name"/>.</param>
    /// <param name="vectors">MSI-X vectors the guest uses.</param>
    public async Task<AssignedDevice> AddDeviceAsync(VfioPciDevice device, int vectors)
    {
        var assigned = new AssignedDevice(device, vectors);
        var index = _devices.Count;
        _devices.Add(assigned);
        Space.Attach(device.Function.Id);
        device.ErrorEventFd = _ => OnError(device);
        await EnableInterruptsAsync(assigned, index);
        return assigned;
    }

    /// <summary>Guest physical address, and so IOVA, of a BAR of one of its devices: the same on every host.</summary>
    public static ulong BarAddress(int device, int bar) => PciWindow + ((ulong)device * 6 + (ulong)bar) * BarSpacing;

    /// <summary>Maps a BAR of one of its devices for the others, as VFIO does with everything a guest maps. Without it a peer's request
    /// faults in the IOMMU.</summary>
    public void MapForPeers(AssignedDevice device, int bar)
    {
        _peerBars.Add((device, bar));
        Space.MapBar(BarAddress(_devices.IndexOf(device), bar), device.Device, bar);
    }

    /// <summary>Maps once more what a revoke took out of the address space, as far as that is possible again: what was revoked does not
    /// come back by itself.</summary>
    public async Task RemapForPeersAsync()
    {
        foreach (var (device, bar) in _peerBars)
        {
            var iova = BarAddress(_devices.IndexOf(device), bar);
            var area = Space.Areas.FirstOrDefault(a => a.Iova == iova);
            if (area is { IsPresent: true }) continue;
            if (area is not null) await Space.UnmapAsync(iova, area.Bytes);
            Space.MapBar(iova, device.Device, bar);
        }
    }

    /// <summary>Lets the guest run (on).</summary>
    public void Run() => Cpu.Resume();

    /// <summary>Stops the vCPU; complete once it stands.</summary>
    public Task PauseAsync() => Cpu.PauseAsync();

    /// <summary>Programs the interrupts of a device anew, as after a device image was loaded over the MSI-X table.</summary>
    /// <returns>What SET_IRQS answered.</returns>
    public async Task<Errno> EnableInterruptsAsync(AssignedDevice device, int index)
    {
        var handlers = new Action?[device.Vectors];
        for (var vector = 0; vector < handlers.Length; vector++)
        {
            var number = vector;
            handlers[vector] = () => Cpu.Raise(index, number);
        }

        return handlers.Length > 0 ? await device.Device.SetIrqsAsync(handlers) : Errno.None;
    }

    /// <summary>As QEMU does: it stops the virtual machine. One that stands already, for a switch-over, is not touched.</summary>
    private void OnError(VfioPciDevice device)
    {
        if (!Cpu.IsPaused) Abort($"error eventfd of {device.Function.Id}");
    }

    /// <summary>Gives the guest up: the vCPU stops and does not run again.</summary>
    public void Abort(string reason)
    {
        if (Aborted is not null) return;
        Aborted = reason;
        Kernel.Sim.Start($"{Name} aborts", Cpu.PauseAsync);
    }
}
