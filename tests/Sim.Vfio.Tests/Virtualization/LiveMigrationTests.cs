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

public sealed class LiveMigrationTests
{
    private const ulong GuestBytes = 1 << 20;
    private static readonly LiveMigrationOptions Windows = new()
    {
        StopWindow = SimDuration.FromMicroseconds(200),
        AfterWindow = SimDuration.FromMicroseconds(200),
    };

    [Test]
    public void A_guest_works_without_migration_and_everything_is_done_once()
    {
        var (host, vmm, guest, _) = RunningGuest(new DmaQueueGuestOptions { Jobs = 200 });
        host.Sim.RunUntil(host.Sim.Now + SimDuration.FromMilliseconds(10));
        Assert.That(guest.Report, Is.EqualTo(new DmaQueueReport(200, 200, 0, 0, 0, 0, 0, false)));
        Assert.That(vmm.Aborted, Is.Null);
        Assert.That(host.Iommu.Faults.Count, Is.Zero);
    }

    [TestCase(nameof(StoppedAccessPolicy.Discard))]
    [TestCase(nameof(StoppedAccessPolicy.UnsupportedRequest))]
    [TestCase(nameof(StoppedAccessPolicy.DoorbellRestarts))]
    public void Left_alone_every_device_migrates_under_load_without_a_difference(string device)
    {
        var (result, incoming, _, destination) = Migrate(Named(device), Windows, poke: null);
        Assert.That(result.Failure, Is.Null);
        Assert.That(result.SwitchOver!.Differences(incoming!.Snapshot!), Is.Empty);
        Assert.That(result.LatePages, Is.Empty);
        Assert.That(destination!.Report.IsClean, Is.True, string.Join(", ", destination.Report.Problems()));
        Assert.That(destination.Report.Completed, Is.EqualTo(400));
    }

    [Test]
    public void A_doorbell_restarts_the_stopped_simple_device_and_the_migration_is_lost()
    {
        var (result, incoming, _, _) = Migrate(StoppedAccessPolicy.DoorbellRestarts, Windows, poke: Doorbell);
        Assert.That(result.SwitchOver!.Differences(incoming!.Snapshot!), Has.Some.StartsWith("memory page "));
    }

    [Test]
    public void A_doorbell_after_the_last_bitmap_dirties_a_page_that_is_not_sent()
    {
        var (result, _, _, _) = Migrate(StoppedAccessPolicy.DoorbellRestarts, Windows, poke: Doorbell, afterBitmap: true);
        Assert.That(result.LatePages, Is.Not.Empty);
    }

    [Test]
    public void A_device_that_discards_is_not_harmed_by_a_doorbell()
    {
        var (result, incoming, _, destination) = Migrate(StoppedAccessPolicy.Discard, Windows, poke: Doorbell);
        Assert.That(result.SwitchOver!.Differences(incoming!.Snapshot!), Is.Empty);
        Assert.That(destination!.Report.IsClean, Is.True);
    }

    [Test]
    public void A_device_without_a_fence_saves_another_image()
    {
        var (result, incoming, _, _) = Migrate(StoppedAccessPolicy.Unfenced, Windows, poke: Doorbell);
        Assert.That(result.SwitchOver!.Differences(incoming!.Snapshot!), Has.Some.StartsWith("image of device 0 differs"));
    }

    [Test]
    public void Zapped_mappings_kill_the_hostile_process_and_no_access_reaches_the_device()
    {
        var (result, incoming, host, _) = Migrate(StoppedAccessPolicy.DoorbellRestarts, Windows, Doorbell, RevokePolicy.ZapOnNotRunning);
        Assert.That(result.SwitchOver!.Differences(incoming!.Snapshot!), Is.Empty);
        Assert.That(host.Kernel.Outcome.Count(HostEventKind.ProcessKilled), Is.EqualTo(1));
    }

    [Test]
    public void Without_pre_copy_all_memory_is_sent_while_the_guest_stands()
    {
        var (result, incoming, _, _) = Migrate(StoppedAccessPolicy.Discard, Windows with { PreCopyRounds = 0 }, poke: null);
        Assert.That(result.SwitchOver!.Differences(incoming!.Snapshot!), Is.Empty);
        Assert.That(result.PagesPerRound, Has.Count.EqualTo(1));
    }

    [Test]
    public void Bandwidth_shows_in_the_downtime()
    {
        var fast = Migrate(StoppedAccessPolicy.Discard, new LiveMigrationOptions(), poke: null).Result;
        var gigabit = new LiveMigrationOptions { Bandwidth = DataRate.FromBitsPerSecond(1_000_000_000) };
        var slow = Migrate(StoppedAccessPolicy.Discard, gigabit, poke: null).Result;
        Assert.That(slow.SourceDowntime, Is.GreaterThan(fast.SourceDowntime));
    }

