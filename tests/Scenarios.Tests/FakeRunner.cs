using Scenarios.Model;
using Scenarios.Results;
using Scenarios.Running;
using Sim.Core;

namespace Scenarios.Tests;

/// <summary>Stands in for the simulation: a result that has everything a report can show, different from variant to variant.</summary>
internal sealed class FakeRunner : IVariantRunner
{
    public VariantResult Run(ResolvedScript script, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var axes = script.Variant.Coordinates.ToDictionary(c => c.Axis, c => c.Value);
        return new Fake(axes.GetValueOrDefault("device", "mlx5"), axes.GetValueOrDefault("platform", "native-aer"),
            script.Script.Kernel.Revoke == RevokePolicy.Zap, new RandomStream(script.Seed, script.Variant.Name)).Result(script.Variant);
    }

    private sealed class Fake(string device, string platform, bool zapped, RandomStream random)
    {
        private static readonly IReadOnlyList<SimTime> Stores = [.. Enumerable.Range(0, 3).Select(n => At(70_000 + 2_000 * n))];
        private readonly bool _ur = device.StartsWith("ur", StringComparison.Ordinal) && !zapped;
        private readonly bool _harmed = device is "harmed" or "dma-queue" && !zapped;

        private bool Reported => _ur && platform != "silent";

        private DecidingField Enable => new("nic", "Device Control", "Unsupported Request Reporting Enable", Reported ? 1UL : 0UL,
            Reported ? "a Message may be sent" : "no Message is sent");

        public VariantResult Result(Variant variant) => new(variant)
        {
            Host = !_ur ? HostIntegrity.Intact : platform switch
            {
                "silent" => HostIntegrity.Intact,
                "native-aer" => HostIntegrity.Logged,
                "native-aer-dpc" => HostIntegrity.Contained,
                _ => HostIntegrity.Lost,
            },
            Migration = _harmed ? MigrationIntegrity.Lost : MigrationIntegrity.Intact,
            Because = Because(),
            Differences = !_harmed ? [] : device == "dma-queue"
                ? [new("memory page", "gfn 0x3f2", "sha 11c0", "sha 9f3e")]
                : [new("device state", "queue 0 producer", "0x18", "0xdeadbeef")],
            Counters =
            [
                ("user TLPs to a stopped Function", zapped ? 0 : 6), ("ERR_NONFATAL", Reported ? 3 : 0), ("ERR_FATAL", 0),
                ("SIGBUS", zapped ? 6 : 0),
            ],
            Tlps = zapped ? [] : [.. Stores.Select(t =>
                new TlpRecord(t, "rp0 -> sw0", "MWr 8 B to nic.vf0 BAR0+0x800", [0x40000002, 0x000000ff, 0xe0000800, 0]))],
            Registers = _ur ? [Enable] : [],
            Chains = !_ur ? [] : [new("An MWr to a stopped Function",
            [
                new(Stores[0], "nic.vf0", "handles MWr 8 B to BAR0+0x800 as an Unsupported Request (\u00a72.3.1)"),
                new(Stores[0] + Nanoseconds(10), "nic", Reported ? "sends ERR_NONFATAL" : "sends no Message", [Enable]),
            ])],
            Loads = [.. Loads("guest", 16, 12_000, "Successful Completion"),
                .. zapped ? [] : Loads("intruder", 3, 71_000, _ur ? "Unsupported Request" : "Successful Completion")],
            Lanes = Lanes(),
            Dmesg = [.. Dmesg()],
        };

        private string Because() => zapped ? "every late access faulted with SIGBUS; no TLP of the user exists after the zap"
            : !_ur ? $"{device} answered 3 loads with Successful Completion and reported nothing"
            : $"an MWr was an Unsupported Request at nic.vf0; {Enable}"
                + (platform == "native-aer-dpc" ? "; DPC contained the link" : "");

        private IEnumerable<LoadSample> Loads(string actor, int count, int from, string outcome) => Enumerable.Range(0, count).Select(n =>
            new LoadSample(At(from + 2_000 * n), Nanoseconds(850 + random.NextBelow(220)), actor, outcome, actor == "intruder"));

        private IEnumerable<LogLine> Dmesg()
        {
            if (!Reported) yield break;
            yield return new(At(70_900), "err", "pcieport 0000:00:01.0: AER: Uncorrectable (Non-Fatal) error message received");
            if (platform == "native-aer-dpc")
                yield return new(At(71_000), "err", "pcieport 0000:00:01.0: DPC: containment event, status:0x1f01 source:0x0202");
            if (platform == "firmware-first") yield return new(At(72_000), "emerg", "Kernel panic - not syncing: Fatal hardware error!");
        }

        private IReadOnlyList<Lane> Lanes() =>
        [
            new("vCPU 0", [new(At(0), At(60_000), LaneKind.Running, "running")],
                [.. Enumerable.Range(0, 16).Select(n => new LaneInstant(At(12_000 + 2_000 * n), LaneKind.Load, "load identity"))]),
            new("process intruder", [], zapped ? After(0, LaneKind.Fault, "SIGBUS")
                : [.. After(0, LaneKind.Store, "store doorbell"), .. After(1_000, LaneKind.Load, "load identity")]),
            new("Root Port rp0", [], zapped ? [] : After(40, LaneKind.Store, "MWr out")),
            new("switch sw0", [], zapped ? [] : After(160, LaneKind.Store, "MWr forwarded")),
            new("VF nic.vf0",
            [
                new(At(0), At(62_000), LaneKind.Running, "RUNNING"), new(At(62_000), At(66_000), LaneKind.Suspended, "RUNNING_P2P"),
                new(At(66_000), At(90_000), LaneKind.Stopped, "STOP"), new(At(90_000), At(104_000), LaneKind.Saving, "STOP_COPY"),
            ], _ur ? After(300, LaneKind.Error, "Unsupported Request") : []),
            new("errors", [], !Reported ? []
                : [.. After(320, LaneKind.Message, "ERR_NONFATAL sent"), .. After(640, LaneKind.Interrupt, "AER interrupt")]),
        ];

        private static IReadOnlyList<LaneInstant> After(long nanoseconds, LaneKind kind, string label) =>
            [.. Stores.Select(t => new LaneInstant(t + Nanoseconds(nanoseconds), kind, label))];

        private static SimTime At(long nanoseconds) => SimTime.FromNanoseconds(nanoseconds);

        private static SimDuration Nanoseconds(long nanoseconds) => SimDuration.FromNanoseconds(nanoseconds);
    }
}
