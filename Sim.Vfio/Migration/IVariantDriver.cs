namespace Sim.Vfio.Migration;

/// <summary>
/// The migration part of a device's VFIO driver: it carries out single arcs. Which arcs, and in which order, <see cref="VfioMigration"/>
/// decides by <see cref="MigrationArcs"/>.
/// </summary>
public interface IVariantDriver
{
    /// <summary>The driver's name as the kernel log shows it, such as "mlx5_vfio_pci".</summary>
    string Name { get; }

    /// <summary>What the device supports.</summary>
    MigrationFeatures Features { get; }

    /// <summary>Bytes of a BAR that users may see; null: all of it. What lies above is the driver's own.</summary>
    ulong? UserBarBytes(int bar) => null;

    /// <summary>The device's log of pages it writes; null where it keeps none.</summary>
    IDirtyLogDriver? DirtyLog => null;

    /// <summary>VFIO_DEVICE_FEATURE_MIG_DATA_SIZE: bytes a stop-copy image would have now; null where nobody can tell.</summary>
    Task<ulong?> StopCopyLengthAsync() => Task.FromResult<ulong?>(null);

    /// <summary>
    /// Carries out one direct arc. An arc that opens a transfer (STOP to STOP_COPY, STOP to RESUMING, RUNNING to PRE_COPY, RUNNING_P2P to
    /// PRE_COPY_P2P) returns its file, for the pre-copy states one of <see cref="MigrationFile.ForPreCopy"/>. Every other arc returns
    /// null: between the pre-copy states, and from them to STOP_COPY, the transfer goes on with the file it has; from them back to
    /// RUNNING or RUNNING_P2P the driver disables it.
    /// </summary>
    /// <exception cref="MigrationStepException">The arc failed.</exception>
    Task<MigrationFile?> StepAsync(MigrationState from, MigrationState to);

    /// <summary>The device was reset and is running: forget every transfer and disable its file.</summary>
    void ResetDone();
}

/// <summary>An arc failed.</summary>
/// <param name="error">What the user gets.</param>
/// <param name="leaves">Where the device is now; null: where the arc began.</param>
public sealed class MigrationStepException(Errno error, MigrationState? leaves = null) : Exception($"A migration arc failed with {error}.")
{
    /// <summary>What the user gets.</summary>
    public Errno Error { get; } = error;

    /// <summary>Where the device is now; null: where the arc began.</summary>
    public MigrationState? Leaves { get; } = leaves;
}
