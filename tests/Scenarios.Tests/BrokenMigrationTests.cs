using Scenarios.Language;
using Scenarios.Model;

namespace Scenarios.Tests;

/// <summary>A script that migrates, broken at one place: guests, the VMM's keys, migration verbs, kernels and destinations.</summary>
internal sealed class BrokenMigrationTests
{
    private const string Text = """
        title: A guest migrates
        topology:
          root_ports: { rp0: { link: gen4 x16 }, rp1: { link: gen4 x16 } }
          devices: { nic: { model: plain, at: rp0, link: gen4 x8, vfs: 2 } }
        iommu: { scalable: true }
        kernel: { revoke: none }
        vmm: { guest_memory: 1MiB, stop_window: 40us }
        destination: { topology: { devices: { nic: { at: rp1 } } } }
        actors: { guest: { kind: guest, maps: nic.vf0 }, user: { kind: process, maps: nic.vf1 } }
        timeline:
          - { at: 10us, do: work, by: guest, times: 10 }
          - { at: 20us, do: set-state, of: nic.vf1, to: [STOP, RUNNING] }
          - { at: 30us, do: migrate, of: nic.vf0 }
        expect:
          - migration: intact
        """;

    private static readonly object[] Broken =
    [
        // Every key of the VMM.
        Case("guest_memory: 1MiB", "guest_memory: 1000B", "7:22: a guest of 1000B; expected a multiple of 4KiB, up to 256MiB"),
        Case("guest_memory: 1MiB", "guest_memory: 0B", "7:22: a guest of 0B; expected a multiple of 4KiB"),
        Case("guest_memory: 1MiB", "guest_memory: 1GiB", "7:22: a guest of 1GiB; expected a multiple of 4KiB, up to 256MiB"),
        Case("guest_memory: 1MiB", "guest_memory: lots", "7:22: 'guest_memory' is 'lots'; expected a size with its unit"),
        Case("stop_window: 40us", "stop_window: -1us", "7:41: 'stop_window' is '-1us'; expected a time with its unit"),
        Case("stop_window: 40us", "stop_order: parallel", "7:40: 'stop_order' is 'parallel'; expected one of two-phase, sequential"),
        Case("stop_window: 40us", "resume_order: tow-phase", "7:42: 'resume_order' is 'tow-phase' (did you mean 'two-phase'?)"),
        Case("stop_window: 40us", "several_devices: two", "7:45: 'several_devices' is 'two'; expected one of with-p2p, never, always"),
        Case("stop_window: 40us", "map_peers: yes", "7:39: 'map_peers' is 'yes'; expected true or false"),
        Case("stop_window: 40us", "space: type2", "7:35: 'space' is 'type2' (did you mean 'type1'?); expected one of iommufd, type1"),
        Case("stop_window: 40us", "uapi: v3", "7:34: 'uapi' is 'v3' (did you mean 'v2'?); expected one of v2, v1, v1-lazy"),
        Case("stop_window: 40us", "irqs: later", "7:34: 'irqs' is 'later'; expected one of after-load, before-load"),
        Case("stop_window: 40us", "tracker: cpu", "7:37: 'tracker' is 'cpu'; expected one of iommu, device, both"),
        Case("stop_window: 40us", "device_pre_copy: 1", "7:45: 'device_pre_copy' is '1'; expected true or false"),
        Case("stop_window: 40us", "rounds: 1001", "7:36: 'rounds' is '1001'; expected 0 to 1000"),
        Case("stop_window: 40us", "bandwidth: 0B", "7:39: a bandwidth of 0B; expected a size like 1GiB"),
        Case("stop_window: 40us", "bandwidth: 1Gb", "7:39: 'bandwidth' is '1Gb'; expected a size with its unit"),
        Case("stop_window: 40us", "downtime_limit: 1ms", "7:44: a limit of what takes no time; expected 'bandwidth', too"),
        Case("stop_window: 40us", "vcpus_stop: never", "7:40: 'vcpus_stop' is 'never'; expected one of before-device, after-device"),
        Case("stop_window: 40us", "stop_windw: 40us", "7:28: unknown key 'stop_windw' in 'vmm' (did you mean 'stop_window'?)"),

        // Guests and verbs.
        Case("user: { kind: process", "user: { kind: guest", "9:50: 'user' is a second guest; expected one guest on a host"),
        Case("maps: nic.vf1 }", "maps: nic.vf1, peers: [nic.vf0] }", "9:95: 'user' is no guest; expected 'peers' of a guest only"),
        Case("do: migrate, of: nic.vf0", "do: migrate, of: nic.vf1", "13:34: 'guest' does not have nic.vf1"),
        Case("do: migrate, of: nic.vf0", "do: migrate, of: nic.vf2", "13:34: 'nic' has 2 VFs; expected nic.vf0 to nic.vf1"),
        Case("do: migrate, of: nic.vf0", "do: migrate, of: nic.vf0, times: 2", "13:50: a guest leaves once; expected no 'times'"),
        Case("do: migrate, of: nic.vf0", "do: migrate", "13:5: an entry of 'timeline' says no 'of'"),
        Case("guest: { kind: guest", "guest: { kind: process", "11:31: 'guest' is no guest, and has no driver; expected an actor"),
        Case("guest: { kind: guest", "guest: { kind: process", "13:34: nobody's guest has nic.vf0; expected an actor of 'kind: guest'"),
        Case("by: guest", "by: user", "11:31: 'user' is no guest, and has no driver; expected an actor of 'kind: guest'"),
        Case("of: nic.vf1, to", "of: nic, to", "12:36: nobody has opened nic; expected a Function that an actor maps"),
        Case("of: nic.vf1, to", "of: nic, to", "12:36: 'nic' is a PF, which has no migration states; expected a VF, like nic.vf0"),
        Case("[STOP, RUNNING]", "[]", "12:49: no state; expected one of them, or a list"),
        Case("[STOP, RUNNING]", "STOPPED", "12:49: 'to' is 'STOPPED'"),
        Case("scalable: true", "scalable: false", "5:20: the IOMMU tracks dirty pages in scalable mode only"),
        Case("at: 30us", "at: paused + 1us", "13:11: 'at' is 'paused + 1us'; expected a time like 30us, or a point of the migration"),

        // Kernels and destinations.
        Case("revoke: none", "policy: as-of-2020", "6:19: unknown kernel policy 'as-of-2020' (did you mean 'as-of-2021'?)"),
        Case("revoke: none", "release: linux-5.17", "6:20: 'release' is 'linux-5.17' (did you mean 'linux-5.16'?)"),
        Case("{ at: rp1 } } } }", "{ at: rp2 } } } }", "8:50: no port is called 'rp2' (did you mean 'rp0'?)"),
        Case("{ at: rp1 } } } }", "{ vfs: 1 } } } }", "9:79: 'nic' has 1 VFs; expected nic.vf0 to nic.vf0"),
        Case("{ at: rp1 } } } }", "{ model: passive } } } }", "8:53: 'nic' is plain at the source; expected the same model"),
        Case("destination: { topology:", "destination: { vmm: { rounds: 2 }, topology:",
            "8:16: 'vmm' cannot differ at the destination; expected one of topology, registers, platform, iommu, kernel"),
        Case("destination: { topology: { devices: { nic: { at: rp1 } } } }", "destination: rp1",
            "8:14: 'destination' is 'rp1'; expected a mapping that is laid over the script"),
    ];

