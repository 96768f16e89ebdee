using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Vfio.Guests;
using Sim.Vfio.Virtualization;

namespace Sim.Vfio.Tests.Virtualization;

/// <summary>A guest under load, moved by rounds: whoever tells which pages devices wrote, nothing is lost or done twice.</summary>
public sealed class DirtyTrackingTests
{
    private static readonly DmaQueueGuestOptions Work = new() { Jobs = 600, Interval = SimDuration.FromMicroseconds(1) };

    [Test]
    public void Each_tracker_carries_a_guest_over([Values] DirtyTracker tracker, [Values] bool preCopy)
    {
        var source = Boot();
        LiveMigrationResult? result = null;
        source.Vmm.Run();
        source.Host.Sim.Start("migration", async () =>
        {
            await source.Host.Sim.Delay(SimDuration.FromMicroseconds(50));
            result = await new LiveMigration(source.Vmm, new LiveMigrationOptions
            {
                Tracker = tracker,
                DevicePreCopy = preCopy,
                TakesReference = !preCopy,
                PreCopyRounds = 20,
                DowntimeLimit = SimDuration.FromMicroseconds(60),
                Bandwidth = DataRate.FromBitsPerSecond(8_000_000_000),
            }).RunAsync();
        });
        source.Host.Sim.RunUntil(source.Host.Sim.Now + SimDuration.FromMilliseconds(40));
        Assert.That(result?.Failure, Is.Null);
        Assert.That(result!.LatePages, Is.Empty);
        Assert.That(result.PagesPerRound, Has.Count.GreaterThan(2), "a guest at work dirties pages while they are sent");
        Assert.That(result.Samples.Count(s => s.Quantity == MigrationQuantity.DirtyPages), Is.EqualTo(result.PagesPerRound.Count));

        var destination = Boot();
        IncomingMigrationResult? incoming = null;
        destination.Host.Sim.Start("incoming", async () =>
            incoming = await IncomingMigration.RunAsync(destination.Vmm, result.Stream));
        destination.Host.Sim.RunUntil(destination.Host.Sim.Now + SimDuration.FromMilliseconds(20));
        Assert.That(incoming?.Failure, Is.Null);
        if (!preCopy) Assert.That(result.SwitchOver!.Differences(incoming!.Snapshot!), Is.Empty);
        Assert.That(destination.Guest.Report, Is.EqualTo(new DmaQueueReport(600, 600, 0, 0, 0, 0, 0, false)));
    }

    private static (TestHost Host, Vmm Vmm, DmaQueueGuest Guest) Boot()
    {
        var host = new TestHost(model: (sim, name, config) => new SnapshotFunction(sim, name, config)).Boot();
        var guest = new DmaQueueGuest(Work);
        Vmm? vmm = null;
        host.Run(async () =>
        {
            vmm = new Vmm(host.Kernel, "guest", 0x1000_0000, 1 << 20, guest);
            await vmm.AddDeviceAsync(await host.OpenAsync(0), 1);
        });
        return (host, vmm!, guest);
    }
}
