using Scenarios.Model;
using Sim.Core;
using Sim.Mlx5.Device;
using Sim.Mlx5.Driver;
using Sim.Mlx5.Spec;
using Sim.Pcie.Endpoints;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using Sim.Vfio.Virtualization;

namespace Scenarios.Platforms;

/// <summary>The mlx5 NIC: a PF with its driver, VFs with the mlx5 variant driver and a guest that works with their queues.</summary>
internal sealed class Mlx5Personality : IDevicePersonality
{
    private const int FirstVf = 2;
    private const ulong FirstPfMemory = 0x400_0000;

    private Mlx5PfDriver? _pf;

    public int GuestVectors => Mlx5Guest.Vectors;

    public (int Bar, ulong Offset) Doorbell => (BarLayout.Bar, (BarLayout.FirstUar * BarLayout.UarPageSize) + UarPage.SqDoorbell);

    public (int Bar, ulong Offset) Identity => (BarLayout.Bar, InitSegment.FirmwareRevision);

    public (int Bar, ulong Offset) Health => (BarLayout.Bar, InitSegment.HealthCounter);

    public bool IsUserRegister(int bar, ulong offset) => offset is < BarLayout.MsixTable or >= BarLayout.MsixEnd;

    public PcieDevice Build(Simulator sim, string name, DeviceItem item)
    {
        var device = new PcieDevice(sim, name, new DeviceOptions { Latency = item.LoadLatency });
        var config = new Mlx5ConfigOptions { TotalVfs = Math.Max(1, item.Vfs), FirstVfOffset = FirstVf, VirtualAer = item.VfAer };
        var options = new Mlx5Options
        {
            StoppedAccess = StoppedPolicies.Of(item),
            ImageChunk = (int)(item.ImageChunk?.Bytes ?? 0),
            SuspendedDoorbell = item.SuspendedDoorbell == Model.SuspendedDoorbell.Discard
                ? Sim.Mlx5.Device.SuspendedDoorbell.Discard
                : Sim.Mlx5.Device.SuspendedDoorbell.Remember,
            SuspendedInterrupt = item.SuspendedInterrupt == Model.SuspendedInterrupt.Send
                ? Sim.Mlx5.Device.SuspendedInterrupt.Send
                : Sim.Mlx5.Device.SuspendedInterrupt.Hold,
        };
        var pf = new Mlx5PhysicalFunction(sim, name, Mlx5Templates.PhysicalFunction(name, config), options);
        device.Add(pf, 0);
        for (var i = 0; i < item.Vfs; i++)
        {
            var vf = $"{name}.vf{i}";
            device.Add(new Mlx5VirtualFunction(sim, vf, Mlx5Templates.VirtualFunction(vf, pf, i, config), options), FirstVf + i);
        }

        return device;
    }

    public async Task StartAsync(Machine machine, DeviceUnit device)
    {
        var memory = FirstPfMemory + ((ulong)machine.Devices.IndexOf(device) * Mlx5PfDriver.MemoryBytes);
        _pf = await Mlx5PfDriver.ProbeAsync(machine.Kernel, machine.Kernel[device.Pf.Id], memory);
        for (var i = 0; i < device.Vfs.Count; i++) await _pf.EnableVfAsync(i);
    }

    public async Task<IVariantDriver?> ProbeMigrationAsync(Machine machine, PciFunction function, int vf) =>
        await Mlx5MigrationDriver.ProbeAsync(machine.Kernel, _pf!, vf);

    public IGuestProgram Guest(int jobs, int bytes, SimDuration interval) =>
        new Mlx5Guest(new Mlx5GuestOptions { Jobs = jobs, CopyBytes = bytes, Interval = interval, Batch = 1 });

    public IGuestProgram? StreamGuest(IReadOnlyList<EndpointFunction> devices, int items, int bytes, int batch, SimDuration interval)
    {
        if (devices.Any(d => d is not Mlx5VirtualFunction)) return null;
        return new Mlx5StreamGuest(new Mlx5StreamGuestOptions
        {
            Bars = [.. devices.Select((_, i) => Sim.Vfio.Virtualization.Vmm.BarAddress(i, BarLayout.Bar))],
            Items = items,
            ItemBytes = bytes,
            Batch = batch,
            Interval = interval,
        });
    }

    public bool IsReady(IGuestProgram guest) => guest is Mlx5StreamGuest stream ? stream.IsReady : ((Mlx5Guest)guest).IsReady;

    public (int Completed, IReadOnlyList<GuestProblem> Problems) Report(IGuestProgram guest)
    {
        if (guest is Mlx5StreamGuest stream)
        {
            GuestProblem[] failure = stream.Failure is { } why ? [new GuestProblem("set-up of the devices", "possible", why)] : [];
            return (stream.Completed, [.. failure, .. stream.Missing.Select(stream.Describe)]);
        }

        var report = ((Mlx5Guest)guest).Report;
        return (report.Completed, [.. report.Problems()]);
    }
}
