using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Tests.Links;

/// <summary>Throughput of a saturated Gen3 x8 link against the closed form of published baselines: what remains of 63.015 Gb/s after
/// DLLPs and ordered sets, times the payload's share of the bytes on the busier direction.</summary>
public class LinkEfficiencyTests
{
    private const double LineRate = 63.015;

    [TestCase(64, TrafficLayout.Writes, 42.1)]
    [TestCase(256, TrafficLayout.Writes, 52.9)]
    [TestCase(512, TrafficLayout.Writes, 52.9)]
    [TestCase(64, TrafficLayout.Reads, 44.1)]
    [TestCase(256, TrafficLayout.Reads, 53.7)]
    [TestCase(512, TrafficLayout.Reads, 53.7)]
    [TestCase(64, TrafficLayout.Reads | TrafficLayout.Writes, 33.1)]
    [TestCase(256, TrafficLayout.Reads | TrafficLayout.Writes, 48.7)]
    [TestCase(512, TrafficLayout.Reads | TrafficLayout.Writes, 50.7)]
    public void Throughput_is_that_of_the_published_baseline(int bytes, uint pattern, double published) =>
        Assert.That(Throughput(bytes, pattern), Is.EqualTo(published).Within(0.5).Percent);

    [Test]
    public void Throughput_follows_the_closed_form_at_every_size_and_drops_just_past_64_128_256_and_512_bytes(
        [Values(TrafficLayout.Writes, TrafficLayout.Reads, TrafficLayout.Reads | TrafficLayout.Writes)] uint pattern)
    {
        foreach (var edge in (int[])[64, 128, 256, 512])
        {
            var (at, past) = (Throughput(edge, pattern), Throughput(edge + 1, pattern));
            Assert.That(past, Is.LessThan(at * 0.99), $"{edge + 1} against {edge} bytes");
            Assert.That(at, Is.EqualTo(ClosedForm(edge, pattern)).Within(0.5).Percent, $"{edge} bytes");
            Assert.That(past, Is.EqualTo(ClosedForm(edge + 1, pattern)).Within(0.5).Percent, $"{edge + 1} bytes");
        }
    }

    private static double ClosedForm(int bytes, uint pattern)
    {
        var rate = LineRate * (1 - (8.0 / 203) - (8.0 / 203) - (4.0 / 1538));
        var (padded, payloads) = ((bytes + 3) / 4 * 4, (bytes + 255) / 256);
        var upstream = 0;
        if ((pattern & TrafficLayout.Writes) != 0) upstream += padded + (payloads * 24);
        if ((pattern & TrafficLayout.Reads) != 0) upstream += (bytes + 511) / 512 * 24;
        var downstream = (pattern & TrafficLayout.Reads) != 0 ? padded + (payloads * 20) : 0;
        return rate * bytes / Math.Max(upstream, downstream);
    }

    /// <summary>Gb/s of payload in steady state, for both together in each direction.</summary>
    private static double Throughput(int bytes, uint pattern)
    {
        var generator = new TrafficBench(LinkSpeed.Gen3, LinkWidth.X8, LinkProfile.PublishedBaseline);
        generator.Start(pattern, bytes, outstanding: 128);
        generator.RunFor(SimDuration.FromMicroseconds(10));
        var (reads, writes) = (generator.Function.Reads, generator.WrittenBytes);
        generator.RunFor(SimDuration.FromMicroseconds(40));
        var read = (generator.Function.Reads - reads) * (ulong)bytes;
        var written = generator.WrittenBytes - writes;
        var moved = pattern == TrafficLayout.Reads ? read : pattern == TrafficLayout.Writes ? written : Math.Min(read, written);
        return moved * 8 / 40_000.0;
    }
}
