using Scenarios.Model;
using Scenarios.Results;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Scenarios.Platforms;

/// <summary>Programs a traffic generator through its registers, size after size, and measures what moved. The first fifth of each time is
/// left out: until then queues fill.</summary>
internal sealed class TrafficRun(Machine machine, TrafficEntry entry, Recorder recorder)
{
    private const int WarmUpShare = 5;
    private const int DrainPolls = 200_000;
    private static readonly SimDuration DrainPoll = SimDuration.FromMicroseconds(1);

    private readonly TrafficFunction _function =
        (TrafficFunction)machine.Device(entry.Of.Device).Function(entry.Of.Vf);

    public async Task RunAsync()
    {
        var unit = machine.Device(entry.Of.Device);
        var bar = machine.Kernel[_function.Id].Discovered.Bars[0].Address;
        foreach (var size in entry.Bytes)
        {
            var bytes = (int)size.Bytes;
            var pattern = Pattern() | (entry.Order == TrafficOrder.Random ? TrafficLayout.RandomOrder : 0);
            Store(TrafficLayout.Pattern, pattern, 4);
            Store(TrafficLayout.Bytes, (ulong)bytes, 4);
            Store(TrafficLayout.Outstanding, (ulong)entry.Outstanding, 4);
            Store(TrafficLayout.WindowBase, machine.AddressOf(entry.To), 8);
            Store(TrafficLayout.WindowSize, (ulong)entry.Window.Bytes, 8);
            Store(TrafficLayout.Count, (ulong)entry.Count, 8);
            Store(TrafficLayout.Fill, (ulong)entry.Fill, 4);
            Store(TrafficLayout.Control, 1, 4);
            await MeasureAsync(unit.Device, bytes);
            Store(TrafficLayout.Control, 0, 4);
            await DrainAsync();
            recorder.Count($"reads of {entry.Of}", (long)_function.Reads);
            recorder.Count($"writes of {entry.Of}", (long)_function.Writes);
            var failed = await LoadAsync(TrafficLayout.Failed);
            if (failed.Succeeded) recorder.Count($"failed transfers of {entry.Of}", (long)failed.Value);
            else recorder.Count($"loads from {entry.Of} that failed");
        }

        void Store(int register, ulong value, int width) => machine.Root.Store(bar + (ulong)register, value, width);

        async Task<CpuLoad> LoadAsync(int register) => await machine.Root.LoadAsync(bar + (ulong)register, 4);

        async Task DrainAsync()
        {
            for (var i = 0; i < DrainPolls; i++)
            {
                var status = await LoadAsync(TrafficLayout.Status);
                if (!status.Succeeded || (status.Value & 1) == 0) return;
                await machine.Sim.Delay(DrainPoll);
            }
        }
    }

    private uint Pattern() => entry.Pattern switch
    {
        TrafficPattern.Read => TrafficLayout.Reads,
        TrafficPattern.Write => TrafficLayout.Writes,
        _ => TrafficLayout.Reads | TrafficLayout.Writes,
    };

    private async Task MeasureAsync(PcieDevice device, int bytes)
    {
        var warm = new SimDuration(entry.For.Femtoseconds / WarmUpShare);
        var (read, written) = (0L, 0L);
        var last = SimTime.Zero;
        await machine.Sim.Delay(warm);
        _function.ReadLatency.Reset();
        var begun = machine.Sim.Now;
        using (_function.Ended.Subscribe((SimTime now, in TrafficTransfer t) =>
        {
            if (t.IsRead) read += t.Bytes;
            last = now;
        }))
        using (device.Transmitter.Arrived.Subscribe((SimTime now, in TlpHop hop) =>
        {
            if (hop.Tlp.Header.Type != TlpType.MWr || hop.Tlp.Header.RequesterId != _function.Id) return;
            written += hop.Tlp.Header.EnabledBytes;
            last = now;
        }))
        {
            await machine.Sim.Delay(entry.For - warm);
        }

        // A counted run may be over long before its time.
        var span = entry.Count > 0 && last > begun ? last - begun : machine.Sim.Now - begun;
        var seconds = span.Femtoseconds / 1e15;
        recorder.OnTraffic(new TrafficSample(entry.Of.ToString(), bytes, read / seconds, written / seconds)
        {
            Median = _function.ReadLatency.Count > 0 ? _function.ReadLatency.Percentile(50) : null,
            P99 = _function.ReadLatency.Count > 0 ? _function.ReadLatency.Percentile(99) : null,
        });
    }
}