    [Test]
    public void Two_devices_without_P2P_states_are_refused_and_the_guest_runs_on()
    {
        var host = new TestHost(StoppedAccessPolicy.DoorbellRestarts).Boot();
        var guest = new DmaQueueGuest();
        LiveMigrationResult? result = null;
        host.Sim.Start("test", async () =>
        {
            var vmm = await CreateAsync(host, guest, RevokePolicy.None);
            await vmm.AddDeviceAsync(await host.OpenAsync(1), 1);
            vmm.Run();
            result = await new LiveMigration(vmm).RunAsync();
        });
        host.Sim.RunUntil(host.Sim.Now + SimDuration.FromMilliseconds(5));
        Assert.That(result!.Failure, Is.EqualTo("Multiple VFIO devices migration is supported only if all of them support P2P migration"));
        Assert.That(guest.Report.Completed, Is.GreaterThan(100));
    }

    private static StoppedAccessPolicy Named(string policy) =>
        (StoppedAccessPolicy)typeof(StoppedAccessPolicy).GetProperty(policy)!.GetValue(null)!;

    private static Task Doorbell(UserProcess process, VfioMapping mapping, DmaQueueGuest guest) =>
        process.StoreAsync(mapping, DmaQueueLayout.Doorbell, (uint)guest.Report.Posted + 1);

    private static async Task<Vmm> CreateAsync(TestHost host, DmaQueueGuest guest, RevokePolicy revoke)
    {
        var vmm = new Vmm(host.Kernel, "guest", 0x1000_0000, GuestBytes, guest);
        await vmm.AddDeviceAsync(await host.OpenAsync(0, revoke), 1);
        return vmm;
    }

    private static (TestHost Host, Vmm Vmm, DmaQueueGuest Guest, VfioPciDevice Device) RunningGuest(DmaQueueGuestOptions options)
    {
        var host = new TestHost().Boot();
        var guest = new DmaQueueGuest(options);
        Vmm? vmm = null;
        host.Run(async () => vmm = await CreateAsync(host, guest, RevokePolicy.None));
        vmm!.Run();
        return (host, vmm, guest, vmm.Devices[0].Device);
    }

    /// <summary>Runs a guest for 1 ms, migrates it while a process holds a mapping, and runs it on another host.</summary>
    private static (LiveMigrationResult Result, IncomingMigrationResult? Incoming, TestHost Source, DmaQueueGuest? Destination) Migrate(
        StoppedAccessPolicy policy, LiveMigrationOptions options, Func<UserProcess, VfioMapping, DmaQueueGuest, Task>? poke,
        RevokePolicy revoke = RevokePolicy.None, bool afterBitmap = false)
    {
        var work = new DmaQueueGuestOptions { Jobs = 400 };
        var source = new TestHost(policy).Boot();
        var guest = new DmaQueueGuest(work);
        LiveMigrationResult? result = null;
        source.Sim.Start("test", async () =>
        {
            var vmm = await CreateAsync(source, guest, revoke);
            var device = vmm.Devices[0].Device;
            var mapping = device.Map(0);
            vmm.Run();
            await source.Sim.Delay(SimDuration.FromMicroseconds(500));
            if (poke is not null) _ = source.Sim.Start("hostile", async () =>
            {
                var states = 0;
                var stopped = new SimSignal();
                using var seen = device.Migration!.Stepped.Subscribe((SimTime _, in MigrationStep step) =>
                {
                    // STOP_COPY is reached twice: for the reference image and for the real one.
                    var reached = afterBitmap ? step.To == MigrationState.StopCopy && ++states == 2 : step.From == MigrationState.StopCopy;
                    if (reached) stopped.Release();
                });
                await stopped;
                await source.Sim.Delay(SimDuration.FromMicroseconds(afterBitmap ? 150 : 20));
                await poke(new UserProcess(source.Kernel, "hostile"), mapping, guest);
            });
            result = await new LiveMigration(vmm, options).RunAsync();
        });
        source.Sim.RunUntil(source.Sim.Now + SimDuration.FromMilliseconds(100));
        Assert.That(result, Is.Not.Null, "the migration did not end");
        if (result!.Error != Errno.None) return (result, null, source, null);

        var destination = new TestHost(policy).Boot();
        var continued = new DmaQueueGuest(work);
        IncomingMigrationResult? incoming = null;
        destination.Sim.Start("test", async () =>
            incoming = await IncomingMigration.RunAsync(await CreateAsync(destination, continued, revoke), result.Stream));
        destination.Sim.RunUntil(destination.Sim.Now + SimDuration.FromMilliseconds(20));
        Assert.That(incoming?.Failure, Is.Null);
        return (result, incoming, source, continued);
    }
}
