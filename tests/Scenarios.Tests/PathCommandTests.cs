using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Tests.Shipped;

namespace Scenarios.Tests;

/// <summary><c>pciesim path</c> and <c>do: send-tlp</c>: the way of a TLP as it is printed, and what is wrong in either.</summary>
internal sealed class PathCommandTests
{
    private const string Script = "acs-and-root-decide-the-path";
    private const string Redirect = "redirect / forward";
    private const string Isolate = "iommu-groups-follow-acs";

    [Test]
    public void Each_TLP_of_the_script_is_told_for_each_variant()
    {
        var output = Pciesim.Output("path", Simulated.PathOf(Script));
        Assert.That(output.Split('\n').Count(l => l.Length > 0 && l[0] != ' '), Is.EqualTo(9));
        Assert.That(output, Does.Contain(
            "redirect / forward: gpu > sw.a, sw.up > rp0, rp0 > sw.up, sw.b > nic; gpu > sw.a, sw.up > rp0, rp1 > ssd"));
    }

    [Test]
    public void A_TLP_from_the_command_line_takes_the_script_s_place()
    {
        var lines = Pciesim.Output(
            "path", Simulated.PathOf(Script), "--variant", Redirect, "--from", "cpu", "--to", "nic.bar0+0x40", "--type", "MRd").Split('\n');
        Assert.That(lines[0], Is.EqualTo("redirect / forward: rp0 > sw.up, sw.b > nic"));
        Assert.That(lines[1], Does.EndWith("(nic BAR0+0x40) from cpu, sent by rp0"));
        Assert.That(lines, Has.Some.Contains("nic: reaches BAR0+0x40 of nic: Accept (running)"));
        Assert.That(lines, Has.Some.Contains("rp0: ends here: its exerciser waited for it"));
    }

    [Test]
    public void Its_fields_are_the_options()
    {
        string Path(params string[] more) => Pciesim.Output(
            ["path", Simulated.PathOf(Isolate), "--variant", "direct-translated", "--from", "gpu", "--to", "nic.bar0", .. more]);

        Assert.That(Path(), Does.Contain("refused by the translation agent"));
        Assert.That(Path("--address-type", "translated"), Does.Contain("gpu > sw.a, sw.b > nic"));
        Assert.That(Path("--requester", "nic"), Does.Contain("does not pass Source Validation or Translation Blocking"));
        Assert.That(Path("--type", "FetchAdd", "--bytes", "8B"), Does.Contain("FetchAdd"));
    }

    [Test]
    public void IOMMU_groups_are_printed_with_every_path() => Assert.That(
        Pciesim.Output("path", Simulated.PathOf(Isolate), "--variant", "port-without-acs"),
        Does.Contain("IOMMU groups").And.Match(@"\d  sw\.a, gpu\r?\n").And.Match(@"\d  nic\.vf0\r?\n"));

    [Test]
    public void An_address_that_nobody_claims_makes_no_TLP_from_the_CPU() => Assert.That(
        Pciesim.Output("path", Simulated.PathOf(Script), "--variant", Redirect, "--from", "cpu", "--to", "0xf000000000"),
        Does.StartWith("redirect / forward: no Root Port claims the address: no TLP"));

    [TestCase("user-mmap-needs-no-p2p", new string[0],
        "the script sends no TLP of its own; expected a 'do: send-tlp' entry, or --from and --to")]
    [TestCase(Script, new[] { "--from", "gpu" }, "--from describes a TLP; expected both --from and --to")]
    [TestCase(Script, new[] { "--from", "gpu", "--to", "nic" }, "'to' is 'nic'; expected an address like 0x40000000, or a place in a BAR")]
    [TestCase(Script, new[] { "--from", "gqu", "--to", "nic.bar0" }, "no component is called 'gqu' (did you mean 'gpu'?)")]
    [TestCase(Script, new[] { "--from", "gpu", "--to", "nic.bar0", "--type", "MRt" }, "'type' is 'MRt' (did you mean 'MRd'?)")]
    [TestCase(Script, new[] { "--from", "gpu", "--to", "nic.bar3" }, "nic has no BAR3; expected one of bar0")]
    [TestCase(Script, new[] { "--variant", "blocked" }, "no variant is called 'blocked'")]
    public void What_is_wrong_is_one_line_and_exit_code_2(string script, string[] options, string complaint)
    {
        var (code, output, error) = Pciesim.Run(["path", Simulated.PathOf(script), .. options]);
        Assert.That((code, output), Is.EqualTo((2, "")));
        Assert.That(error, Does.Contain(complaint));
    }

