using System.Text.Json;
using Scenarios.Language;
using Scenarios.Model;
using Sim.Core;

namespace Scenarios.Tests;

internal sealed class ScriptReaderTests
{
    [Test]
    public void The_small_script_means_what_it_says()
    {
        var script = Scripts.Read(Scripts.Small).Variants.Single().Script;
        var nic = script.Topology.Devices.Find("nic")!.Value;
        Assert.That(nic.Link, Is.EqualTo(new LinkShape(4, 8)));
        Assert.That(nic.Vfs, Is.EqualTo(2));
        var load = (LoadEntry)script.Timeline.Single();
        Assert.That(load.At, Is.EqualTo(new Moment(MigrationPoint.Start, SimDuration.FromNanoseconds(500))));
        Assert.That(load.From.ToString(), Is.EqualTo("nic.vf0.identity"));
        Assert.That(load.Bytes.Bytes, Is.EqualTo(4));
    }

    [Test]
    public void The_main_script_has_40_variants_the_last_axis_turning_fastest()
    {
        var names = Scripts.MainScript().Variants.Select(v => v.Variant.Name).ToList();
        Assert.That(names, Has.Count.EqualTo(40).And.Unique);
        Assert.That(names[..3], Is.EqualTo(new[] { "mlx5 / silent / today", "mlx5 / silent / zap", "mlx5 / native-aer / today" }));
    }

