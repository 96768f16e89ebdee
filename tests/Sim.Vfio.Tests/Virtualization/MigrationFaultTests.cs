using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Spec;
using Sim.Vfio.Guests;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using Sim.Vfio.VfioPci;
using Sim.Vfio.Virtualization;

namespace Sim.Vfio.Tests.Virtualization;

/// <summary>Something goes wrong in each phase of a migration: it ends in a stated outcome within simulated time and never hangs.</summary>
public sealed class MigrationFaultTests
{
    private const uint Flr = 1 << 15;
    private const int BridgeControl = 0x3E;
    private const uint SecondaryBusReset = 1 << 6;
    private static readonly SimDuration Watchdog = SimDuration.FromSeconds(3);

    [Test]
    public void A_fault_in_any_phase_ends_in_a_stated_outcome(
        [Values("reset of the function", "reset of its PF", "bus reset", "AER", "DPC")] string fault,
        [Values(MigrationState.PreCopy, MigrationState.PreCopyP2P, MigrationState.StopCopy)] MigrationState phase) =>
        Check(fault, phase, preCopy: true);

    [Test]
    public void Without_pre_copy_too(
        [Values("reset of the function", "reset of its PF", "bus reset", "AER", "DPC")] string fault,
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
        TestContext.Out.WriteLine($"{fault} in {phase}: {result.Failure ?? "migrated"}; {device.Migration.State}; {vmm.Aborted ?? "runs"}");
        if (result.Error == Errno.None) Assert.That(result.Stream, Is.Not.Empty);
        else Assert.That(vmm.Aborted is not null || device.Migration.State == MigrationState.Running, Is.True, "it goes on or is given up");
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
            default:
                // Beyond what any function of the device decodes: an Unsupported Request, reported by the PF.
                var user = new UserProcess(host.Kernel, "user", handlesSigbus: true);
                await user.StoreAsync(device.Map(0), DmaQueueLayout.Doorbell, 1);
                break;
        }
    }
}
