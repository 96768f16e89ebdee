using Scenarios.Results;

namespace Scenarios.Tests.Shipped;

/// <summary>
/// One register, policy or line decides each verdict: with it changed, verdict and reason change, and the script's expectations fail.
/// </summary>
internal sealed class DecidingLineTests
{
    private const string Main = "mmio-to-stopped-vf";

    private static readonly (HostIntegrity, MigrationIntegrity) Fine = (HostIntegrity.Intact, MigrationIntegrity.Intact);
    private static readonly (HostIntegrity, MigrationIntegrity) Reported = (HostIntegrity.Logged, MigrationIntegrity.Intact);
    private static readonly (HostIntegrity, MigrationIntegrity) Unloaded = (HostIntegrity.Contained, MigrationIntegrity.Intact);
    private static readonly (HostIntegrity, MigrationIntegrity) Harmed = (HostIntegrity.Intact, MigrationIntegrity.Lost);
    private static readonly (HostIntegrity, MigrationIntegrity) Reset = (HostIntegrity.Contained, MigrationIntegrity.Lost);
    private static readonly (HostIntegrity, MigrationIntegrity) ReportedAndLost = (HostIntegrity.Logged, MigrationIntegrity.Lost);
    private static readonly (HostIntegrity, MigrationIntegrity) Down = (HostIntegrity.Lost, MigrationIntegrity.Lost);

    // Nothing migrates.
    private static readonly (HostIntegrity, MigrationIntegrity) Alone = (HostIntegrity.Intact, MigrationIntegrity.None);
    private static readonly (HostIntegrity, MigrationIntegrity) AloneReported = (HostIntegrity.Logged, MigrationIntegrity.None);
    private static readonly (HostIntegrity, MigrationIntegrity) AloneContained = (HostIntegrity.Contained, MigrationIntegrity.None);
    private static readonly (HostIntegrity, MigrationIntegrity) AloneDown = (HostIntegrity.Lost, MigrationIntegrity.None);

