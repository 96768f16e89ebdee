using NUnit.Framework;
using Sim.Core;
using Sim.Mlx5.Device;
using Sim.Mlx5.Driver;
using Sim.Mlx5.Spec;
using Sim.Pcie.Endpoints;
using Sim.Vfio;
using Sim.Vfio.Migration;
using Sim.Vfio.VfioPci;
using Sim.Vfio.Virtualization;

namespace Sim.Mlx5.Tests.Driver;

public sealed class GuestTests
{
    private const ulong GuestBytes = 4 << 20;
    private const ulong GuestBase = 0x3000_0000;

    [Test]
    public void A_guest_brings_its_VF_up_and_everything_is_done_once()
    {
        var host = new TestHost().Boot();
        var guest = new Mlx5Guest(new Mlx5GuestOptions { Jobs = 300, Queues = 3 });
        host.Run(async () => (await CreateAsync(host, guest)).Run());
        Assert.That(guest.Report, Is.EqualTo(new Mlx5GuestReport(300, 300, 0, 0, 0, 0, 0, false, false, null)));
        Assert.That(host.Iommu.Faults.Count, Is.Zero);
    }

    [TestCase(nameof(StoppedAccessPolicy.Discard))]
    [TestCase(nameof(StoppedAccessPolicy.UnsupportedRequest))]
    public void A_guest_migrates_under_load_with_nothing_lost_or_done_twice(string policy)
    {
        var access = (StoppedAccessPolicy)typeof(StoppedAccessPolicy).GetProperty(policy)!.GetValue(null)!;
        var (result, incoming, guest) = Migrate(new Mlx5Options { StoppedAccess = access }, poke: false);
        Assert.That(result.SwitchOver!.Differences(incoming.Snapshot!), Is.Empty);
        Assert.That(result.LatePages, Is.Empty);
        Assert.That(guest.Report.IsClean, Is.True, string.Join(", ", guest.Report.Problems()));
        Assert.That(guest.Report.Completed, Is.EqualTo(600));
    }

    [Test]
    public void A_late_doorbell_to_a_VF_that_discards_harms_nothing()
    {
        var (result, incoming, guest) = Migrate(new Mlx5Options(), poke: true);
        Assert.That(result.SwitchOver!.Differences(incoming.Snapshot!), Is.Empty);
        Assert.That(guest.Report.IsClean, Is.True, string.Join(", ", guest.Report.Problems()));
    }

    [Test]
    public void A_late_arm_of_a_VF_without_a_fence_changes_its_image()
    {
        var (result, incoming, _) = Migrate(new Mlx5Options { StoppedAccess = StoppedAccessPolicy.Unfenced }, poke: true);
        Assert.That(result.SwitchOver!.Differences(incoming.Snapshot!), Has.Some.StartsWith("image of device 0 differs"));
    }

    [Test]
    public void A_guest_whose_PF_never_enabled_the_VF_says_so()
    {
        var host = new TestHost().Boot();
        host.Run(async () =>
        {
            var disable = CommandInput.Of(CommandOpcode.DisableHca);
            HcaCommands.FunctionId.Set(disable, 1);
            await host.PfDriver.Commands.ExecuteAsync(disable);
        });
        var guest = new Mlx5Guest();
        host.Run(async () => (await CreateAsync(host, guest)).Run());
        Assert.That(guest.Report.SetUpFailure, Is.EqualTo("the firmware does not get ready"));
    }

    [Test]
    public void A_dead_firmware_is_noticed_after_three_looks()
    {
        var host = new TestHost().Boot();
        var guest = new Mlx5Guest();
        host.Run(async () =>
        {
            var vmm = await CreateAsync(host, guest);
            vmm.Run();
            await host.Sim.Delay(SimDuration.FromMilliseconds(2));
            Assert.That(guest.Report.IsHealthCompromised, Is.False);
            host.Vf.Fail(HealthSyndrome.FirmwareError);
            await host.Sim.Delay(SimDuration.FromMilliseconds(2));
            await vmm.PauseAsync();
        });
        Assert.That(guest.Report.IsHealthCompromised, Is.True);
    }

    private static async Task<Vmm> CreateAsync(TestHost host, Mlx5Guest guest)
    {
        var vmm = new Vmm(host.Kernel, "guest", GuestBase, GuestBytes, guest);
        var variant = await Mlx5MigrationDriver.ProbeAsync(host.Kernel, host.PfDriver, 0);
        await vmm.AddDeviceAsync(new VfioPciDevice(host.Kernel, host.Vfs[0], "guest", RevokePolicy.None, variant), Mlx5Guest.Vectors);
        return vmm;
    }

    /// <summary>Runs a guest for 1 ms, migrates it, and runs it to its end on another host.</summary>
    private static (LiveMigrationResult Result, IncomingMigrationResult Incoming, Mlx5Guest Guest) Migrate(Mlx5Options options, bool poke)
    {
        var work = new Mlx5GuestOptions { Jobs = 600, Queues = 2 };
        var source = new TestHost(options).Boot();
        LiveMigrationResult? result = null;
        source.Run(async () =>
        {
            var vmm = await CreateAsync(source, new Mlx5Guest(work));
            var device = vmm.Devices[0].Device;
            var mapping = device.Map(0);
            vmm.Run();
            await source.Sim.Delay(SimDuration.FromMilliseconds(1));
            if (poke)
            {
                _ = source.Sim.Start("hostile", async () =>
                {
                    while (device.Migration!.State != MigrationState.StopCopy) await source.Sim.Delay(SimDuration.FromMicroseconds(1));
                    while (device.Migration!.State != MigrationState.Stop) await source.Sim.Delay(SimDuration.FromMicroseconds(1));
                    var process = new UserProcess(source.Kernel, "hostile");
                    await process.StoreAsync(mapping, (BarLayout.FirstUar * BarLayout.UarPageSize) + UarPage.EqArm, 0x0700_0002);
                    await process.StoreAsync(mapping, (BarLayout.FirstUar * BarLayout.UarPageSize) + UarPage.SqDoorbell + 4, 0x0000_0100);
                });
            }

            result = await new LiveMigration(vmm, new LiveMigrationOptions { StopWindow = SimDuration.FromMicroseconds(200) }).RunAsync();
        });
        Assert.That(result!.Failure, Is.Null);
        var destination = new TestHost(options).Boot();
        var continued = new Mlx5Guest(work);
        IncomingMigrationResult? incoming = null;
        destination.Run(async () => incoming = await IncomingMigration.RunAsync(await CreateAsync(destination, continued), result.Stream));
        Assert.That(incoming!.Error, Is.EqualTo(Errno.None), incoming.Failure);
        return (result, incoming, continued);
    }
}
