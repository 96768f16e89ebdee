using System.Globalization;
using Sim.Core;

namespace Scenarios.Running;

/// <summary>How far a run of many simulations has come and how fast it goes. Simulations on any thread report to it.</summary>
internal sealed class ProgressMeter(int total)
{
    private const int ReportEvery = 4096;

    private long _events;
    private long _now;

    /// <summary>Variants of the run.</summary>
    public int Total { get; } = total;

    /// <summary>Variants that are done.</summary>
    public int Done { get; set; }

    /// <summary>Has a simulation report from now on, which does not change it.</summary>
    public void Watch(Simulator simulator)
    {
        var before = simulator.EventsFired;
        simulator.ObserveProgress(ReportEvery, progress =>
        {
            Interlocked.Add(ref _events, progress.EventsFired - before);
            before = progress.EventsFired;
            Volatile.Write(ref _now, progress.Now.Femtoseconds);
        });
    }

    /// <summary>What a line of progress says: <c>12 of 40, 400 k events/s, 5 s left</c>. Of one variant nobody knows how long it takes:
    /// simulated time stands for it.</summary>
    /// <param name="elapsed">Wall-clock time since the run began.</param>
    public string Words(TimeSpan elapsed)
    {
        var seconds = Math.Max(elapsed.TotalSeconds, 0.001);
        var thousands = Volatile.Read(ref _events) / seconds / 1e3;
        var rate = thousands < 1000
            ? string.Create(CultureInfo.InvariantCulture, $"{thousands:0} k events/s")
            : string.Create(CultureInfo.InvariantCulture, $"{thousands / 1e3:0.0} M events/s");
        if (Total == 1) return $"at {new SimTime(Volatile.Read(ref _now))}, {rate}";
        if (Done == 0) return $"0 of {Total}, {rate}";
        var left = TimeSpan.FromSeconds(Math.Ceiling((Total - Done) * seconds / Done));
        return $"{Done} of {Total}, {rate}, {(left < TimeSpan.FromMinutes(1) ? $"{left.Seconds} s" : $"{left:c}")} left";
    }
}
