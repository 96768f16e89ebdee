namespace Sim.Vfio.Migration;

/// <summary>The state bits of the v1 migration region (October 2021), with the NDMA bit proposed in November 2021.</summary>
[Flags]
public enum MigrationV1Bits
{
    /// <summary>No bit: the device is stopped.</summary>
    None = 0,

    /// <summary>_RUNNING: the device operates.</summary>
    Running = 1,

    /// <summary>_SAVING: the device image can be read.</summary>
    Saving = 2,

    /// <summary>_RESUMING: a device image can be written.</summary>
    Resuming = 4,

    /// <summary>NDMA (proposed, optional): the device answers MMIO and peers but issues no new DMA; none is in flight on return.</summary>
    Ndma = 8,
}

/// <summary>What a combination of v1 bits means.</summary>
public enum MigrationV1State
{
    /// <summary>A combination the uAPI does not define: writing it fails with EINVAL and the old state stays.</summary>
    Invalid,

    /// <summary>0000: stopped.</summary>
    Stop,

    /// <summary>0001: full operation, the default and the state after reset.</summary>
    Running,

    /// <summary>0010: stopped, image readable.</summary>
    StopAndCopy,

    /// <summary>0011: running, image readable.</summary>
    PreCopy,

    /// <summary>0100: stopped, image writable.</summary>
    Resuming,

    /// <summary>0110: the device failed; only a reset helps. Devices report it, users do not write it.</summary>
    Error,

    /// <summary>1001: responds, initiates no DMA.</summary>
    RunningNdma,

    /// <summary>1011: responds, initiates no DMA, image readable: the grace state before stopping when peers exchange data.</summary>
    PreCopyNdma,
}

/// <summary>The validity table of the v1 bits.</summary>
public static class MigrationV1
{
    private static readonly MigrationV1State[] Meaning =
    [
        MigrationV1State.Stop, MigrationV1State.Running, MigrationV1State.StopAndCopy, MigrationV1State.PreCopy,
        MigrationV1State.Resuming, MigrationV1State.Invalid, MigrationV1State.Error, MigrationV1State.Invalid,
        // NDMA qualifies a device that runs; without _RUNNING the device issues no DMA anyway, and the proposal defines no such state.
        MigrationV1State.Invalid, MigrationV1State.RunningNdma, MigrationV1State.Invalid, MigrationV1State.PreCopyNdma,
        MigrationV1State.Invalid, MigrationV1State.Invalid, MigrationV1State.Invalid, MigrationV1State.Invalid,
    ];

    /// <summary>What <paramref name="bits"/> mean; with <paramref name="hasNdma"/> false every combination with NDMA is invalid.</summary>
    public static MigrationV1State Classify(MigrationV1Bits bits, bool hasNdma = false)
    {
        if ((int)bits is < 0 or > 15 || (bits.HasFlag(MigrationV1Bits.Ndma) && !hasNdma)) return MigrationV1State.Invalid;
        return Meaning[(int)bits];
    }

    /// <summary>Whether a user may write <paramref name="requested"/> while the device reports <paramref name="current"/>.
    /// Every defined state may follow every other except ERROR, which is neither written nor left by a write.</summary>
    public static bool CanWrite(MigrationV1Bits current, MigrationV1Bits requested, bool hasNdma = false)
    {
        var target = Classify(requested, hasNdma);
        return Classify(current, hasNdma) != MigrationV1State.Error && target is not (MigrationV1State.Invalid or MigrationV1State.Error);
    }
}
