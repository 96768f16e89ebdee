using NUnit.Framework;
using Sim.Core;
using Sim.Mlx5.Device;
using Sim.Mlx5.Driver;
using Sim.Mlx5.Spec;
using Sim.Mlx5.Tests.Device;
using Sim.Vfio;
using Sim.Vfio.Migration;

namespace Sim.Mlx5.Tests.Driver;

/// <summary>The log of a VF's DMA writes: page tracker, its reports, and the uAPI over them.</summary>
public sealed class DirtyLogTests
{
    private const ulong Page = 4096;
    private static readonly SimDuration While = SimDuration.FromMicroseconds(300);
    private static readonly IovaRange All = new(TestHost.VfMemory, VfUser.MemoryBytes);

    [Test]
    public void A_report_has_every_page_that_the_VF_wrote_and_no_other()
    {
        var (host, user) = WorkTests.Opened();
        SortedSet<ulong> truth = [];
        host.Run(async () =>
        {
            var log = await OpenAsync(host);
            Assert.That(await log.StartAsync([All], Page), Is.EqualTo((Errno.None, Page)));
            using var seen = host.Root.Memory.Written.Subscribe((SimTime _, in Sim.Pcie.Topology.MemoryWrite write) =>
            {
                if (write.Requester != user.Function.Id) return;
                var last = (write.Address + (ulong)write.Bytes - 1) / Page;
                for (var page = write.Address / Page; page <= last; page++) truth.Add(page * Page);
            });
            for (var i = 0; i < 5; i++) user.PostWrite(i, 20_000, 1);
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
            var (error, dirty) = await log.ReportAsync(All, Page);
            Assert.That(error, Is.EqualTo(Errno.None));
            Assert.That(dirty!.Pages(), Is.EqualTo(truth));
            Assert.That(truth, Has.Count.GreaterThan(25), "data, CQ and EQ");
            Assert.That((await log.ReportAsync(All, Page)).Dirty!.Count, Is.Zero, "read and cleared");
            Assert.That(await log.StopAsync(), Is.EqualTo(Errno.None));
            Assert.That((await log.ReportAsync(All, Page)).Error, Is.EqualTo(Errno.EINVAL));
        });
    }

    [Test]
    public void A_report_of_more_pages_than_a_message_holds_takes_several()
    {
        var (host, user) = WorkTests.Opened();
        host.Run(async () =>
        {
            var log = await OpenAsync(host);
            await log.StartAsync([All], Page);

            // 600 pages by 600 short writes: 512 fit in a message.
            for (var i = 0; i < 600; i++)
            {
                user.Queue.Post(WqeOpcode.RdmaWrite, user.Source, user.Destination + ((ulong)i * Page), 8, user.Startup.Mkey);
                await user.Queue.RingAsync();
                await host.Sim.Delay(SimDuration.FromMicroseconds(3));
                while (user.Queue.TryTake(out _)) { }
            }

            var (error, dirty) = await log.ReportAsync(new IovaRange(user.Destination, 600 * Page), Page);
            Assert.That((error, dirty!.Count), Is.EqualTo((Errno.None, 600)));
        });
    }

    [Test]
    public void Only_the_range_of_a_report_is_reported_and_cleared()
    {
        var (host, user) = WorkTests.Opened();
        host.Run(async () =>
        {
            var log = await OpenAsync(host);
            await log.StartAsync([All], Page);
            user.PostWrite(0, 8192, 1);
            user.PostWrite(1, 8192, 1);
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
            Assert.That((await log.ReportAsync(new IovaRange(user.Destination, 0x1_0000), Page)).Dirty!.Count, Is.EqualTo(2));
            Assert.That((await log.ReportAsync(new IovaRange(user.Destination, 0x2_0000), Page)).Dirty!.Count, Is.EqualTo(2));
        });
    }

    [Test]
    public void More_ranges_than_the_device_takes_are_merged_and_writes_elsewhere_are_not_seen()
    {
        var (host, user) = WorkTests.Opened(new TestHost(new Mlx5Options { TrackerRanges = 2 }));
        host.Run(async () =>
        {
            var log = await OpenAsync(host);
            var start = user.Destination;
            Assert.That((await log.StartAsync(
                [new(start, Page), new(start + (2 * Page), Page), new(start + 0x1_0000, Page)], Page)).Error, Is.EqualTo(Errno.None));
            user.PostWrite(0, 5 * 4096, 1);
            user.PostWrite(1, 3 * 4096, 1);
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
            var (_, dirty) = await log.ReportAsync(new IovaRange(start, 0x2_0000), Page);
            var pages = dirty!.Pages().Select(p => (p - start) / Page);
            Assert.That(pages, Is.EqualTo(new[] { 0, 1, 2, 16 }), "the gap of one page was closed");
        });
    }

