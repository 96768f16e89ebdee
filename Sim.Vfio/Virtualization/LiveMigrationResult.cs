using Sim.Core;

namespace Sim.Vfio.Virtualization;

/// <summary>What a migration measures while it goes on.</summary>
public enum MigrationQuantity
{
    /// <summary>Pages found dirty when a round begins, the last one, while the guest stands, included.</summary>
    DirtyPages,

    /// <summary>Bytes of device images read so far.</summary>
    ImageBytes,

    /// <summary>Bytes that have left the host so far.</summary>
    SentBytes,
}

/// <summary>One measurement.</summary>
/// <param name="Time">When.</param>
/// <param name="Quantity">What.</param>
/// <param name="Value">How much.</param>
public readonly record struct MigrationSample(SimTime Time, MigrationQuantity Quantity, long Value);

/// <summary>What the source side of a migration did and saw.</summary>
public sealed record LiveMigrationResult
{
    /// <summary>None, or why the migration failed; the guest then runs on at the source where it can.</summary>
    public Errno Error { get; init; }

    /// <summary>Why it failed, in words; null if it did not.</summary>
    public string? Failure { get; init; }

    /// <summary>What crosses to the destination; empty if it failed.</summary>
    public byte[] Stream { get; init; } = [];

    /// <summary>When it began.</summary>
    public SimTime Begun { get; init; }

    /// <summary>When the vCPU stood: guest stores issued before count.</summary>
    public SimTime GuestStopped { get; init; }

    /// <summary>When every device was in STOP: the switch-over, at which <see cref="SwitchOver"/> was taken.</summary>
    public SimTime DevicesStopped { get; init; }

    /// <summary>When the last dirty bitmap was read.</summary>
    public SimTime FinalBitmap { get; init; }

    /// <summary>When the stream was complete.</summary>
    public SimTime Completed { get; init; }

    /// <summary>When the guest ran on at the source after a failure; 0 if it did not.</summary>
    public SimTime Recovered { get; init; }

    /// <summary>The source at the switch-over.</summary>
    public GuestSnapshot? SwitchOver { get; init; }

    /// <summary>Pages that vCPUs or devices dirtied at the source after the last dirty bitmap, in order.</summary>
    public IReadOnlyList<ulong> LatePages { get; init; } = [];

    /// <summary>Pages sent in each round, the last one while the guest stood.</summary>
    public IReadOnlyList<int> PagesPerRound { get; init; } = [];

    /// <summary>What was measured on the way, in order.</summary>
    public IReadOnlyList<MigrationSample> Samples { get; init; } = [];

    /// <summary>Bytes of all device images.</summary>
    public int ImageBytes { get; init; }

    /// <summary>From the guest's stop to the end of the stream; the destination adds its own part.</summary>
    public SimDuration SourceDowntime => Completed - GuestStopped;
}
