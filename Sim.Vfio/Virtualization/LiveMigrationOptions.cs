using Sim.Core;

namespace Sim.Vfio.Virtualization;

/// <summary>In which order a VMM stops several devices.</summary>
public enum StopOrder
{
    /// <summary>First every device to RUNNING_P2P, then every device to STOP.</summary>
    TwoPhase,

    /// <summary>One device after the other to STOP, as VMMs did in 2021.</summary>
    Sequential,
}

/// <summary>How a VMM migrates.</summary>
public sealed record LiveMigrationOptions
{
    /// <summary>In which order devices are stopped.</summary>
    public StopOrder Order { get; init; } = StopOrder.TwoPhase;

    /// <summary>Refuse several devices of which one lacks the P2P states, as QEMU does.</summary>
    public bool BlockWithoutP2P { get; init; } = true;

    /// <summary>Rounds in which memory is sent while the guest runs, the first with all of it. 0: everything is sent while it
    /// stands.</summary>
    public int PreCopyRounds { get; init; } = 1;

    /// <summary>Rate at which the stream leaves the host; null: at once.</summary>
    public DataRate? Bandwidth { get; init; }

    /// <summary>
    /// Whether <see cref="LiveMigrationResult.SwitchOver"/> is taken, which saves every device once more. An observer with eyes of its own
    /// does without.
    /// </summary>
    public bool TakesReference { get; init; } = true;

    /// <summary>How long devices stand in STOP before their images are saved and the last dirty bitmap is read.</summary>
    public SimDuration StopWindow { get; init; }

    /// <summary>A sloppy order: devices stop while vCPUs run, which stop only when the window in STOP is over.</summary>
    public bool VcpusStopLast { get; init; }

    /// <summary>Called when device images and the last dirty bitmap have been read.</summary>
    public Action? Saved { get; init; }

    /// <summary>How long devices stay in STOP_COPY after the stream is complete, until the source is looked at for the last time.</summary>
    public SimDuration AfterWindow { get; init; }
}