    [TestCase(4096u, 4096u, 3)]
    [TestCase(65536u, 65536u, 16)]
    [TestCase(8388608u, 2097152u, 512)]
    public void Pages_are_as_large_as_asked_for_within_the_limits_of_the_device(uint wanted, uint given, int reported)
    {
        var (host, user) = WorkTests.Opened();
        host.Run(async () =>
        {
            var log = await OpenAsync(host);
            Assert.That(await log.StartAsync([new(0x2000_0000, 0x80_0000)], wanted), Is.EqualTo((Errno.None, (ulong)given)));
            user.PostWrite(0, 3 * 4096, 1);
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
            var (_, dirty) = await log.ReportAsync(new IovaRange(user.Destination & ~0x1F_FFFFUL, 0x20_0000), Page);
            Assert.That(dirty!.Pages().Count(p => p >= user.Destination || given > 65536), Is.EqualTo(reported));
        });
    }

    [Test]
    public void A_report_that_cannot_be_delivered_is_EIO_from_then_on()
    {
        var (host, user) = WorkTests.Opened();
        host.Run(async () =>
        {
            var log = await OpenAsync(host);
            await log.StartAsync([All], Page);
            user.PostWrite(0, 8192, 1);
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);

            // The key of the ring is destroyed under it: the last mkey that the PF has.
            for (uint key = 0x1010; key >= 0x1000; key--)
            {
                if ((await host.PfDriver.Commands.TryExecuteAsync(CommandInput.On(CommandOpcode.DestroyMkey, key))).IsOk) break;
            }

            Assert.That((await log.ReportAsync(All, Page)).Error, Is.EqualTo(Errno.EIO));
            Assert.That((await log.ReportAsync(All, Page)).Error, Is.EqualTo(Errno.EIO), "sticky");
            await log.StopAsync();
            Assert.That((await log.StartAsync([All], Page)).Error, Is.EqualTo(Errno.None), "until it is begun anew");
            Assert.That((await log.ReportAsync(All, Page)).Error, Is.EqualTo(Errno.None));
        });
    }

    [Test]
    public void A_second_start_is_EINVAL_and_a_failed_start_leaves_nothing_behind()
    {
        var (host, _) = WorkTests.Opened();
        host.Run(async () =>
        {
            var log = await OpenAsync(host);
            host.Pf.CommandFault = (opcode, _) =>
                opcode == CommandOpcode.CreateGeneralObject ? CommandStatus.NoResources : CommandStatus.Ok;
            Assert.That((await log.StartAsync([All], Page)).Error, Is.EqualTo(Errno.EIO));
            host.Pf.CommandFault = null;
            Assert.That((await log.StartAsync([All], Page)).Error, Is.EqualTo(Errno.None));
            Assert.That((await log.StartAsync([All], Page)).Error, Is.EqualTo(Errno.EINVAL));
            host.PfDriver.Detach();
            Assert.That((await log.ReportAsync(All, Page)).Error, Is.EqualTo(Errno.ENOTCONN));
            Assert.That(await log.StopAsync(), Is.EqualTo(Errno.None));
        });
    }

    [Test]
    public void Ranges_are_merged_by_the_smallest_gap()
    {
        IovaRange[] ranges = [new(0, 10), new(100, 10), new(130, 10), new(1000, 10)];
        Assert.That(RangeMerge.ToAtMost(ranges, 4), Is.EqualTo(ranges));
        Assert.That(RangeMerge.ToAtMost(ranges, 3), Is.EqualTo(new IovaRange[] { new(0, 10), new(100, 40), new(1000, 10) }));
        Assert.That(RangeMerge.ToAtMost(ranges, 2), Is.EqualTo(new IovaRange[] { new(0, 140), new(1000, 10) }));
        Assert.That(RangeMerge.ToAtMost(ranges, 1), Is.EqualTo(new IovaRange[] { new(0, 1010) }));
    }

    private static async Task<VfioDirtyLog> OpenAsync(TestHost host) =>
        new((await MigrationTests.OpenAsync(host)).Driver.DirtyLog);
}