    [TestCase("from: gpu, type: MRd, to: nic.bar0", "from: gqu, type: MRd, to: nic.bar0",
        "x.yaml:25:36: no component is called 'gqu' (did you mean 'gpu'?); expected one of cpu, rp0")]
    [TestCase("to: nic.bar0, bytes: 128B", "to: nik.bar0, bytes: 128B", "x.yaml:25:56: no device is called 'nik' (did you mean 'nic'?)")]
    [TestCase("to: nic.bar0, bytes: 128B", "to: nic.bar0, bytes: 8KiB", "x.yaml:25:73: a request of 8KiB; expected 1B to 4KiB")]
    [TestCase("to: nic.bar0, bytes: 128B", "to: nic.bar0+0xfc0, bytes: 128B",
        "x.yaml:25:56: 128B from nic.bar0+0xfc0 on cross a 4 KiB boundary (§2.2.7)")]
    [TestCase("type: MRd, to: nic.bar0, bytes: 128B", "type: CAS, to: nic.bar0, bytes: 16B",
        "x.yaml:25:73: an AtomicOp of 16B at nic.bar0+0x0; expected 4B or 8B, naturally aligned (§2.2.7)")]
    [TestCase("to: nic.bar0, bytes: 128B", "bytes: 128B", "x.yaml:25:5: this TLP goes nowhere; expected 'to'")]
    [TestCase("to: nic.bar0, bytes: 128B", "dws: 40000001 0000000f",
        "x.yaml:25:57: '40000001 0000000f' is no TLP; expected at least 3 DWs")]
    [TestCase("to: nic.bar0, bytes: 128B", "to: nic.bar0, dws: 40000001 0000000f fee00000",
        "x.yaml:25:56: 'dws' says the whole TLP, 'to' included")]
    [TestCase("to: nic.bar0, bytes: 128B", "to: nic.bar0, requester: nik",
        "x.yaml:25:77: no component is called 'nik' (did you mean 'nic'?)")]
    [TestCase("gen4 x8, acs: none }", "gen4 x8, acs: [none, egress-control] }", "'absent' and 'none' leave nothing to enable")]
    [TestCase("gen4 x8, acs: none }", "gen4 x8, acs: egres-control }", "'acs' is 'egres-control' (did you mean 'egress-control'?)")]
    [TestCase("acs: egress-control, blocks: sw.b", "acs: request-redirect, blocks: sw.b", "'blocks' has no effect without egress-control")]
    [TestCase("acs: egress-control, blocks: sw.b", "acs: egress-control, blocks: sw.c",
        "no neighbour of 'sw.a' is called 'sw.c' (did you mean 'sw.b'?); expected one of sw.b")]
    [TestCase("peer_to_peer: resegment", "peer_to_peer: resegmnt", "'peer_to_peer' is 'resegmnt' (did you mean 'resegment'?)")]
    public void A_break_is_named_where_it_is(string old, string broken, string complaint)
    {
        var text = File.ReadAllText(Simulated.PathOf(Script));
        Assert.That(text, Does.Contain(old));
        var errors = Assert.Throws<ScriptException>(() => ScriptReader.Read("x.yaml", text.Replace(old, broken)))!.Errors;
        Assert.That(errors.Select(e => e.ToString()), Has.Some.Contains(complaint).And.All.Contains("; expected "));
    }

    [Test]
    public void A_malformed_TLP_in_DWs_is_sent_as_written_and_its_error_explained()
    {
        // A Memory Read of two DWs without Last DW BE (§2.2.5).
        var text = File.ReadAllText(Simulated.PathOf(Script))
            .Replace("type: MRd, to: nic.bar0, bytes: 128B", "dws: 00000002 0000000f 00001000");
        var result = Simulated.Of(Simulated.Run(ScriptReader.Read("x.yaml", text)), Redirect).Result;
        Assert.That(result.Paths[0].Steps[^1].What, Is.EqualTo("ends here: a Malformed TLP (§2.3)"));
        Assert.That(result.Chains[0].Title, Does.Contain("Malformed TLP"));
    }

    [Test]
    public void A_path_and_a_group_that_are_not_there_fail_the_script()
    {
        var broken = File.ReadAllText(Simulated.PathOf(Isolate)).Replace("iommu_groups: [gpu, nic]", "iommu_groups: [\"gpu, nic\"]");
        var result = Simulated.Run(ScriptReader.Read("x.yaml", broken));
        Assert.That(result.Variants.SelectMany(v => v.Complaints).Single(),
            Does.Contain("no IOMMU group is 'gpu, nic'; expected one of rp0 | sw | "));
        var without = Simulated.Edited(Script, Redirect, "- host: intact\n", "- iommu_groups: gpu\n");
        Assert.That(without.Variants.Single().Complaints.Single(), Does.Contain("there are no IOMMU groups, as there is no IOMMU"));
    }
}
