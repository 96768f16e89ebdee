namespace Sim.Core.Tests;

public sealed class LatencyHistogramTests
{
    [Test]
    public void Percentiles_are_right_to_within_a_bucket_over_the_whole_range()
    {
        var random = new RandomStream(1, "histogram");
        var histogram = new LatencyHistogram();
        var all = new List<long>();
        for (var i = 0; i < 20_000; i++)
        {
            var value = (long)(random.NextUInt64() >> (1 + random.NextBelow(62)));
            all.Add(value);
            histogram.Record(new(value));
        }
        all.Sort();
        foreach (var percent in new[] { 0, 0.1, 1, 25, 50, 90, 99, 99.9, 100 })
        {
            var exact = (double)all[Math.Max((int)Math.Ceiling(percent / 100 * all.Count), 1) - 1];
            Assert.That((double)histogram.Percentile(percent).Femtoseconds, Is.EqualTo(exact).Within(exact * 0.004 + 0.5), $"p{percent}");
        }
        Assert.That(histogram.Min.Femtoseconds, Is.EqualTo(all[0]));
        Assert.That(histogram.Max.Femtoseconds, Is.EqualTo(all[^1]));
        Assert.That(histogram.Mean.Femtoseconds, Is.EqualTo((long)(all.Aggregate(Int128.Zero, (sum, v) => sum + v) / all.Count)));
        Assert.That(histogram.Bins().Sum(b => b.Count), Is.EqualTo(histogram.Count));
    }

    [Test]
    public void Buckets_follow_each_other_without_gap_or_overlap()
    {
        var histogram = new LatencyHistogram();
        for (var value = 0L; value < 5000; value++)
            histogram.Record(new(value));
        var next = 0L;
        foreach (var bin in histogram.Bins())
        {
            Assert.That(bin.From.Femtoseconds, Is.EqualTo(next));
            next = bin.To.Femtoseconds + 1;
        }
        Assert.That(next, Is.GreaterThanOrEqualTo(5000));
    }

    [Test]
    public void Merging_is_recording_everything_in_one()
    {
        var (a, b, both) = (new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram());
        for (var i = 1; i < 1000; i++)
        {
            (i % 3 == 0 ? a : b).Record(SimDuration.FromNanoseconds(i * i));
            both.Record(SimDuration.FromNanoseconds(i * i));
        }
        a.Merge(b);
        a.Merge(new());
        Assert.That(a.Bins(), Is.EqualTo(both.Bins()));
        Assert.That((a.Count, a.Min, a.Max, a.Mean), Is.EqualTo((both.Count, both.Min, both.Max, both.Mean)));
    }

    [Test]
    public void An_empty_histogram_has_zero_percentiles_and_a_negative_duration_is_refused()
    {
        var histogram = new LatencyHistogram();
        Assert.That(histogram.Percentile(99), Is.EqualTo(SimDuration.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => histogram.Record(new(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => histogram.Percentile(101));
        histogram.Record(SimDuration.MaxValue);
        Assert.That(histogram.Percentile(50), Is.EqualTo(SimDuration.MaxValue));
    }
}
