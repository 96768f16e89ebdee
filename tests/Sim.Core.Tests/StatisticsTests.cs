namespace Sim.Core.Tests;

public sealed class StatisticsTests
{
    [Test]
    public void The_interval_of_a_median_has_the_ranks_of_the_binomial_tables()
    {
        // n = 10, 95 %: ranks 2 and 9 (coverage 97.9 %); n = 100: ranks 40 and 61. Standard tables of nonparametric median intervals.
        var ten = Enumerable.Range(1, 10).Select(i => (double)i).ToArray();
        Assert.That(Statistics.Percentile(ten, 50), Is.EqualTo(new Estimate(5, 2, 9)));
        var hundred = Enumerable.Range(1, 100).Select(i => (double)i).Reverse().ToArray();
        Assert.That(Statistics.Percentile(hundred, 50), Is.EqualTo(new Estimate(50, 40, 61)));
    }

    [Test]
    public void An_interval_that_the_samples_cannot_bound_is_infinite()
    {
        // With n samples the largest bounds p99 from above with confidence 1 - 0.99^n only.
        var few = Enumerable.Range(1, 100).Select(i => (double)i).ToArray();
        Assert.That(Statistics.Percentile(few, 99).High, Is.EqualTo(double.PositiveInfinity));
        Assert.That(Statistics.Percentile(few, 1).Low, Is.EqualTo(double.NegativeInfinity));
        var enough = Enumerable.Range(1, 1000).Select(i => (double)i).ToArray();
        Assert.That(Statistics.Percentile(enough, 99).High, Is.LessThanOrEqualTo(1000));
    }

    [Test]
    public void The_interval_covers_the_true_percentile_as_often_as_it_says()
    {
        var random = new RandomStream(5, "coverage");
        var covered = 0;
        for (var round = 0; round < 1000; round++)
        {
            var samples = new double[200];
            foreach (ref var sample in samples.AsSpan())
                sample = random.NextBelow(1_000_000);
            var p90 = Statistics.Percentile(samples, 90);
            if (p90.Low <= 900_000 && 900_000 <= p90.High)
                covered++;
        }
        Assert.That(covered, Is.InRange(935, 985));
    }

    [Test]
    public void A_histogram_gives_the_same_percentile_to_within_its_buckets()
    {
        var random = new RandomStream(5, "histogram");
        var histogram = new LatencyHistogram();
        var samples = new double[5000];
        foreach (ref var sample in samples.AsSpan())
        {
            var latency = random.NextExponential(SimDuration.FromNanoseconds(700));
            histogram.Record(latency);
            sample = latency.Femtoseconds;
        }
        var exact = Statistics.Percentile(samples, 99);
        var bucketed = Statistics.Percentile(histogram, 99);
        Assert.That(bucketed.Value, Is.EqualTo(exact.Value).Within(0.4).Percent);
        Assert.That(bucketed.Low, Is.EqualTo(exact.Low).Within(0.4).Percent);
        Assert.That(bucketed.High, Is.EqualTo(exact.High).Within(0.4).Percent);
    }

    [Test]
    public void The_mean_has_the_interval_of_Student()
    {
        // t(0.975, 4) = 2.776445; standard deviation of 1..5 is sqrt(2.5).
        var estimate = Statistics.Mean([1, 2, 3, 4, 5]);
        Assert.That(estimate.Value, Is.EqualTo(3));
        Assert.That(estimate.High - 3, Is.EqualTo(2.776445 * Math.Sqrt(2.5) / Math.Sqrt(5)).Within(1e-5));
        Assert.That(Statistics.Mean([7]).High, Is.EqualTo(double.PositiveInfinity));
    }

    [Test]
    public void A_line_is_found_again()
    {
        var fit = Statistics.FitLine([0, 1, 2, 3], [5, 7, 9, 11]);
        Assert.That(fit.Intercept, Is.EqualTo(5).Within(1e-12));
        Assert.That(fit.Slope, Is.EqualTo(2).Within(1e-12));
        Assert.That(fit.RSquared, Is.EqualTo(1).Within(1e-12));
        Assert.That(Statistics.FitLine([0, 1, 2], [1, 2, 1]).RSquared, Is.LessThan(0.1));
        Assert.Throws<ArgumentException>(() => Statistics.FitLine([1, 1], [2, 3]));
    }

    [Test]
    public void Closed_forms_have_their_textbook_values()
    {
        Assert.That(Statistics.MeanWaitMM1(0.5, 10), Is.EqualTo(10).Within(1e-12));
        Assert.That(Statistics.MeanWaitMD1(0.5, 10), Is.EqualTo(5).Within(1e-12));
        Assert.That(Statistics.MeanWaitMM1(0.9, 1), Is.EqualTo(9).Within(1e-12));
        Assert.Throws<ArgumentOutOfRangeException>(() => Statistics.MeanWaitMD1(1, 10));
    }

    [TestCase(0.3)]
    [TestCase(0.8)]
    public void A_simulated_queue_with_constant_service_waits_as_MD1_says(double utilization)
    {
        // Poisson arrivals at one server: our samplers, our clock and our events against the closed form.
        var sim = new Simulator(7);
        var random = sim.GetRandomStream("source");
        var service = SimDuration.FromNanoseconds(100);
        var interval = new SimDuration((long)(service.Femtoseconds / utilization));
        var waits = new LatencyHistogram();
        var free = SimTime.Zero;
        SimEvent arrival = null!;
        arrival = new(sim, () =>
        {
            var start = SimTime.Max(sim.Now, free);
            waits.Record(start - sim.Now);
            free = start + service;
            if (waits.Count < 400_000)
                arrival.ScheduleAfter(random.NextExponential(interval));
        });
        arrival.ScheduleAt(SimTime.Zero);
        sim.Run();
        var expected = Statistics.MeanWaitMD1(utilization, service.Femtoseconds);
        Assert.That(waits.Mean.Femtoseconds, Is.EqualTo(expected).Within(2.0).Percent);
    }
}