    private static readonly object[] Verdicts =
    [
        Flip("a mask before containment", "containment-at-root-or-switch", "switch", "switch: { registers: { root-ports",
            "switch: { registers: { functions: { Uncorrectable Error Mask.Malformed TLP Mask: 1 }, root-ports", AloneContained,
            Alone, "Malformed TLP Mask=1"),
        Flip("a device's policy", Main, "mlx5 / native-aer / today", "nic: { model: mlx5 }",
            "nic: { model: mlx5, stopped_store: unsupported-request }", Fine,
            Reported, "Root Error Command.Non-Fatal Error Reporting Enable=1"),
        Flip("a reporting enable, set", Main, "ur-without-aer / silent / today", "errors: silent }",
            "errors: silent }, registers: { functions: { Device Control.Unsupported Request Reporting Enable: 1 } }",
            Fine, Reported, "Non-Fatal Error Reporting Enable=1"),
        Flip("SERR#, set", Main, "ur-with-aer / silent / today", "errors: silent }",
            "errors: silent }, registers: { functions: { Command.SERR# Enable: 1 } }",
            Fine, Unloaded, "Non-Fatal Error Reporting Enable=1"),
        Flip("reporting enables, cleared", Main, "ur-without-aer / native-aer / today", "native-aer: { platform: { errors: native-aer }",
            "native-aer: { registers: { functions: { Device Control.Unsupported Request Reporting Enable: 0, Command.SERR# Enable: 0 } }, "
            + "platform: { errors: native-aer }", Reported,
            Fine, "Unsupported Request Reporting Enable=0"),
        Flip("a mask", Main, "ur-with-aer / native-aer / today", "native-aer: { platform: { errors: native-aer }",
            "native-aer: { registers: { functions: { Uncorrectable Error Mask.Unsupported Request Error Mask: 1 } }, "
            + "platform: { errors: native-aer }", Unloaded,
            Fine, "Unsupported Request Error Mask=1"),
        Flip("a severity", Main, "ur-with-aer / native-aer / today", "native-aer: { platform: { errors: native-aer }",
            "native-aer: { registers: { functions: { Uncorrectable Error Severity.Unsupported Request Error Severity: 1 } }, "
            + "platform: { errors: native-aer }", Unloaded,
            Reset, "Root Error Command.Fatal Error Reporting Enable=1"),
        Flip("the DPC trigger", Main, "ur-without-aer / native-aer-dpc / today", "errors: native-aer-dpc }",
            "errors: native-aer-dpc }, registers: { root-ports: { DPC Control.DPC Trigger Enable: 1 } }",
            Reset, Reported, "Root Error Command.Non-Fatal Error Reporting Enable=1"),
        Flip("what firmware reports", Main, "ur-with-aer / firmware-first / today", "errors: firmware-first }",
            "errors: firmware-first, firmware_nonfatal: corrected }", Down, Reported,
            "Kernel panic"),
        Flip("the Root Port's system error", Main, "ur-without-aer / firmware-first / today", "errors: firmware-first }",
            "errors: firmware-first }, registers: { root-ports: { Root Control.System Error on Non-Fatal Error Enable: 0 } }",
            Down, Reported, "Non-Fatal Error Reporting Enable=0"),
        Flip("a fence", Main, "harmed / silent / today", "stopped_store: unfenced", "stopped_store: discard",
            Harmed, Fine, "3 MWr without effect"),
        Flip("a doorbell that restarts", Main, "dma-queue / native-aer / today", "stopped_store: restart", "stopped_store: discard",
            Harmed, Fine, "3 MWr without effect"),
        Flip("a lazy unmap", "unmap-without-invalidation", "lazy", "strict: false", "strict: true",
            (HostIntegrity.Lost, MigrationIntegrity.None), (HostIntegrity.Intact, MigrationIntegrity.None), "that is not its user's"),
        Flip("the zap", Main, "harmed / silent / zap", "revoke: zap", "revoke: none",
            Fine, Harmed, "device state tail"),
        Flip("a stopped device's answer to a peer", "peer-write-to-stopped-device", "refuses / native-aer",
            "stopped_store: unsupported-request", "stopped_store: discard", ReportedAndLost, Harmed, "Non-Fatal Error Reporting Enable=1"),
        Flip("a sloppy VMM's order", "segfault-on-mmio", "vcpus-run-on / zap", "vcpus_stop: after-device", "vcpus_stop: before-device",
            Harmed, Fine, "nobody touched the device"),
        Flip("mappings of disabled memory", "vf-memory-enable", "pf / today", "today: {}",
            "today: { kernel: { disabled_memory: open } }", Alone, AloneReported, "SIGBUS"),
        Flip("mappings during a reset", "mmio-races-reset", "before-5.8 / native-aer", "disabled_memory: open", "disabled_memory: zap",
            AloneReported, Alone, "AER interrupt"),
        Flip("who owns the errors of a reset", "mmio-races-reset", "before-5.8 / firmware-first", "errors: firmware-first",
            "errors: native-aer", AloneDown, AloneReported, "Kernel panic"),
        Flip("who owns the timeouts behind a held write", "a-finite-buffer-under-p2p", "holds", "errors: native-aer",
            "errors: firmware-first", AloneContained, AloneDown, "Kernel panic"),
    ];

