using Scenarios.Model;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Spec;
using Sim.Vfio.Drivers;
using Sim.Vfio.Guests;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using Sim.Vfio.Virtualization;

namespace Scenarios.Platforms;

/// <summary>The simple DMA-queue device with the policies that the script writes.</summary>
internal sealed class DmaQueuePersonality : IDevicePersonality
{
    private const int FirstVf = 2;

    private DeviceModel _model;

    public int GuestVectors => 1;

    public (int Bar, ulong Offset) Doorbell => (0, DmaQueueLayout.Doorbell);

    public (int Bar, ulong Offset) Identity => (0, DmaQueueLayout.Identification);

    public (int Bar, ulong Offset) Health => (0, DmaQueueLayout.Health);

    public bool IsUserRegister(int bar, ulong offset) => bar == 0 && offset < DmaQueueLayout.MsixTable;

    public PcieDevice Build(Simulator sim, string name, DeviceItem item)
    {
        _model = item.Model;
        var device = new PcieDevice(sim, name, new DeviceOptions { Latency = item.LoadLatency });
        var options = new EndpointOptions
        {
            Identity = new FunctionIdentity(DmaQueueLayout.VendorId, DmaQueueLayout.PhysicalDeviceId, 0x088000),
            VirtualDeviceId = DmaQueueLayout.VirtualDeviceId,
            BarSize = DmaQueueLayout.BarSize,
            TotalVfs = item.Vfs,
            FirstVfOffset = FirstVf,
            VirtualAer = item.VfAer,
            ControlBlock = true,
            ApertureSize = (ulong)(item.Aperture?.Bytes ?? 0),
            SerialNumber = SerialOf(name),
        };
        var pf = Make(sim, name, EndpointTemplates.PhysicalFunction(name, options), item);
        device.Add(pf, 0);
        for (var i = 0; i < item.Vfs; i++)
        {
            var vf = $"{name}.vf{i}";
            device.Add(Make(sim, vf, EndpointTemplates.VirtualFunction(vf, options, pf, i), item), FirstVf + i);
        }

        return device;
    }

    /// <summary>An EUI-64 of a locally administered identifier and the name's hash (FNV-1a).</summary>
    private static ulong SerialOf(string name)
    {
        var hash = 2166136261u;
        foreach (var c in name) hash = (hash ^ c) * 16777619;
        return 0x0200_00FF_FE00_0000 | (ulong)(hash & 0xFF_FFFF);
    }

    public Task StartAsync(Machine machine, DeviceUnit device) =>
        PhysicalFunctionDriver.BindAsync(machine.Kernel, machine.Kernel[device.Pf.Id], "ctrlblk");

    public async Task<IVariantDriver?> ProbeMigrationAsync(Machine machine, PciFunction function, int vf) =>
        await ControlBlockMigrationDriver.ProbeAsync(machine.Kernel, function);

    public IGuestProgram Guest(int jobs, int bytes, SimDuration interval) => _model switch
    {
        DeviceModel.Passive => new RegisterGuest(jobs, interval),
        DeviceModel.Forwarder => new RegisterGuest(0, interval),
        _ => new DmaQueueGuest(new DmaQueueGuestOptions
        {
            Jobs = jobs,
            CopyBytes = bytes,
            Interval = interval,
            Batch = 1,
            HealthPeriod = 0,
        }),
    };

    /// <summary>Its guest sets the ring up in the step before its first job: nothing to wait for.</summary>
    public bool IsReady(IGuestProgram guest) => true;

    public (int Completed, IReadOnlyList<GuestProblem> Problems) Report(IGuestProgram guest)
    {
        if (guest is PeerStreamGuest stream)
            return (stream.Completed, [.. stream.Missing.Select(stream.Describe)]);
        if (guest is RegisterGuest registers)
            return (registers.Completed,
                registers.Wrong == 0 ? [] : [new GuestProblem("registers", "as stored", $"{registers.Wrong} lost what was stored")]);
        var queue = (DmaQueueGuest)guest;
        return (queue.Report.Completed, [.. queue.Report.Problems()]);
    }

    public IGuestProgram? StreamGuest(IReadOnlyList<EndpointFunction> devices, int items, int bytes, int batch, SimDuration interval)
    {
        if (devices.Any(d => d is not ControlBlockFunction) || !devices.Any(d => d is DmaQueueFunction)) return null;
        return new PeerStreamGuest(new PeerStreamGuestOptions
        {
            Roles = [.. devices.Select(RoleOf)],
            Items = items,
            ItemBytes = bytes,
            Batch = batch,
            Interval = interval,
        });
    }

    private static FullBuffer FullOf(FullFifo full) => full switch
    {
        FullFifo.Drop => FullBuffer.Drop,
        FullFifo.HoldInTime => FullBuffer.HoldInTime,
        _ => FullBuffer.Hold,
    };

    private static PeerRole RoleOf(EndpointFunction function) => function switch
    {
        DmaQueueFunction => PeerRole.Queue,
        ForwarderFunction => PeerRole.Forwarder,
        _ => PeerRole.Memory,
    };

    private static ControlBlockFunction Make(Simulator sim, string name, EndpointConfig config, DeviceItem item)
    {
        ControlBlockFunction function = item.Model switch
        {
            DeviceModel.Fragile => new FragileFunction(sim, name, config),
            DeviceModel.Snapshot => new SnapshotFunction(sim, name, config),
            DeviceModel.Passive => new PassiveFunction(sim, name, config),
            DeviceModel.Forwarder => new ForwarderFunction(
                sim, name, config, item.Fifo, FullOf(item.Full), item.Pace),
            _ => new DmaQueueFunction(sim, name, config, StoppedPolicies.Of(item)) { Pace = item.Pace ?? SimDuration.Zero },
        };
        var command = item.Fails switch
        {
            MigrationCommand.SuspendInitiator => MigrationControlBlock.SuspendInitiator,
            MigrationCommand.SuspendResponder => MigrationControlBlock.SuspendResponder,
            MigrationCommand.Save => MigrationControlBlock.Save,
            MigrationCommand.Load => MigrationControlBlock.Load,
            _ => 0u,
        };
        if (command != 0) function.Fault = new MigrationFault(command, item.Hangs);
        function.CommandTime = item.CommandTime;
        return function;
    }
}
