using NUnit.Framework;
using Sim.Core;
using Sim.Mlx5.Driver;
using Sim.Vfio;
using Sim.Vfio.VfioPci;
using Sim.Vfio.Virtualization;

namespace Sim.Mlx5.Tests.Driver;

/// <summary>Two VFs of a guest that write into each other's device memory.</summary>
public sealed class StreamGuestTests
{
    private const ulong GuestBytes = 4 << 20;
    private const ulong GuestBase = 0x3000_0000;

    [Test]
    public void Every_item_arrives_while_nobody_stops()
    {
        var host = new TestHost().Boot();
        Mlx5StreamGuest? guest = null;
        host.Run(async () => (guest, _) = await StartAsync(host));
        Assert.That((guest!.Failure, guest.IsDone, guest.Completed, guest.Missing.Count), Is.EqualTo(((string?)null, true, 400, 0)));
        Assert.That(host.Iommu.Faults.Count, Is.Zero);
    }

    [Test]
    public void Without_a_mapping_for_peers_every_item_is_missing_and_the_IOMMU_tells()
    {
        var host = new TestHost().Boot();
        Mlx5StreamGuest? guest = null;
        host.Run(async () => (guest, _) = await StartAsync(host, mapPeers: false));
        Assert.That(guest!.Missing, Has.Count.EqualTo(400));
        Assert.That(host.Iommu.Faults.Count, Is.Positive);
    }

    [TestCase(StopOrder.TwoPhase)]
    [TestCase(StopOrder.Sequential)]
    public void The_two_phase_barrier_loses_nothing_and_a_sequential_stop_loses_items_that_were_believed_delivered(StopOrder order)
    {
        var source = new TestHost().Boot();
        LiveMigrationResult? result = null;
        source.Run(async () =>
        {
            var (guest, vmm) = await StartAsync(source);
            while (guest.Completed < 60) await source.Sim.Delay(SimDuration.FromMicroseconds(1));
            result = await new LiveMigration(vmm, new LiveMigrationOptions { Order = order, TakesReference = false }).RunAsync();
        });
        Assert.That(result!.Failure, Is.Null);
        var destination = new TestHost().Boot();
        Mlx5StreamGuest? continued = null;
        destination.Run(async () =>
        {
            (continued, var vmm) = await StartAsync(destination, run: false);
            Assert.That((await IncomingMigration.RunAsync(vmm, result.Stream)).Error, Is.EqualTo(Errno.None));
        });
        Assert.That((continued!.Failure, continued.IsDone, continued.Completed), Is.EqualTo(((string?)null, true, 400)));
        if (order == StopOrder.TwoPhase)
        {
            Assert.That(continued.Missing, Is.Empty);
            return;
        }

        Assert.That(continued.Missing, Is.Not.Empty);
        Assert.That(continued.Missing.Select(m => m.From), Has.All.EqualTo(1), "the first device stopped while the second still wrote");
        var items = continued.Missing.Select(m => m.Item).ToList();
        Assert.That(items, Is.EqualTo(Enumerable.Range(items[0], items.Count)), "a window in time is a run of items");
        Assert.That(continued.Describe(continued.Missing.First()).ToString(),
            Is.EqualTo($"item {items[0]} from device 1 to device 0: completed, but not there"));
    }

    private static async Task<(Mlx5StreamGuest Guest, Vmm Vmm)> StartAsync(TestHost host, bool mapPeers = true, bool run = true)
    {
        var guest = new Mlx5StreamGuest(new Mlx5StreamGuestOptions
        {
            Bars = [Vmm.BarAddress(0, 0), Vmm.BarAddress(1, 0)],
            Items = 200,
            ItemBytes = 256,
            Batch = 16,
        });
        var vmm = new Vmm(host.Kernel, "guest", GuestBase, GuestBytes, guest);
        for (var i = 0; i < 2; i++)
        {
            var variant = await Mlx5MigrationDriver.ProbeAsync(host.Kernel, host.PfDriver, i);
            var device = new VfioPciDevice(host.Kernel, host.Vfs[i], "guest", RevokePolicy.None, variant);
            var assigned = await vmm.AddDeviceAsync(device, Mlx5Guest.Vectors);
            if (mapPeers) vmm.MapForPeers(assigned, 0);
        }

        if (run) vmm.Run();
        return (guest, vmm);
    }
}