    private static readonly object[] Lines =
    [
        new object[] { "dma-refused-by-iommu", "write-read-only / scalable", "access: read }", "access: read-write }" },
        new object[] { "interrupt-remapping-blocks", "on", "\"on\": {}", "\"on\": { iommu: { remap_interrupts: false } }" },
        new object[] { "dirty-tracking-needs-flush", "forgets / small", "flush_dirty: false", "flush_dirty: true" },
        new object[] { "revoke-reaches-peers", "revoke / iommufd", "{ revoke: revoke }", "{ revoke: zap }" },
        new object[] { "control-registers-in-the-same-bar", "image / switch",
            "switch: { registers: { switch-ports: { ACS Control.ACS P2P Request Redirect Enable: 0",
            "switch: { registers: { switch-ports: { ACS Control.ACS P2P Request Redirect Enable: 1" },
        new object[] { "control-registers-in-the-same-bar", "resume / other-root-port", "at: rp1 }", "at: sw0.p1 }" },
        new object[] { "destination-is-another-machine", "streams / other-ports", "nic: { at: rp2 }", "nic: { at: sw0.p0 }" },
        new object[] { "destination-is-another-machine", "works / same", "stop_window: 40us", "stop_window: 40us, irqs: before-load" },
        new object[] { "hot-add-to-p2p-container", "iommufd / mapped", "in: user, of: late }", "in: user, of: late.vf0 }" },
        new object[] { "iommu-window", "16MiB / on", "walkers: 6", "walkers: 12" },
        new object[] { "stopped-mlx5-sends-no-error", "native-aer / mlx5", "stopped_store: discard", "stopped_store: completer-abort" },
        new object[] { "stopped-mlx5-sends-no-error", "native-aer / mlx5", "stopped_load: garbage", "stopped_load: completer-abort" },
        new object[] { "what-a-health-poll-sees", "all-ones", "stopped_load: all-ones", "stopped_load: stale" },
        new object[] { "what-a-health-poll-sees", "stale", "stopped_load: stale", "stopped_load: all-ones" },
        new object[] { "ur-ends-as-registers-say", "posted / without-aer / urre / firmware-first",
            "urre: { registers: { nic: { Device Control.Unsupported Request Reporting Enable: 1",
            "urre: { registers: { nic: { Device Control.Unsupported Request Reporting Enable: 0" },
        new object[] { "ur-ends-as-registers-say", "posted / with-aer / none / native-aer-dpc",
            "none: { registers: { nic: { Device Control.Unsupported Request Reporting Enable: 0, Command.SERR# Enable: 0",
            "none: { registers: { nic: { Device Control.Unsupported Request Reporting Enable: 0, Command.SERR# Enable: 1" },
        new object[] { "ur-ends-as-registers-say", "non-posted / with-aer / both / firmware-first",
            "do: load, by: intruder, from: nic.vf0.identity", "do: store, by: intruder, to: nic.vf0.doorbell" },
        new object[] { "ur-severity-and-mask", "non-posted / with-aer / fatal / dpc-on-fatal", "Request Error Severity: 1",
            "Request Error Severity: 0" },
        new object[] { "ur-severity-and-mask", "posted / with-aer / masked / native-aer", "Request Error Mask: 1",
            "Request Error Mask: 0" },
        new object[] { "ur-severity-and-mask", "posted / without-aer / masked / native-aer", "vf_aer: false", "vf_aer: true" },
        new object[] { "clean-log-with-ur-on-the-wire", "off", "errors: silent", "errors: native-aer" },
        new object[] { "user-mmap-needs-no-p2p", "today", "revoke: none", "revoke: zap" },
        new object[] { "segfault-on-mmio", "touches-mapping / zap", "revoke: zap", "revoke: none" },
        new object[] { "doorbell-restarts-stopped-device", "restarts", "stopped_store: restart", "stopped_store: unfenced" },
        new object[] { "doorbell-restarts-stopped-device", "restarts", "at: saved + 1us", "at: 41us" },
        new object[] { "blast-radius", "with-aer / native-aer", "vf_aer: true", "vf_aer: false" },
        new object[]
        {
            "blast-radius", "without-aer / firmware-recovers", "firmware_nonfatal: recoverable", "firmware_nonfatal: corrected",
        },
        new object[]
        {
            "peer-write-to-stopped-device", "sinks / native-aer", "stopped_store: discard", "stopped_store: unsupported-request",
        },
        new object[] { "peer-write-to-stopped-device", "refuses / silent", "stop_order: sequential", "stop_order: two-phase" },
        new object[] { "paths-under-each-revoke", "zap", "policy: zap-but-read-write", "policy: fence-all" },
        new object[] { "paths-under-each-revoke", "fence", "policy: fence-all", "policy: as-of-today" },
        new object[] { "one-device-or-no-peer-mapping", "p2p-states", "stop_order: two-phase", "stop_order: sequential" },
        new object[] { "one-device-or-no-peer-mapping", "peers-not-mapped", "map_peers: false", "map_peers: true" },
        new object[] { "one-device-or-no-peer-mapping", "one-device-only", "several_devices: never", "several_devices: with-p2p" },
        new object[] { "without-a-peer-bar-sequential-is-safe", "streaming", "stop_order: sequential", "stop_order: two-phase" },
        new object[] { "snapshot-or-freeze", "snapshot", "nic: { model: snapshot", "nic: { model: passive" },
        new object[] { "snapshot-or-freeze", "fenced-freeze", "nic: { model: plain }", "nic: { model: plain, stopped_store: unfenced }" },
        new object[] { "where-a-freeze-failure-shows", "v1-lazy / fails", "vmm: { uapi: v1-lazy", "vmm: { uapi: v1" },
        new object[] { "where-a-freeze-failure-shows", "v2 / fails", "fails: suspend-responder", "fails: save" },
        new object[] { "one-device-every-policy", "mlx5 / rude", "{ model: mlx5,", "{ model: mlx5, stopped_store: unsupported-request," },
        new object[] { "one-device-every-policy", "unfenced / rude", "stopped_store: unfenced", "stopped_store: discard" },
        new object[] { "a-queue-cannot-promise-no-dma", "large-fifo", "fifo: 64", "fifo: 32" },
        new object[] { "a-queue-cannot-promise-no-dma", "queue", "stopped_store: restart", "stopped_store: discard" },
        new object[] { "a-finite-buffer-under-p2p", "drops", "\n  - { at: 30us, do: set-state, of: sink.vf0, to: RUNNING_P2P }",
            "\n  - { at: 30us, do: set-state, of: sink.vf0, to: RUNNING }" },
        new object[] { "a-finite-buffer-under-p2p", "holds-in-time", "full: hold-in-time", "full: drop" },
        new object[] { "interrupts-before-or-after-the-load", "after", "irqs: after-load", "irqs: before-load" },
        new object[] { "configuration-space-in-every-state", "snapshot", "to: RESUMING }", "to: STOP }" },
        new object[] { "reset-returns-to-running", "STOP / tells", "reset_done: true", "reset_done: false" },
        new object[] { "every-path-in-every-state", "fence", "policy: fence-all", "policy: revoke-on-not-running" },
        new object[] { "every-path-in-every-state", "today", "at: 600us, do: set-state, of: nic.vf0, to: PRE_COPY_P2P",
            "at: 600us, do: set-state, of: nic.vf0, to: STOP_COPY" },
        new object[] { "every-path-in-error", "zap", "hangs: true", "hangs: false" },
        new object[] { "every-path-in-error", "fence", "policy: fence-all", "policy: as-of-today" },
        new object[] { "fence-where-harmful-or-everywhere", "mlx5 / where-needed / looks", "fence-where-needed", "fence" },
        new object[] { "fence-where-harmful-or-everywhere", "unfenced / where-needed / stores", "fence-where-needed", "none" },
        new object[] { "peer-to-peer-across-stops", "two-phase / one-adapter", "stop_order: two-phase", "stop_order: sequential" },
        new object[] { "peer-to-peer-across-stops", "sequential / two-adapters", "stop_order: sequential", "stop_order: two-phase" },
        new object[] { "frozen-peer-loses-writes", "first", "stop_order: sequential", "stop_order: two-phase" },
        new object[] { "frozen-peer-loses-writes", "first", "stopped_store: discard", "stopped_store: unsupported-request" },
        new object[] { "resume-needs-p2p-too", "direct", "resume_order: sequential", "resume_order: two-phase" },
        new object[] { "bus-master-or-suspend", "bus-master", "bytes: 2B, value: 0 }", "bytes: 2B, value: 4 }" },
        new object[] { "hostile-accesses", "as-reported", "stopped_store: discard", "stopped_store: unsupported-request" },
        new object[] { "interrupts-wait-for-running", "hold", "suspended_interrupt: hold", "suspended_interrupt: send" },
        new object[] { "interrupts-wait-for-running", "send", "at: 50us", "at: 65us" },
        new object[] { "mlx5-migrates-under-load", "device / with", "rounds: 3", "rounds: 1" },
        new object[] { "link-efficiency", "the run", "rp0: { link: gen3 x8, profile: published-baseline }", "rp0: { link: gen3 x8 }" },
        new object[] { "link-efficiency", "the run", "of: reads, pattern: read, outstanding: 64",
            "of: reads, pattern: read, outstanding: 8" },
        new object[] { "acs-and-root-decide-the-path", "redirect / forward", "[source-validation, request-redirect]", "source-validation" },
        new object[] { "acs-and-root-decide-the-path", "direct / refuse", "peer_to_peer: unsupported-request", "peer_to_peer: forward" },
        new object[] { "acs-and-root-decide-the-path", "blocked / forward", "blocks: sw.b", "blocks: []" },
        new object[] { "iommu-groups-follow-acs", "isolate", "kernel: { acs: isolate }", "kernel: { acs: no-redirect }" },
        new object[] { "iommu-groups-follow-acs", "port-without-acs", "acs: absent",
            "acs: [source-validation, request-redirect, completion-redirect, upstream-forwarding]" },
        new object[] { "containment-at-root-or-switch", "switch", "switch-ports: { DPC Control.DPC Trigger Enable: 1 } } }\n    both",
            "switch-ports: { DPC Control.DPC Trigger Enable: 0 } } }\n    both" },
        new object[] { "containment-at-root-or-switch", "root",
            "root-ports: { DPC Control.DPC Trigger Enable: 1 }, switch-ports: { DPC Control.DPC Trigger Enable: 0 }",
            "root-ports: { DPC Control.DPC Trigger Enable: 0 }, switch-ports: { DPC Control.DPC Trigger Enable: 0 }" },
        new object[] { "every-aer-error", "malformed-tlp / on", "on: sw.a, error: malformed-tlp }", "on: sw.a, error: bad-tlp }" },
        new object[] { "every-aer-error", "bad-tlp / off", "Device Control.Correctable Error Reporting Enable: 0",
            "Device Control.Correctable Error Reporting Enable: 1" },
        new object[] { "errors-of-an-aer-inject-file", "masked", "Malformed TLP Mask: 1 }", "Malformed TLP Mask: 0 }" },
        new object[] { "link-faults-and-what-they-report", "lost-ack", "fault: lost-ack, towards", "fault: bad-dllp, towards" },
        new object[] { "peer-writes-race-reset", "type1", "kernel: type1", "kernel: iommufd" },
        new object[] { Main, "mlx5 / silent / today", "vcpus_stop: before-device", "vcpus_stop: after-device" },
    ];