    [TestCaseSource(nameof(Broken))]
    public void A_break_is_named_where_it_is(string old, string broken, string complaint)
    {
        Assert.That(Text.Split(old), Has.Length.EqualTo(2), $"the text contains '{old}' once");
        var errors = Assert.Throws<ScriptException>(() => ScriptReader.Read("x.yaml", Text.Replace(old, broken)))!.Errors;
        Assert.That(errors.Select(e => e.ToString()), Has.Some.StartsWith($"x.yaml:{complaint}"));
        Assert.That(errors.Select(e => e.ToString()), Has.All.Matches(@"^x\.yaml:\d+:\d+: [^\n]*(; expected [^\n]+)$"));
    }

    [Test]
    public void Unbroken_it_is_a_script() => Assert.That(ScriptReader.Read("x.yaml", Text).Variants, Has.Count.EqualTo(1));

    [Test]
    public void Every_key_of_the_VMM_is_broken_here()
    {
        var broken = Broken.Cast<object[]>().Select(b => ((string)b[1]).Split(':')[0]).ToHashSet();
        var keys = ScriptShape.Of(typeof(Vmm)).Keys.Select(k => k.Name);
        Assert.That(keys, Is.SubsetOf(broken));
    }

    private static object[] Case(string old, string broken, string complaint) => [old, broken, complaint];
}
