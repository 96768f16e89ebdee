using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Errors;
using Sim.Vfio.Guests;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using Sim.Vfio.VfioPci;
using Sim.Vfio.Virtualization;

namespace Sim.Vfio.Tests.Virtualization;

/// <summary>Something goes wrong in each phase of a migration: it ends in a stated outcome within simulated time and never hangs.</summary>
public sealed class MigrationFaultTests
{
    private const string Vf = "03:00.2";
    private const uint Flr = 1 << 15;
    private const int BridgeControl = 0x3E;
    private const int LinkControl = 0x10;
    private const uint LinkDisable = 1 << 4;
    private const uint SecondaryBusReset = 1 << 6;
    private static readonly SimDuration Watchdog = SimDuration.FromSeconds(3);

    [Test]
    public void A_fault_in_any_phase_ends_in_a_stated_outcome(
        [Values("reset of the function", "reset of its PF", "bus reset", "link down", "AER", "DPC")] string fault,
        [Values(MigrationState.PreCopy, MigrationState.PreCopyP2P, MigrationState.StopCopy)] MigrationState phase) =>
        Check(fault, phase, preCopy: true);

    [Test]
    public void Without_pre_copy_too(
        [Values("reset of the function", "reset of its PF", "bus reset", "link down", "AER", "DPC")] string fault,
        [Values(MigrationState.RunningP2P, MigrationState.Stop, MigrationState.StopCopy)] MigrationState phase) =>
        Check(fault, phase, preCopy: false);

    private static void Check(string fault, MigrationState phase, bool preCopy)
    {
        var host = new TestHost(
            virtualAer: true,
            model: (sim, name, config) => preCopy
                ? new SnapshotFunction(sim, name, config)
                : new DmaQueueFunction(sim, name, config, StoppedAccessPolicy.UnsupportedRequest))
            .Boot(new HostErrorPolicy { Dpc = fault == "DPC" ? DpcTrigger.NonFatal : DpcTrigger.Off });
        var guest = new DmaQueueGuest(new DmaQueueGuestOptions { Jobs = 400 });
        Vmm? vmm = null;
        LiveMigrationResult? result = null;
        host.Run(async () =>
        {
            vmm = new Vmm(host.Kernel, "guest", 0x1000_0000, 1 << 20, guest);
            await vmm.AddDeviceAsync(await host.OpenAsync(0), 1);
        });
        var device = vmm!.Devices[0].Device;
        var struck = false;
        device.Migration!.Stepped.Subscribe((SimTime time, in MigrationStep step) =>
        {
            if (struck || step.To != phase) return;
            struck = true;
            _ = host.Sim.Start(fault, () => StrikeAsync(host, device, fault));
        });
        vmm.Run();
        host.Sim.Start("migration", async () =>
        {
            await host.Sim.Delay(SimDuration.FromMicroseconds(100));
            result = await new LiveMigration(vmm, new LiveMigrationOptions
            {
                DevicePreCopy = preCopy,
                PreCopyRounds = 3,
                TakesReference = false,
                StopWindow = SimDuration.FromMicroseconds(50),
                Bandwidth = DataRate.FromBitsPerSecond(8_000_000_000),
            }).RunAsync();
        });
        host.Sim.RunUntil(host.Sim.Now + Watchdog);
        Assert.That(struck, Is.True, $"{phase} was never reached");
        Assert.That(result, Is.Not.Null, "the migration hangs");
        Assert.That(result!.Failure is null, Is.EqualTo(result.Error == Errno.None), "an outcome is stated");
        Assert.That($"{result.Failure ?? "migrated"}; {device.Migration.State.UapiName()}; {vmm.Aborted ?? "not given up"}",
            Is.EqualTo(Outcome(fault, phase)));
        if (fault is "AER" or "DPC") Assert.That(host.Dmesg, Has.Some.Contains($" {fault}: "), "the kernel was told");
        if (result.Error == Errno.None) Assert.That(result.Stream, Is.Not.Empty);
        else Assert.That(vmm.Aborted is not null || device.Migration.State == MigrationState.Running, Is.True, "it goes on or is given up");
    }

