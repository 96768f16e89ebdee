using System.Text.Json;
using Scenarios.Output;
using Scenarios.Results;

namespace Scenarios.Tests.Shipped;

/// <summary>A difference says which side has what, and which TLP caused it.</summary>
internal sealed class MigrationDifferenceTests
{
    [Test]
    public void No_completion_is_the_same_on_both_sides()
    {
        var all = Simulated.Names.SelectMany(n => Simulated.Shipped(n).Variants).SelectMany(v => v.Result.Differences)
            .Where(d => d.What == "completion").ToList();
        Assert.That(all, Is.Not.Empty);
        Assert.That(all.Where(d => d.Source == d.Destination).Select(d => $"{d}"), Is.Empty);
        Assert.That(all.Select(d => d.Where), Has.All.Not.Empty);
    }

    [TestCase("frozen-peer-loses-writes", "first", "MWr of nic.vf1 to nic.vf0 BAR0+0x", "(Discard)")]
    [TestCase("one-device-or-no-peer-mapping", "peers-not-mapped", "MWr of first.vf0 to 0x2060001000", "(SecondStageNotPermitted)")]
    [TestCase("peer-write-to-stopped-device", "refuses / native-aer", "MWr of second.vf0 to first.vf0 BAR0+0x", "(UnsupportedRequest)")]
    public void What_is_missing_names_the_TLP_that_did_not_get_there(string script, string variant, string tlp, string decision)
    {
        var missing = Simulated.Shipped(script, variant).Result.Differences.Where(d => d.What == "completion").ToList();
        Assert.That(missing.Select(d => (d.Source, d.Destination)).Distinct(), Is.EqualTo(new[] { ("completed", "not there") }));
        Assert.That(missing.Select(d => d.Cause), Has.Some.StartsWith(tlp).And.Some.EndsWith(decision));
        using var json = JsonDocument.Parse(ResultsJson.Of(Simulated.Shipped(script), []).ToString());
        Assert.That(json.RootElement.GetRawText(), Does.Contain($"\"caused_by\": \"{tlp}"));
    }

    [Test]
    public void What_the_guest_had_noticed_before_it_left_is_told_of_the_source()
    {
        var result = Simulated.Edited("one-device-or-no-peer-mapping", "peers-not-mapped", "times: 60", "times: 4");
        Assert.That(result.Variants.Single().Result.Differences.Where(d => d.What == "completion").Select(d => (d.Source, d.Destination)),
            Has.Some.EqualTo(("not there before it left", "not there")));
    }

    [Test]
    public void A_revoke_reaches_the_peers_of_the_same_guest()
    {
        var result = Simulated.Edited("frozen-peer-loses-writes", "first", "platform: { errors: native-aer }",
            "platform: { errors: native-aer }\nkernel: { policy: revoke-on-not-running }").Variants.Single().Result;
        Assert.That(result.Counter("IOMMU faults"), Is.Positive);
        Assert.That(result.Counter("peer TLPs to a stopped Function"), Is.Zero);
        Assert.That(result.Differences.Select(d => d.Cause ?? ""), Has.Some.Contains("(SecondStageNotPermitted)"));
    }

    [Test]
    public void What_becomes_of_the_destination_counts_for_host_integrity()
    {
        const string Vmm = "vmm: { guest_memory: 1MiB, stop_window: 40us }";
        var result = Simulated.Edited("one-device-or-no-peer-mapping", "p2p-states", Vmm,
            $"destination: {{ platform: {{ peer_to_peer: unsupported-request }} }}\n{Vmm}").Variants.Single().Result;
        Assert.That(result.Host, Is.EqualTo(HostIntegrity.Contained));
        Assert.That(result.Because, Does.StartWith("at the destination rp0 signals its AER interrupt"));
        Assert.That(result.Counter("kernel log lines"), Is.Zero);
        Assert.That(result.Counter("kernel log lines at the destination"), Is.Positive);
    }

    [TestCase("link-efficiency", "the run", "no device was stopped, no request refused")]
    [TestCase("link-efficiency", "the run", "writes moved 33.1 to 52.9 Gb/s in transfers of 32 to 1024 B")]
    [TestCase("a-finite-buffer-under-p2p", "drops", "the guest noticed item")]
    [TestCase("mlx5-migrates-under-load", "both / with", "nobody touched the device while it was stopped")]
    public void Where_nothing_was_refused_the_reason_says_what_happened(string script, string variant, string because) =>
        Assert.That(Simulated.Shipped(script, variant).Result.Because, Does.Contain(because));
}
