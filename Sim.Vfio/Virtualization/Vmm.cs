using Sim.Iommu;
using Sim.Vfio.Kernel;
using Sim.Vfio.VfioPci;

namespace Sim.Vfio.Virtualization;

/// <summary>A virtual machine monitor with one guest: memory mapped through the IOMMU at guest physical addresses, devices, one
/// vCPU.</summary>
public sealed class Vmm
{
    private readonly List<AssignedDevice> _devices = [];

    /// <summary>Makes a virtual machine, stopped.</summary>
    /// <param name="kernel">The host; it needs an IOMMU.</param>
    /// <param name="name">The guest's name, which is also the context of its devices.</param>
    /// <param name="hostBase">Where its memory lies in host memory; page-aligned.</param>
    /// <param name="bytes">How much memory; whole pages.</param>
    /// <param name="program">What it runs.</param>
    /// <exception cref="InvalidOperationException">The host has no IOMMU.</exception>
    public Vmm(HostKernel kernel, string name, ulong hostBase, ulong bytes, IGuestProgram program)
    {
        if (kernel.Iommu is null) throw new InvalidOperationException($"{name}: device assignment needs an IOMMU.");
        (Kernel, Name) = (kernel, name);
        Memory = new(kernel.Root.Memory, hostBase, bytes);
        Domain = kernel.Iommu.CreateDomain(name);
        Domain.TracksDirty = kernel.Iommu.IsScalable;
        Domain.Map(0, hostBase, bytes, IoPermissions.ReadWrite);
        Cpu = new(this, program);
        Cpu.Start($"vcpu of {name}");
    }

    /// <summary>The host.</summary>
    public HostKernel Kernel { get; }

    /// <summary>The guest's name.</summary>
    public string Name { get; }

    /// <summary>The guest's memory.</summary>
    public GuestMemory Memory { get; }

    /// <summary>The IOMMU domain of its devices: IOVA is guest physical address.</summary>
    public IommuDomain Domain { get; }

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
        Kernel.Iommu!.Attach(device.Function.Id, Domain);
        device.ErrorEventFd = _ => OnError(device);
        await EnableInterruptsAsync(assigned, index);
        return assigned;
    }

    /// <summary>Maps a BAR of one of its devices for peers, as VFIO does with everything a guest maps: at the BAR's host address as
    /// IOVA.</summary>
    public void MapForPeers(AssignedDevice device, int bar) => Domain.Map(
        device.Device.BarAddress(bar), device.Device.BarAddress(bar), device.Device.UserBarBytes(bar), IoPermissions.ReadWrite);

    /// <summary>Lets the guest run (on).</summary>
    public void Run() => Cpu.Resume();

    /// <summary>Stops the vCPU; complete once it stands.</summary>
    public Task PauseAsync() => Cpu.PauseAsync();

    /// <summary>Programs the interrupts of a device anew, as after a device image was loaded over the MSI-X table.</summary>
    internal async Task EnableInterruptsAsync(AssignedDevice device, int index)
    {
        var handlers = new Action?[device.Vectors];
        for (var vector = 0; vector < handlers.Length; vector++)
        {
            var number = vector;
            handlers[vector] = () => Cpu.Raise(index, number);
        }

        if (handlers.Length > 0) await device.Device.SetIrqsAsync(handlers);
    }

    /// <summary>Pages that vCPUs or devices wrote since the last call; complete once no cached translation hides a later write.</summary>
    internal async Task<SortedSet<ulong>> TakeDirtyPagesAsync()
    {
        SortedSet<ulong> pages = [];
        await Domain.ReadAndClearDirtyAsync(0, Memory.Bytes, pages);
        Memory.TakeDirty(pages);
        return pages;
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
