using Sim.Core;

namespace Scenarios.Results;

/// <summary>A round of memory that crossed.</summary>
/// <param name="At">When its dirty pages were asked for.</param>
/// <param name="Dirty">Pages found dirty.</param>
/// <param name="Sent">Pages sent: the first round sends every page that is not empty.</param>
public sealed record MigrationRound(SimTime At, long Dirty, int Sent);

/// <summary>A sum so far, at a time.</summary>
public readonly record struct SumAt(SimTime At, long Value);

/// <summary>Jobs that a guest has seen completed in a stretch of time.</summary>
public readonly record struct JobsIn(SimTime From, SimTime To, long Jobs)
{
    /// <summary>Jobs per millisecond.</summary>
    public double PerMillisecond => Jobs * 1e12 / (To - From).Femtoseconds;
}

/// <summary>
/// What a live migration measured on its way. Times count from the beginning of the run; the destination, which has a clock of its own,
/// begins when the stream is complete.
/// </summary>
public sealed record MigrationTrace
{
    private const int Stretches = 60;

    /// <summary>When it began.</summary>
    public required SimTime Begun { get; init; }

    /// <summary>When the vCPU stood; null if it did not come to that.</summary>
    public SimTime? GuestStopped { get; init; }

    /// <summary>When every device was in STOP.</summary>
    public SimTime? DevicesStopped { get; init; }

    /// <summary>When device images and the last dirty bitmap had been read.</summary>
    public SimTime? FinalBitmap { get; init; }

    /// <summary>When the stream was complete.</summary>
    public SimTime? Completed { get; init; }

    /// <summary>When the guest ran on, at the destination, or at the source if the migration failed; null if it never did.</summary>
    public SimTime? Resumed { get; init; }

    /// <summary>Why it failed; null if it did not.</summary>
    public string? Failure { get; init; }

    /// <summary>The rounds, the last one while the guest stood.</summary>
    public IReadOnlyList<MigrationRound> Rounds { get; init; } = [];

    /// <summary>Bytes of device images read so far.</summary>
    public IReadOnlyList<SumAt> ImageBytes { get; init; } = [];

    /// <summary>Bytes that have left the source so far.</summary>
    public IReadOnlyList<SumAt> SentBytes { get; init; } = [];

    /// <summary>Jobs that the guest has seen completed so far, on both sides together, whenever there were more.</summary>
    public IReadOnlyList<SumAt> Jobs { get; init; } = [];

    /// <summary>The states of vCPU and devices on both sides.</summary>
    public IReadOnlyList<Lane> Lanes { get; init; } = [];

    /// <summary>How long the guest stood; null if it did not, or did not run on.</summary>
    public SimDuration? Downtime => Resumed - GuestStopped;

    /// <summary>The time to look at: the migration, and as much before and after it.</summary>
    public (SimTime From, SimTime To) Window
    {
        get
        {
            var end = Resumed ?? Completed ?? GuestStopped ?? Begun;
            var around = SimDuration.Max(end - Begun, SimDuration.FromMicroseconds(10));
            return (SimTime.Zero + SimDuration.Max(SimDuration.Zero, Begun - SimTime.Zero - around), end + around);
        }
    }

    /// <summary>The guest's throughput before, during and after, in stretches of equal length; empty without jobs.</summary>
    public IReadOnlyList<JobsIn> Throughput()
    {
        var (from, to) = Window;
        if (Jobs.Count == 0) return [];
        var length = (to - from) / Stretches;
        List<JobsIn> stretches = [];
        var (next, sum) = (0, 0L);
        for (; next < Jobs.Count && Jobs[next].At < from; next++) sum = Jobs[next].Value;
        for (var n = 0; n < Stretches; n++)
        {
            var (begin, end) = (from + (length * n), from + (length * (n + 1)));
            var before = sum;
            for (; next < Jobs.Count && Jobs[next].At < end; next++) sum = Jobs[next].Value;
            stretches.Add(new(begin, end, sum - before));
        }

        return stretches;
    }
}
