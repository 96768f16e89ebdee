namespace Sim.Core.Tests;

public sealed class TimeTests
{
    [TestCase(0, "0s")]
    [TestCase(1, "1fs")]
    [TestCase(1_250_000_000, "1.25us")]
    [TestCase(-1_500, "-1.5ps")]
    [TestCase(7_812, "7.812ps")]
    [TestCase(1_000_000_000_000_001, "1.000000000000001s")]
    [TestCase(long.MaxValue, "9223.372036854775807s")]
    public void A_duration_is_written_exactly_and_read_back(long femtoseconds, string text)
    {
        Assert.That(new SimDuration(femtoseconds).ToString(), Is.EqualTo(text));
        Assert.That(SimDuration.TryParse(text, out var read), Is.True);
        Assert.That(read.Femtoseconds, Is.EqualTo(femtoseconds));
    }

    [TestCase("500ns", 500_000_000)]
    [TestCase(" 2 ms ", 2_000_000_000_000)]
    [TestCase("0.5fs", null)]
    [TestCase("500", null)]
    [TestCase("ns", null)]
    [TestCase("5 lightyears", null)]
    [TestCase("1.2.3ns", null)]
    [TestCase("5NS", null)]
    [TestCase("99999999999999999999999999999999s", null)]
    [TestCase("9224s", null)]
    [TestCase("", null)]
    public void A_duration_without_an_exact_meaning_is_refused(string text, long? femtoseconds)
    {
        Assert.That(SimDuration.TryParse(text, out var read), Is.EqualTo(femtoseconds.HasValue));
        Assert.That(read.Femtoseconds, Is.EqualTo(femtoseconds ?? 0));
    }

    [Test]
    public void Times_that_do_not_fit_are_errors_and_not_wrapped_around()
    {
        Assert.Throws<OverflowException>(() => _ = SimTime.MaxValue + new SimDuration(1));
        Assert.Throws<OverflowException>(() => SimDuration.FromSeconds(10_000));
        Assert.Throws<OverflowException>(() => _ = SimDuration.FromSeconds(5_000) * 2);
    }

    [Test]
    public void Rates_are_exact_and_rounded_once()
    {
        // Gen3 x8: 8 GT/s, 128b/130b, 8 lanes: 126953.125 fs a byte. Gen6 x16: 64 GT/s x 16: 7812.5 fs a byte.
        var gen3x8 = DataRate.FromBitsPerSecond(8_000_000_000).Scaled(128, 130).Scaled(8, 1);
        Assert.That(gen3x8.TimeFor(8).Femtoseconds, Is.EqualTo(1_015_625));
        Assert.That(gen3x8.TimeFor(1).Femtoseconds, Is.EqualTo(126_953));
        var gen6x16 = DataRate.FromBitsPerSecond(64_000_000_000).Scaled(16, 1);
        Assert.That(gen6x16.TimeFor(1).Femtoseconds, Is.EqualTo(7_813));
        Assert.That(gen6x16.TimeFor(2).Femtoseconds, Is.EqualTo(15_625));
        Assert.That(DataRate.FromBytesPerSecond(3).TimeFor(1).Femtoseconds, Is.EqualTo(333_333_333_333_333));
        Assert.That(gen3x8, Is.EqualTo(DataRate.FromBytesPerSecond(1_024_000_000_000, 130)));
    }

    [Test]
    public void A_rate_gives_the_rounded_exact_time_for_any_number_of_bytes()
    {
        var random = new RandomStream(1, "rates");
        for (var i = 0; i < 5000; i++)
        {
            var (num, den) = (1 + random.NextBelow(1L << 1 + random.NextBelow(38)), 1 + random.NextBelow(1 << 10));
            var bytes = random.NextBelow(1L << 1 + random.NextBelow(18));
            var exact = new System.Numerics.BigInteger(bytes) * 1_000_000_000_000_000 * den;
            var expected = (2 * exact + num) / (2 * num);
            var rate = DataRate.FromBytesPerSecond(num, den);
            if (expected > long.MaxValue)
                Assert.Throws<OverflowException>(() => rate.TimeFor(bytes));
            else
                Assert.That(rate.TimeFor(bytes).Femtoseconds, Is.EqualTo((long)expected), $"{bytes} B at {num}/{den}");
        }
    }

    [Test]
    public void A_rate_that_was_never_set_and_a_negative_size_are_errors()
    {
        Assert.Throws<InvalidOperationException>(() => default(DataRate).TimeFor(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => DataRate.FromBytesPerSecond(1).TimeFor(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => DataRate.FromBytesPerSecond(0));
    }
}