    [Test]
    public void A_matrix_value_is_laid_over_the_script_key_by_key()
    {
        var variants = Scripts.Read(
            Scripts.Small + "\nmatrix: { vfs: { one: { topology: { devices: { nic: { vfs: 1 } } } }, as-is: {} } }\n").Variants;
        Assert.That(variants.Select(v => v.Script.Topology.Devices.Items.Single().Value.Vfs), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(variants.Select(v => v.Script.Topology.Devices.Items.Single().Value.Model), Is.All.EqualTo(DeviceModel.Mlx5));
    }

    [Test]
    public void A_preset_lies_under_the_script_that_names_it()
    {
        var script = Scripts.Read(Scripts.With("actors:",
            "platform: { errors: silent, failed_load: machine-check }\nregisters: { functions: { Command.SERR# Enable: 1 } }\nactors:"))
            .Variants[0].Script;
        var functions = script.Registers.Find("functions")!.Value;
        Assert.That(functions.Find("Command.SERR# Enable")!.Value, Is.EqualTo(1), "the script's own value wins");
        Assert.That(functions.Find("Device Control.Unsupported Request Reporting Enable")!.Value, Is.Zero);
        Assert.That(script.Platform.FailedLoad, Is.EqualTo(FailedLoad.MachineCheck));
    }

    [TestCase("as-of-2021", KernelWording.Linux516, RevokePolicy.None, Uapi.V1, SpaceKind.Type1, StopOrder.Sequential)]
    [TestCase("as-of-today", KernelWording.Linux616, RevokePolicy.None, Uapi.V2, SpaceKind.Iommufd, StopOrder.TwoPhase)]
    [TestCase("revoke-on-not-running", KernelWording.Linux616, RevokePolicy.Revoke, Uapi.V2, SpaceKind.Iommufd, StopOrder.TwoPhase)]
    [TestCase("zap-but-read-write", KernelWording.Linux616, RevokePolicy.Zap, Uapi.V2, SpaceKind.Iommufd, StopOrder.TwoPhase)]
    [TestCase("fence-all", KernelWording.Linux616, RevokePolicy.Fence, Uapi.V2, SpaceKind.Iommufd, StopOrder.TwoPhase)]
    [TestCase("fence-where-harmful", KernelWording.Linux616, RevokePolicy.FenceWhereNeeded, Uapi.V2, SpaceKind.Iommufd, StopOrder.TwoPhase)]
    public void A_kernel_policy_stands_for_single_policies(
        string policy, KernelWording release, RevokePolicy revoke, Uapi uapi, SpaceKind space, StopOrder order)
    {
        var script = Scripts.Read(Scripts.With("actors:", $"kernel: {{ policy: {policy} }}\nactors:")).Variants[0].Script;
        Assert.That((script.Kernel.Release, script.Kernel.Revoke, script.Vmm.Uapi, script.Vmm.Space, script.Vmm.StopOrder),
            Is.EqualTo((release, revoke, uapi, space, order)));
        Assert.That(script.Kernel.DisabledMemory, Is.EqualTo(DisabledMemory.Zap));
    }

    [Test]
    public void Every_kernel_policy_has_its_case_and_a_key_of_the_script_wins_over_it()
    {
        Assert.That(Presets.KernelNames, Is.EqualTo(new[]
        {
            "as-of-2021", "as-of-today", "revoke-on-not-running", "zap-but-read-write", "fence-all", "fence-where-harmful",
        }));
        var script = Scripts.Read(Scripts.With("actors:", "kernel: { policy: fence-all, revoke: zap }\nactors:")).Variants[0].Script;
        Assert.That(script.Kernel.Revoke, Is.EqualTo(RevokePolicy.Zap));
    }

    [TestCaseSource(typeof(Presets), nameof(Presets.PlatformNames))]
    public void Every_preset_is_a_piece_of_script(string preset) =>
        Assert.DoesNotThrow(() => Scripts.Read(Scripts.With("actors:", $"platform: {{ errors: {preset} }}\nactors:")));

    [Test]
    public void The_seed_of_the_command_line_wins() =>
        Assert.That(ScriptReader.Read("x.yaml", Scripts.Small + "\nseed: 7\n", 9).Variants[0].Seed, Is.EqualTo(9));

    [TestCase("0", 0, true)]
    [TestCase("0", 1, false)]
    [TestCase(">= 1", 1, true)]
    [TestCase(">= 1", 0, false)]
    [TestCase("> 1", 1, false)]
    [TestCase("< 5", 5, false)]
    [TestCase("<= 5", 5, true)]
    [TestCase("2..4", 4, true)]
    [TestCase("2..4", 5, false)]
    public void A_comparison_holds_for_its_range_only(string written, long value, bool holds) =>
        Assert.That(Comparison.Parse(written)!.Value.Holds(value), Is.EqualTo(holds));

    [TestCase("4..2")]
    [TestCase(">=")]
    [TestCase("x")]
    public void A_comparison_that_is_none_is_refused(string written) => Assert.That(Comparison.Parse(written), Is.Null);

    [Test]
    public void The_schema_knows_every_key_that_the_reader_knows()
    {
        using var schema = JsonDocument.Parse(JsonSchema.Text());
        var root = schema.RootElement;
        Assert.That(root.GetProperty("properties").EnumerateObject().Select(p => p.Name),
            Is.EquivalentTo(ScriptShape.Of(typeof(Script)).Keys.Select(k => k.Name)));
        var definitions = root.GetProperty("$defs");
        Type[] types = [typeof(Topology), typeof(SwitchItem), typeof(DeviceItem), typeof(Platform), typeof(Expectation), typeof(Actor)];
        foreach (var type in types)
            Assert.That(definitions.GetProperty(type.Name).GetProperty("properties").EnumerateObject().Select(p => p.Name),
                Is.EquivalentTo(ScriptShape.Of(type).Keys.Select(k => k.Name)), type.Name);
        Assert.That(definitions.GetProperty("TimelineEntry").GetProperty("oneOf").EnumerateArray()
            .Select(e => e.GetProperty("properties").GetProperty("do").GetProperty("const").GetString()),
            Is.EqualTo(ScriptShape.Of(typeof(TimelineEntry)).Choices.Select(c => c.Word)));
    }

    [Test]
    public void The_schema_asks_nothing_of_a_matrix_value()
    {
        using var schema = JsonDocument.Parse(JsonSchema.Text());
        var definitions = schema.RootElement.GetProperty("$defs").EnumerateObject();
        foreach (var part in definitions.Where(d => d.Name.EndsWith("Part", StringComparison.Ordinal)))
            Assert.That(part.Value.TryGetProperty("required", out _), Is.False, part.Name);
    }
}
