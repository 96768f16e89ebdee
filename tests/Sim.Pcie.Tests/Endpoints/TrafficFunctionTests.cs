using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Tests.Links;

namespace Sim.Pcie.Tests.Endpoints;

public class TrafficFunctionTests
{
    [Test]
    public void It_stops_after_its_count_and_its_counters_tell()
    {
        var bench = new TrafficBench(LinkSpeed.Gen4, LinkWidth.X4);
        bench.Start(TrafficLayout.Reads | TrafficLayout.Writes, 700, outstanding: 3, count: 50);
        bench.Sim.Run();
        Assert.That((bench.Function.Reads, bench.Function.Writes, bench.WrittenBytes), Is.EqualTo((50ul, 50ul, 50ul * 700)));
        Assert.That(bench.Function.ReadLatency.Count, Is.EqualTo(50));
        Assert.That(Read(bench, TrafficLayout.Status), Is.Zero);
        Assert.That(Read(bench, TrafficLayout.ReadsDone), Is.EqualTo(50));
    }

    [TestCase(1)]
    [TestCase(36)]
    public void It_never_has_more_reads_outstanding_than_it_was_told(int outstanding)
    {
        var bench = new TrafficBench(LinkSpeed.Gen4, LinkWidth.X16);
        var (now, most) = (0, 0);
        bench.Device.Transmitter.Arrived.Subscribe((SimTime _, in TlpHop hop) => most = Math.Max(most, ++now));
        bench.Function.Ended.Subscribe((SimTime _, in TrafficTransfer _) => now--);
        bench.Start(TrafficLayout.Reads | TrafficLayout.RandomOrder, 64, outstanding, count: 500);
        bench.Sim.Run();
        Assert.That(most, Is.EqualTo(outstanding));
        Assert.That(bench.Function.Reads, Is.EqualTo(500));
    }

    [Test]
    public void Random_order_covers_the_window_and_stays_inside()
    {
        var bench = new TrafficBench(LinkSpeed.Gen4, LinkWidth.X16);
        var seen = new HashSet<ulong>();
        bench.Device.Transmitter.Arrived.Subscribe((SimTime _, in TlpHop hop) => seen.Add(hop.Tlp.Header.Address));
        bench.Start(TrafficLayout.Reads | TrafficLayout.RandomOrder, 64, 16, window: 4096, count: 1000);
        bench.Sim.Run();
        Assert.That(seen, Is.EquivalentTo(Enumerable.Range(0, 64).Select(i => 0x10_0000ul + (ulong)i * 64)));
    }

    [Test]
    public void Writes_carry_the_fill_and_count_up_without_one()
    {
        var bench = new TrafficBench(LinkSpeed.Gen4, LinkWidth.X4);
        bench.Root.Store(bench.Bar + TrafficLayout.Fill, 0x0403_0201, 4);
        bench.Start(TrafficLayout.Writes, 6, 1, window: 8, count: 1);
        bench.Sim.Run();
        Assert.That(bench.Root.Memory.ReadValue(0x10_0000, 8), Is.EqualTo(0x0201_0403_0201));
        bench.Root.Store(bench.Bar + TrafficLayout.Control, 0, 4);
        bench.Root.Store(bench.Bar + TrafficLayout.Fill, 0, 4);
        bench.Start(TrafficLayout.Writes, 4, 1, window: 8, count: 1);
        bench.Sim.Run();
        Assert.That(bench.Root.Memory.ReadValue(0x10_0000, 4), Is.EqualTo(0x150E_0700));
    }

    [Test]
    public void Without_Bus_Master_Enable_it_fails_at_once_and_stops()
    {
        var bench = new TrafficBench(LinkSpeed.Gen4, LinkWidth.X4);
        bench.Sim.Start("clear BME", () => bench.Root.ConfigWriteAsync(bench.Function.Id, 4, 2, 2).AsTask());
        bench.Sim.Run();
        bench.Start(TrafficLayout.Reads, 64, 4);
        bench.Sim.Run();
        Assert.That(Read(bench, TrafficLayout.Failed), Is.EqualTo(1));
        Assert.That(Read(bench, TrafficLayout.Status), Is.Zero);
    }

    private static ulong Read(TrafficBench bench, int register)
    {
        var value = 0ul;
        bench.Sim.Start("read", async () => value = (await bench.Root.LoadAsync(bench.Bar + (ulong)register, 4)).Value);
        bench.Sim.Run();
        return value;
    }
}
