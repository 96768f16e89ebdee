namespace Sim.Core.Tests;

public sealed class RandomStreamTests
{
    [Test]
    public void Another_component_disturbs_no_stream()
    {
        var alone = new Simulator(9).GetRandomStream("root.port0");
        var sim = new Simulator(9);
        sim.GetRandomStream("root.port1").NextUInt64();
        var together = sim.GetRandomStream("root.port0");
        for (var i = 0; i < 100; i++)
            Assert.That(together.NextUInt64(), Is.EqualTo(alone.NextUInt64()));
        Assert.That(sim.GetRandomStream("root.port0"), Is.SameAs(together));
    }

    [Test]
    public void Seed_and_name_both_matter_and_the_numbers_never_change()
    {
        Assert.That(new RandomStream(1, "a").NextUInt64(), Is.EqualTo(KnownFirst));
        Assert.That(new RandomStream(2, "a").NextUInt64(), Is.Not.EqualTo(KnownFirst));
        Assert.That(new RandomStream(1, "b").NextUInt64(), Is.Not.EqualTo(KnownFirst));
    }

    // Changing the generator changes every recorded trace: this number says so before the traces do.
    private const ulong KnownFirst = 16938646760956643615;

    [TestCase(1)]
    [TestCase(3)]
    [TestCase(10)]
    [TestCase(1 << 20)]
    public void Numbers_below_a_bound_are_all_equally_likely(int bound)
    {
        var random = new RandomStream(4, "bound");
        const int Draws = 200_000;
        var counts = new int[Math.Min(bound, 10)];
        for (var i = 0; i < Draws; i++)
        {
            var value = random.NextBelow(bound);
            Assert.That(value, Is.InRange(0, bound - 1));
            counts[(int)((long)value * counts.Length / bound)]++;
        }
        // Chi-square with up to 9 degrees of freedom stays below 27.9 in 999 of 1000 cases.
        var expected = (double)Draws / counts.Length;
        Assert.That(counts.Sum(c => (c - expected) * (c - expected) / expected), Is.LessThan(27.9));
    }

    [Test]
    public void A_bound_just_above_half_the_range_is_not_biased()
    {
        // Without rejection, the upper part would come up half as often as the lower one.
        var random = new RandomStream(4, "bias");
        const long Bound = 3L << 61;
        var third = 0;
        for (var i = 0; i < 30_000; i++)
        {
            if (random.NextBelow(Bound) < Bound / 3)
                third++;
        }
        Assert.That(third, Is.EqualTo(10_000).Within(400));
    }

    [Test]
    public void Exponential_distances_have_the_mean_and_the_tails_asked_for()
    {
        var random = new RandomStream(4, "exponential");
        var mean = SimDuration.FromNanoseconds(250);
        const int Draws = 400_000;
        var sum = 0.0;
        var beyond = new int[8];
        for (var i = 0; i < Draws; i++)
        {
            var value = (double)random.NextExponential(mean).Femtoseconds / mean.Femtoseconds;
            sum += value;
            for (var k = 0; k < beyond.Length; k++)
                beyond[k] += value > k ? 1 : 0;
        }
        Assert.That(sum / Draws, Is.EqualTo(1).Within(0.01));
        for (var k = 1; k < beyond.Length; k++)
        {
            var expected = Draws * Math.Exp(-k);
            Assert.That(beyond[k], Is.EqualTo(expected).Within(4 * Math.Sqrt(expected)), $"beyond {k} means");
        }
    }

    [Test]
    public void The_logarithm_is_right_to_seven_digits()
    {
        var random = new RandomStream(4, "log");
        for (var i = 0; i < 20_000; i++)
        {
            var u = random.NextUInt64() >> (i % 50);
            var expected = -Math.Log(Math.Max(u, 1) / Math.Pow(2, 64));
            Assert.That(FixedPointLog.MinusLn(u) / Math.Pow(2, 32), Is.EqualTo(expected).Within(2e-7));
        }
    }

    [Test]
    public void Chances_of_none_and_all_are_certain()
    {
        var random = new RandomStream(4, "chance");
        for (var i = 0; i < 1000; i++)
        {
            Assert.That(random.NextChance(0, 5), Is.False);
            Assert.That(random.NextChance(5, 5), Is.True);
        }
    }
}
