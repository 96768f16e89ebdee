using System.Text.Json;
using System.Xml.Linq;
using Scenarios.Output;
using Sim.Core;

namespace Scenarios.Tests.Shipped;

/// <summary>What a live migration measured is drawn, and is in results.json, number for number.</summary>
internal sealed class MigrationFigureTests
{
    [TestCase("iommu / with", 3)]
    [TestCase("device / without", 1)]
    public void Rounds_images_and_bytes_are_those_that_crossed(string variant, int leastImages)
    {
        var result = Simulated.Shipped("mlx5-migrates-under-load", variant).Result;
        var trace = result.LiveMigration!;
        Assert.That(trace.Rounds, Has.Count.EqualTo(result.Counter("migration: rounds")));
        Assert.That(trace.Rounds.Sum(r => r.Sent), Is.EqualTo(result.Counter("migration: pages sent")));
        Assert.That(trace.Rounds.Skip(1).Select(r => r.Dirty), Is.EqualTo(trace.Rounds.Skip(1).Select(r => (long)r.Sent)));
        Assert.That(trace.Rounds.Select(r => r.At), Is.Ordered);
        Assert.That(trace.ImageBytes, Has.Count.GreaterThanOrEqualTo(leastImages));
        Assert.That(trace.ImageBytes[^1].Value, Is.EqualTo(result.Counter("migration: image bytes")));
        Assert.That(trace.SentBytes[^1].Value,
            Is.EqualTo(4096 * result.Counter("migration: pages sent") + result.Counter("migration: image bytes")));
    }

    [Test]
    public void The_guest_stands_from_its_stop_to_the_destination_and_works_before_and_after()
    {
        var trace = Simulated.Shipped("mlx5-migrates-under-load", "both / with").Result.LiveMigration!;
        SimTime?[] moments = [trace.Begun, trace.GuestStopped, trace.DevicesStopped, trace.FinalBitmap, trace.Completed, trace.Resumed];
        Assert.That(moments, Is.Ordered.And.All.Not.Null);
        var throughput = trace.Throughput();
        Assert.That(throughput.Where(j => j.To < trace.GuestStopped && j.From > trace.Begun).Sum(j => j.Jobs), Is.Positive);
        var standing = throughput.Where(j => j.From > trace.GuestStopped && j.To < trace.Resumed);
        Assert.That(standing.Select(j => j.Jobs), Is.Not.Empty.And.All.Zero);
        Assert.That(throughput.Where(j => j.From > trace.Resumed).Sum(j => j.Jobs), Is.Positive);
        Assert.That(trace.Jobs[^1].Value, Is.EqualTo(1500), "no job is counted twice where the clocks meet");
        Assert.That(States("nic.vf0"), Is.EqualTo(new[] { "RUNNING", "PRE_COPY", "PRE_COPY_P2P", "STOP_COPY" }));
        Assert.That(States("nic.vf0 (destination)"), Does.Contain("RESUMING").And.Contain("RUNNING"));

        IEnumerable<string> States(string lane) => trace.Lanes.Single(l => l.Name == lane).Spans.Select(s => s.Label);
    }

    [Test]
    public void Results_and_plots_carry_the_same_numbers()
    {
        var shipped = Simulated.Shipped("mlx5-migrates-under-load");
        var files = Simulated.Files(shipped);
        using var json = JsonDocument.Parse(files["results.json"]);
        foreach (var (written, variant) in json.RootElement.GetProperty("variants").EnumerateArray().Zip(shipped.Variants))
        {
            var (trace, m) = (variant.Result.LiveMigration!, written.GetProperty("live_migration"));
            Assert.That(m.GetProperty("downtime_fs").GetInt64(), Is.EqualTo(trace.Downtime!.Value.Femtoseconds));
            Assert.That(m.GetProperty("rounds").EnumerateArray().Select(r => r.GetProperty("dirty_pages").GetInt64()),
                Is.EqualTo(trace.Rounds.Select(r => r.Dirty)));
            Assert.That(m.GetProperty("throughput").EnumerateArray().Sum(j => j.GetProperty("jobs").GetInt64()),
                Is.EqualTo(trace.Throughput().Sum(j => j.Jobs)).And.Positive);
            var plot = files[RunFiles.MigrationOf(variant.Result)];
            var tips = XDocument.Parse(plot).Descendants().Where(e => e.Name.LocalName == "title").Select(e => e.Value).ToList();
            foreach (var round in trace.Rounds) Assert.That(tips, Does.Contain($"{round.At}: {round.Dirty} found dirty"));
            Assert.That(tips.Count(t => t.EndsWith(" completed", StringComparison.Ordinal)), Is.EqualTo(trace.Throughput().Count));
            Assert.That(files["report.html"], Does.Contain(plot));
        }

        Assert.That(files["report.html"], Does.Contain("Downtime of the guest"));
    }

    [Test]
    public void With_no_round_before_the_stop_everything_crosses_while_the_guest_stands()
    {
        var result = Simulated.Edited("mlx5-migrates-under-load", "iommu / without", "rounds: 3", "rounds: 0").Variants.Single().Result;
        var trace = result.LiveMigration!;
        Assert.That(trace.Rounds, Has.Count.EqualTo(1));
        Assert.That(trace.Rounds[0].At > trace.DevicesStopped, Is.True);
        Assert.That(trace.ImageBytes, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_migration_that_is_refused_says_so_in_place_of_curves()
    {
        var shipped = Simulated.Shipped("one-device-or-no-peer-mapping");
        var trace = Simulated.Of(shipped, "one-device-only").Result.LiveMigration!;
        Assert.That(trace.Failure, Does.StartWith("Migration is currently not supported"));
        Assert.That((trace.Rounds.Count, trace.Downtime), Is.EqualTo((0, (SimDuration?)null)));
        var plot = Simulated.Files(shipped)["plots/migration-one-device-only.svg"];
        Assert.That(plot, Does.Contain("no round was begun").And.Contain("no image was read").And.Contain("no downtime"));
    }

    [Test]
    public void A_migration_that_fails_shows_the_guest_running_on_at_the_source()
    {
        var trace = Simulated.Shipped("where-a-freeze-failure-shows", "v2 / fails").Result.LiveMigration!;
        Assert.That(trace.Failure, Does.StartWith("stop of "));
        Assert.That(trace.Completed, Is.Null);
        Assert.That(trace.Downtime, Is.GreaterThan(SimDuration.Zero));
        Assert.That(trace.Lanes.Single(l => l.Name == "vCPU").Spans.Select(s => s.Label), Is.EqualTo(new[] { "runs", "stopped", "runs" }));
    }

    [Test]
    public void A_guest_that_is_gone_with_its_host_does_not_run_on()
    {
        var trace = Simulated.Shipped("mmio-to-stopped-vf", "ur-with-aer / firmware-first / today").Result.LiveMigration!;
        Assert.That((trace.Completed, trace.Resumed, trace.Downtime), Is.EqualTo(((SimTime?)null, (SimTime?)null, (SimDuration?)null)));
        Assert.That(trace.GuestStopped, Is.Not.Null);
    }

    [Test]
    public void A_script_without_a_migration_has_neither_plot_nor_section()
    {
        var files = Simulated.Files(Simulated.Shipped("link-efficiency"));
        Assert.That(files.Keys.Where(f => f.Contains("migration") || f.Contains("downtime")), Is.Empty);
        Assert.That(files["report.html"], Does.Not.Contain("Live migration"));
        Assert.That(files["results.json"], Does.Not.Contain("live_migration"));
    }
}