    /// <summary>What comes of each: how the migration ended, where the device stands, whether the VMM gave the guest up. Once STOP_COPY is
    /// reached the image has been read. QEMU stops a guest that an error eventfd tells of, but not one that stands for the switch-over. A
    /// VF that loses its PF or its link is not there any more (§9.2.2.3).</summary>
    private static string Outcome(string fault, MigrationState phase) => (fault, phase) switch
    {
        ("AER" or "DPC", MigrationState.PreCopy) => $"error eventfd of {Vf}; RUNNING; error eventfd of {Vf}",
        ("reset of the function", MigrationState.StopCopy) => "migrated; RUNNING; not given up",
        ("AER", _) or (_, MigrationState.StopCopy) => "migrated; STOP_COPY; not given up",
        ("reset of the function", MigrationState.PreCopy) => $"image of {Vf}: ENODEV, now STOP_COPY; RUNNING; not given up",
        ("reset of the function", MigrationState.PreCopyP2P) => $"stop of {Vf}: EIO, now ERROR; RUNNING; not given up",
        ("reset of the function", _) => $"image of {Vf}: EIO, now ERROR; RUNNING; not given up",
        (_, MigrationState.PreCopy) => $"stop of the initiator of {Vf}: EIO, now ERROR; ERROR; {Vf} is lost",
        (_, MigrationState.PreCopyP2P) => $"stop of {Vf}: EIO, now ERROR; ERROR; {Vf} is lost",
        ("reset of its PF", _) or (_, MigrationState.Stop) => $"image of {Vf}: EIO, now ERROR; ERROR; {Vf} is lost",
        _ => $"stop of {Vf}: EIO, now ERROR; ERROR; {Vf} is lost",
    };

    [Test]
    public void A_link_that_goes_down_while_the_destination_loads_ends_in_a_stated_outcome()
    {
        var source = new TestHost().Boot();
        var stream = Array.Empty<byte>();
        source.Run(async () =>
        {
            var vmm = await StartAsync(source);
            stream = (await new LiveMigration(vmm).RunAsync()).Stream;
        });
        var host = new TestHost().Boot();
        IncomingMigrationResult? result = null;
        Vmm? destination = null;
        host.Run(async () => destination = await StartAsync(host));
        var device = destination!.Devices[0].Device;
        device.Migration!.Stepped.Subscribe((SimTime time, in MigrationStep step) =>
        {
            if (step.To == MigrationState.Resuming) _ = host.Sim.Start("link down", () => StrikeAsync(host, device, "link down"));
        });
        host.Sim.Start("incoming", async () => result = await IncomingMigration.RunAsync(destination, stream));
        host.Sim.RunUntil(host.Sim.Now + Watchdog);
        Assert.That((result?.Error, result?.Failure), Is.EqualTo(((Errno?)Errno.EIO, "image of device 0: EIO")));
        Assert.That(device.Migration.State, Is.EqualTo(MigrationState.Error));
        Assert.That(destination.Cpu.IsPaused, Is.True, "the guest does not run on a device that is not there");
    }

    private static async Task<Vmm> StartAsync(TestHost host)
    {
        var vmm = new Vmm(host.Kernel, "guest", 0x1000_0000, 1 << 20, new DmaQueueGuest(new DmaQueueGuestOptions { Jobs = 1 }));
        await vmm.AddDeviceAsync(await host.OpenAsync(0), 1);
        return vmm;
    }

    private static async Task StrikeAsync(TestHost host, VfioPciDevice device, string fault)
    {
        switch (fault)
        {
            case "reset of the function":
                await device.ResetAsync();
                break;
            case "reset of its PF":
                await host.KernelPf.UpdateAsync(host.KernelPf.Express + 8, 2, 0, Flr);
                break;
            case "bus reset":
                var port = host.Kernel[host.Port.Function.Id];
                await port.UpdateAsync(BridgeControl, 2, 0, SecondaryBusReset);
                await host.Sim.Delay(SimDuration.FromMilliseconds(2));
                await port.UpdateAsync(BridgeControl, 2, SecondaryBusReset, 0);
                break;
            case "link down":
                var above = host.Kernel[host.Port.Function.Id];
                await above.UpdateAsync(above.Express + LinkControl, 2, 0, LinkDisable);
                await host.Sim.Delay(SimDuration.FromMilliseconds(2));
                await above.UpdateAsync(above.Express + LinkControl, 2, LinkDisable, 0);
                break;
            default:
                // Whatever state the device is in, it would take a store: the error is injected by its name.
                host.VfDevices[0].Errors.Report(ErrorTable.Find("poisoned-tlp-received")!.Error);
                break;
        }
    }
}
