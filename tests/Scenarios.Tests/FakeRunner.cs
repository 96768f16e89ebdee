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
        var device = axes.GetValueOrDefault("device", "mlx5");
        var platform = axes.GetValueOrDefault("platform", "native-aer");
        var zapped = script.Script.Kernel.Revoke == RevokePolicy.Zap;
        var ur = device.StartsWith("ur", StringComparison.Ordinal) && !zapped;
        var host = !ur ? HostIntegrity.Intact : platform switch
        {
            "silent" => HostIntegrity.Intact,
            "native-aer" => HostIntegrity.Logged,
            "native-aer-dpc" => HostIntegrity.Contained,
            _ => HostIntegrity.Lost,
        };
        var lost = !zapped && device is "harmed" or "dma-queue" && !zapped;
        var random = new RandomStream(script.Seed, script.Variant.Name);
        var reported = ur && platform != "silent";
        DecidingField[] fields =
        [
            new("nic PF", "Device Control", "Unsupported Request Reporting Enable", platform == "silent" ? 0UL : 1UL,
                platform == "silent" ? "no Message is sent" : "a Message may be sent"),
            new("rp0", "Root Error Command", "Non-Fatal Error Reporting Enable", 1, "the Root Port interrupts"),
        ];
        return new VariantResult(script.Variant)
        {
            Host = host,
            Migration = lost ? MigrationIntegrity.Lost : MigrationIntegrity.Intact,
            Because = zapped ? "every late access faulted with SIGBUS; no TLP of the user exists after the zap"
                : !ur ? $"{device} answered 3 loads with Successful Completion and reported nothing"
                : reported ? $"a posted MWr was an Unsupported Request at nic.vf0; ERR_NONFATAL reached rp0{(platform == "native-aer-dpc" ? "; DPC contained the link" : "")}"
                : "a posted MWr was an Unsupported Request at nic.vf0; Device Control.Unsupported Request Reporting Enable = 0 and SERR# = 0: no Message",
            Differences = !lost ? [] : [device == "dma-queue"
                ? new("memory page", "gfn 0x3f2", "sha 11c0\u2026", "sha 9f3e\u2026") : new("device state", "queue 0 producer", "0x18", "0xdeadbeef")],
            Counters = [("user TLPs to a stopped Function", zapped ? 0 : 6), ("ERR_NONFATAL", reported ? 3 : 0), ("ERR_FATAL", 0), ("SIGBUS", zapped ? 6 : 0)],
            Tlps = zapped ? [] : [.. Enumerable.Range(0, 6).Select(n => new TlpRecord(At(70_000 + 700 * n), "rp0 -> sw0",
                n % 2 == 0 ? "MWr 8 B to nic.vf0 BAR0+0x800" : "MRd 4 B from nic.vf0 BAR0+0x200", [0x40000002, 0x000000ff, 0xe0000800, 0]))],
            Registers = ur ? fields : [],
            Chains = !ur ? [] : [new("An MWr to a stopped Function", [
                new(At(70_000), "nic.vf0", "handles MWr 8 B to BAR0+0x800 as an Unsupported Request (\u00a72.3.1)"),
                new(At(70_010), "nic PF", reported ? "sends ERR_NONFATAL with the VF's Requester ID" : "sends no Message", [fields[0]]),
                .. reported ? (ErrorStep[])[new(At(70_420), "rp0", "receives ERR_NONFATAL, sets Root Error Status", [fields[1]])] : []])],
            Loads = [.. Enumerable.Range(0, 16).Select(n => new LoadSample(At(12_000 + 2_500 * n),
                new SimDuration(860_000_000 + random.NextBelow(220) * 1_000_000), "guest", "Successful Completion", false)),
                .. zapped ? [] : Enumerable.Range(0, 3).Select(n => new LoadSample(At(71_000 + 700 * n),
                    new SimDuration(840_000_000 + random.NextBelow(90) * 1_000_000), "intruder", ur ? "Unsupported Request" : "Successful Completion", true))],
            Lanes = Lanes(ur, reported, zapped),
            Dmesg = !reported ? [] : [new(At(70_900), "err", "pcieport 0000:00:01.0: AER: Uncorrectable (Non-Fatal) error message received from 0000:02:00.2"),
                .. platform == "native-aer-dpc" ? (LogLine[])[new(At(71_000), "err", "pcieport 0000:00:01.0: DPC: containment event, status:0x1f01 source:0x0202")] : [],
                .. platform == "firmware-first" ? (LogLine[])[new(At(72_000), "emerg", "Kernel panic - not syncing: Fatal hardware error!")] : []],
        };
    }

    private static SimTime At(long nanoseconds) => SimTime.FromNanoseconds(nanoseconds);

    private static IReadOnlyList<Lane> Lanes(bool ur, bool reported, bool zapped)
    {
        var stores = Enumerable.Range(0, 3).Select(n => At(70_000 + 2_000 * n)).ToList();
        var guest = Enumerable.Range(0, 16).Select(n => new LaneInstant(At(12_000 + 2_500 * n), LaneKind.Load, "load identity"));
        return
        [
            new("vCPU 0", [new(At(0), At(60_000), LaneKind.Running, "running")], [.. guest]),
            new("process intruder", [], [.. stores.Select(t => new LaneInstant(t, zapped ? LaneKind.Fault : LaneKind.Store, zapped ? "SIGBUS" : "store doorbell")),
                .. stores.Select(t => new LaneInstant(t + SimDuration.FromMicroseconds(1), zapped ? LaneKind.Fault : LaneKind.Load, zapped ? "SIGBUS" : "load identity"))]),
            new("Root Port rp0", [], [.. stores.Where(_ => !zapped).Select(t => new LaneInstant(t + SimDuration.FromNanoseconds(40), LaneKind.Store, "MWr out"))]),
            new("switch sw0", [], [.. stores.Where(_ => !zapped).Select(t => new LaneInstant(t + SimDuration.FromNanoseconds(160), LaneKind.Store, "MWr forwarded"))]),
            new("VF nic.vf0", [new(At(0), At(62_000), LaneKind.Running, "RUNNING"), new(At(62_000), At(66_000), LaneKind.Suspended, "RUNNING_P2P"),
                new(At(66_000), At(90_000), LaneKind.Stopped, "STOP"), new(At(90_000), At(104_000), LaneKind.Saving, "STOP_COPY")],
                [.. stores.Where(_ => ur).Select(t => new LaneInstant(t + SimDuration.FromNanoseconds(300), LaneKind.Error, "Unsupported Request"))]),
            new("errors", [], [.. stores.Where(_ => reported).SelectMany(t => (LaneInstant[])[
                new(t + SimDuration.FromNanoseconds(320), LaneKind.Message, "ERR_NONFATAL sent"),
                new(t + SimDuration.FromNanoseconds(640), LaneKind.Interrupt, "AER interrupt")])]),
        ];
    }
}
