namespace Scenarios.Tests.Shipped;

/// <summary>The numbers of link-efficiency follow from the link and its profile: other ones give other numbers, and plots show
/// both.</summary>
internal sealed class LinkEfficiencyTests
{
    private const string Script = "link-efficiency";

    [Test]
    public void Without_the_share_of_DLLPs_the_published_numbers_are_missed_and_a_narrower_link_halves_them()
    {
        var standard = Edited("rp0: { link: gen3 x8, profile: published-baseline }", "rp0: { link: gen3 x8 }");
        Assert.That(standard.Passed, Is.False);
        Assert.That(standard.Result.Counter("write Mb/s of writes at 256B"), Is.GreaterThan(54_000));
        var narrow = Edited("rp0: { link: gen3 x8, profile: published-baseline }", "rp0: { link: gen3 x4, profile: published-baseline }");
        Assert.That(narrow.Result.Counter("write Mb/s of writes at 256B"), Is.InRange(26_300, 26_600));
    }

    [Test]
    public void It_plots_bandwidth_and_latency_against_size()
    {
        var result = Simulated.Shipped(Script);
        var bandwidth = Figures.ResultFigures.Bandwidth(result)!;
        Assert.That(bandwidth.Series.Select(s => s.Name), Is.EqualTo(new[] { "writes", "reads", "both" }));
        Assert.That(bandwidth.Series.Select(s => s.Points.Count), Is.All.EqualTo(19));
        var reads = Figures.ResultFigures.ReadLatency(result).Series.Single(s => s.Name == "reads").Points;
        Assert.That(reads.Select(p => p.Y), Is.Ordered, "more bytes, more time");
        Assert.That(reads[0].Tip, Does.StartWith("reads, 32 B: median ").And.Contain(", 99 % "));
    }

    private static Results.JudgedVariant Edited(string old, string fresh) =>
        Simulated.Of(Simulated.Edited(Script, "the run", old, fresh), "the run");
}
