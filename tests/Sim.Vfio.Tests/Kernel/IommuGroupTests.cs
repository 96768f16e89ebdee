using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;
using Sim.Pcie.Topology;
using Sim.Vfio.Kernel;

namespace Sim.Vfio.Tests.Kernel;

/// <summary>IOMMU groups by topology and ACS, a case for each way in which isolation can be there or missing.</summary>
public class IommuGroupTests
{
    private const AcsFeatures Full = AcsFeatures.SourceValidation | AcsFeatures.TranslationBlocking | AcsFeatures.RequestRedirect
        | AcsFeatures.CompletionRedirect | AcsFeatures.UpstreamForwarding;

    [Test]
    public void A_device_below_a_Root_Port_without_ACS_shares_the_port_s_group()
    {
        var groups = Groups(rootAcs: null, switchAcs: Full, enable: true);
        Assert.That(groups, Is.EqualTo(new[] { "rp0 up p0 dev0 p1 dev1", "rp1 dev2" }));
    }

    [Test]
    public void ACS_that_nobody_enabled_isolates_nothing() =>
        Assert.That(Groups(Full, Full, enable: false), Is.EqualTo(new[] { "rp0 up p0 dev0 p1 dev1", "rp1 dev2" }));

    [Test]
    public void With_ACS_all_the_way_every_device_is_alone() =>
        Assert.That(Groups(Full, Full, enable: true), Is.EqualTo(new[] { "rp0", "up", "p0", "dev0", "p1", "dev1", "rp1", "dev2" }));

    [Test]
    public void A_Downstream_Port_without_ACS_takes_what_is_below_it_into_its_group() =>
        Assert.That(Groups(Full, null, enable: true), Is.EqualTo(new[] { "rp0", "up", "p0 dev0", "p1 dev1", "rp1", "dev2" }));

    [TestCase(AcsFeatures.SourceValidation)]
    [TestCase(AcsFeatures.RequestRedirect)]
    [TestCase(AcsFeatures.CompletionRedirect)]
    [TestCase(AcsFeatures.UpstreamForwarding)]
    public void Each_of_the_four_mechanisms_is_needed_where_it_is_implemented(AcsFeatures disabled)
    {
        var groups = Groups(Full, Full, enable: true, disabled: disabled);
        Assert.That(groups, Is.EqualTo(new[] { "rp0", "up", "p0 dev0", "p1", "dev1", "rp1", "dev2" }));
    }

    [Test]
    public void Translation_Blocking_is_not_needed_and_what_is_not_implemented_is_not_missed()
    {
        Assert.That(Groups(Full, Full, enable: true, disabled: AcsFeatures.TranslationBlocking), Has.Member("dev0"));
        Assert.That(Groups(Full, AcsFeatures.SourceValidation, enable: true), Has.Member("dev0"));
    }

    [Test]
    public void Functions_of_a_device_share_a_group_unless_they_isolate_and_VFs_are_alone()
    {
        Assert.That(Groups(Full, Full, enable: true, functions: 2), Has.Member("dev2 dev2f1"));
        Assert.That(Groups(Full, Full, enable: true, functions: 2, functionAcs: Full), Has.Member("dev2").And.Member("dev2f1"));
        Assert.That(Groups(Full, Full, enable: true, functions: 2, functionAcs: Full, vfs: 2),
            Has.Member("vf0").And.Member("vf1").And.Member("dev2"));
    }

    /// <summary>A switch with two devices below rp0, a device below rp1; each group as the names of its Functions.</summary>
    private static List<string> Groups(
        AcsFeatures? rootAcs, AcsFeatures? switchAcs, bool enable, AcsFeatures disabled = AcsFeatures.None,
        int functions = 1, AcsFeatures? functionAcs = null, int vfs = 0)
    {
        var sim = new Simulator();
        var root = new RootComplex(sim);
        var options = new RootPortOptions { Acs = rootAcs is not null, AcsSupported = rootAcs ?? AcsFeatures.None };
        var (rp0, rp1) = (root.AddRootPort("rp0", options), root.AddRootPort("rp1", options));
        var sw = new Switch(sim, "sw", 2, new SwitchOptions
        {
            Acs = switchAcs is not null,
            Down = new SwitchPortOptions { AcsSupported = switchAcs ?? AcsFeatures.None },
        });
        Link.Connect(rp0, sw.Upstream, LinkSpeed.Gen4, LinkWidth.X4);
        var names = new Dictionary<Function, string>
        {
            [rp0.Function] = "rp0",
            [rp1.Function] = "rp1",
            [sw.Upstream.Function] = "up",
            [sw.Downstream[0].Function] = "p0",
            [sw.Downstream[1].Function] = "p1",
        };
        for (var i = 0; i < 3; i++)
        {
            var device = new PcieDevice(sim, $"dev{i}");
            for (var f = 0; f < (i == 2 ? functions : 1); f++)
            {
                var name = f == 0 ? $"dev{i}" : $"dev{i}f{f}";
                var multi = TrafficFunction.Options(i == 2 && f == 0 ? vfs : 0);
                multi = multi with { Identity = multi.Identity with { MultiFunction = i == 2 && functions > 1 }, FirstVfOffset = 8 };
                var layout = EndpointTemplates.PhysicalFunction(name, multi);
                if (i == 2 && functionAcs is { } acs) AcsCapability.Add(layout.Config, 0x800, acs);
                var pf = new TrafficFunction(sim, name, layout);
                device.Add(pf, f);
                names.Add(pf, name);
                for (var v = 0; v < multi.TotalVfs; v++)
                {
                    var vf = new TrafficFunction(sim, $"vf{v}", EndpointTemplates.VirtualFunction($"vf{v}", multi, pf, v));
                    device.Add(vf, 8 + v);
                    names.Add(vf, $"vf{v}");
                }
            }

            Link.Connect(i < 2 ? sw.Downstream[i] : rp1, device, LinkSpeed.Gen4, LinkWidth.X4);
        }

        List<string> result = [];
        var done = sim.Start("groups", async () =>
        {
            var tree = await Enumerator.EnumerateAsync(root);
            if (vfs > 0)
            {
                var pf = tree.SelectMany(f => f.Subtree()).Single(f => f.Id == names.Single(n => n.Value == "dev2").Key.Id);
                await Enumerator.EnableVfsAsync(root, pf, vfs);
            }

            if (enable) await IommuGroups.EnableAcsAsync(root, tree);
            if (disabled != AcsFeatures.None)
            {
                var port = tree.SelectMany(f => f.Subtree()).Single(f => f.Id == sw.Downstream[0].Function.Id);
                var at = port.ExtendedCapabilities[0x0D] + 6;
                var control = (await root.ConfigReadAsync(port.Id, at, 2)).Value;
                await root.ConfigWriteAsync(port.Id, at, 2, control & ~(uint)disabled);
            }

            var groups = await IommuGroups.DeriveAsync(root, tree);
            result.AddRange(groups.Groups.Select(g => string.Join(" ", g.Select(f => names.Single(n => n.Key.Id == f.Id).Value))));
            Assert.That(groups[rp0.Function.Id], Is.Zero);
        });
        sim.Run();
        Assert.That(done.IsCompletedSuccessfully, Is.True, done.Exception?.ToString());
        return result;
    }
}
