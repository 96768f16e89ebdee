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

/// <summary>Who tells a VMM which pages devices wrote.</summary>
public enum DirtyTracker
{
    /// <summary>The guest's address space: the system IOMMU's dirty bits, or with a type1 container that everything was written.</summary>
    Iommu,

    /// <summary>Each device's own log (VFIO_DEVICE_FEATURE_DMA_LOGGING).</summary>
    Device,

    /// <summary>Both, and a page counts that either of them names.</summary>
    Both,
}

/// <summary>Which migration uAPI a VMM speaks to the kernel.</summary>
public enum MigrationUapi
{
    /// <summary>States and arcs, as of today.</summary>
    V2,

    /// <summary>The v1 bits, with a driver that freezes at the write of the state.</summary>
    V1,

    /// <summary>The v1 bits, with a driver that freezes at the first read of pending_bytes.</summary>
    V1Lazy,
}

/// <summary>How a VMM migrates.</summary>
public sealed record LiveMigrationOptions
{
    /// <summary>In which order devices are stopped.</summary>
    public StopOrder Order { get; init; } = StopOrder.TwoPhase;

    /// <summary>Refuse several devices of which one lacks the P2P states, as QEMU does.</summary>
    public bool BlockWithoutP2P { get; init; } = true;

    /// <summary>Refuse several devices whatever they can do, as QEMU did before it knew the P2P states.</summary>
    public bool BlockSeveral { get; init; }

    /// <summary>Rounds at most in which memory is sent while the guest runs, the first with all of it. 0: everything is sent while it
    /// stands.</summary>
    public int PreCopyRounds { get; init; } = 1;

    /// <summary>Ends the rounds as soon as what is left takes no longer than this to send; null: all rounds are gone through.</summary>
    public SimDuration? DowntimeLimit { get; init; }

    /// <summary>Whether devices that can are in PRE_COPY during the rounds, and send a first image.</summary>
    public bool DevicePreCopy { get; init; }

    /// <summary>Who tells which pages devices wrote.</summary>
    public DirtyTracker Tracker { get; init; }

    /// <summary>The uAPI it speaks.</summary>
    public MigrationUapi Uapi { get; init; }

    /// <summary>Rate at which the stream leaves the host; null: at once.</summary>
    public DataRate? Bandwidth { get; init; }

    /// <summary>
    /// Whether <see cref="LiveMigrationResult.SwitchOver"/> is taken, which saves every device once more: not with v1, nor of a device that
    /// comes from PRE_COPY. An observer with eyes of its own does without.
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