    [TestCaseSource(nameof(Verdicts))]
    public void Changed_it_changes_verdict_and_reason(string what, string script, string variant, string old, string fresh,
        (HostIntegrity, MigrationIntegrity) before, (HostIntegrity, MigrationIntegrity) after, string because)
    {
        var was = Simulated.Shipped(script, variant).Result;
        var edited = Simulated.Edited(script, variant, old, fresh);
        var became = edited.Variants.Single().Result;
        Assert.That(became.Failure, Is.Null, what);
        Assert.That((was.Host, was.Migration), Is.EqualTo(before), what);
        Assert.That((became.Host, became.Migration), Is.EqualTo(after), became.Because);
        Assert.That(became.Because.Contains(because), Is.Not.EqualTo(was.Because.Contains(because)),
            $"{was.Because}\n{became.Because}\nexactly one of these says '{because}'");
        Assert.That(edited.ExitCode, Is.EqualTo(1), "the script notices");
    }

    [TestCaseSource(nameof(Lines))]
    public void Changed_it_fails_the_script(string script, string variant, string old, string fresh)
    {
        Assert.That(Simulated.Shipped(script, variant).Passed, Is.True);
        var edited = Simulated.Edited(script, variant, old, fresh);
        Assert.That(edited.Variants.Single().Result.Failure, Is.Null);
        Assert.That(edited.Variants.Single().Complaints, Is.Not.Empty);
        Assert.That(edited.ExitCode, Is.EqualTo(1));
    }

    [Test]
    public void Every_script_and_every_verdict_that_occurs_has_its_line()
    {
        var flips = Verdicts.Cast<TestCaseData>().Select(v => v.Arguments).ToList();
        var scripts = flips.Select(a => (string)a[1]!).Concat(Lines.Cast<object[]>().Select(l => (string)l[0])).Distinct();
        Assert.That(scripts, Is.EquivalentTo(Simulated.Names));
        var occurring = Simulated.Names.SelectMany(n => Simulated.Shipped(n).Variants.Select(v => (v.Result.Host, v.Result.Migration)));

        Assert.That(flips.Select(a => ((HostIntegrity, MigrationIntegrity))a[5]!).Distinct(), Is.EquivalentTo(occurring.Distinct()));
    }

    private static TestCaseData Flip(string what, string script, string variant, string old, string fresh,
        (HostIntegrity, MigrationIntegrity) before, (HostIntegrity, MigrationIntegrity) after, string because) =>
        new TestCaseData(what, script, variant, old, fresh, before, after, because).SetArgDisplayNames(what, variant);
}
