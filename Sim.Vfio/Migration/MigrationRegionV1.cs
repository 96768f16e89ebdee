namespace Sim.Vfio.Migration;

/// <summary>When a v1 driver freezes a device that is told to stop and copy.</summary>
public enum V1Freeze
{
    /// <summary>At the write of the device state, which fails if the device does not freeze.</summary>
    AtStateWrite,

    /// <summary>At the first read of pending_bytes: the state write only stops DMA, and a failure is seen when it is too late to refuse
    /// the state.</summary>
    AtFirstPendingRead,
}

/// <summary>
/// The migration region of the v1 uAPI (October 2021): device_state, pending_bytes and the data. A driver of the v2 arcs stands behind it.
/// A write that fails leaves the old state where the device can go back to it, and else ERROR, which only a reset leaves.
/// </summary>
/// <param name="migration">The device.</param>
/// <param name="freeze">When it freezes.</param>
/// <param name="hasNdma">Whether the proposed NDMA bit is offered; it needs a device with P2P states.</param>
public sealed class MigrationRegionV1(VfioMigration migration, V1Freeze freeze = V1Freeze.AtStateWrite, bool hasNdma = false)
{
    private MigrationFile? _file;
    private bool _frozen;

    /// <summary>What device_state reads.</summary>
    public MigrationV1Bits State { get; private set; } = MigrationV1Bits.Running;

    /// <summary>Whether the NDMA bit is offered.</summary>
    public bool HasNdma => hasNdma && migration.Features.HasFlag(MigrationFeatures.P2P);

    /// <summary>A write of device_state.</summary>
    /// <returns>EINVAL for a combination that is not defined or may not follow, or why the device did not go there.</returns>
    public async Task<Errno> WriteStateAsync(MigrationV1Bits bits)
    {
        Follow();
        if (!MigrationV1.CanWrite(State, bits, HasNdma)) return Errno.EINVAL;
        var target = MigrationV1.Classify(bits, HasNdma);
        var lazy = freeze == V1Freeze.AtFirstPendingRead && target == MigrationV1State.StopAndCopy;
        var error = await GoAsync(lazy ? WithoutDma : StateOf(target));
        if (error != Errno.None) return error;
        (State, _frozen) = (bits, !lazy);
        return Errno.None;
    }

    /// <summary>A read of pending_bytes: how much of the image waits. A lazy driver freezes the device first.</summary>
    public async Task<(Errno Error, ulong Bytes)> ReadPendingBytesAsync()
    {
        Follow();
        if ((State & MigrationV1Bits.Saving) == 0 || IsError) return (Errno.EINVAL, 0);
        if (!_frozen && await GoAsync(MigrationState.StopCopy) is var error and not Errno.None)
        {
            State = MigrationV1Bits.Saving | MigrationV1Bits.Resuming;
            return (error, 0);
        }

        _frozen = true;
        return (Errno.None, (ulong)(_file?.Pending ?? 0));
    }

    /// <summary>A read of the data that pending_bytes promised; 0 bytes where there is none for now.</summary>
    public async Task<FileResult> ReadDataAsync(Memory<byte> buffer)
    {
        if ((State & MigrationV1Bits.Saving) == 0 || IsError) return new(Errno.EINVAL, 0);
        if (_file is null) return new(Errno.None, 0);
        var read = await _file.ReadAsync(buffer);
        return read.Error == Errno.ENOMSG ? new(Errno.None, 0) : read;
    }

    /// <summary>A write of data while resuming.</summary>
    public async Task<FileResult> WriteDataAsync(ReadOnlyMemory<byte> data) =>
        State != MigrationV1Bits.Resuming ? new(Errno.EINVAL, 0) : await _file!.WriteAsync(data);

    private bool IsError => MigrationV1.Classify(State) == MigrationV1State.Error;

    private MigrationState WithoutDma =>
        migration.Features.HasFlag(MigrationFeatures.P2P) ? MigrationState.RunningP2P : migration.State;

    private bool HasPreCopy => migration.Features.HasFlag(MigrationFeatures.PreCopy);

    private MigrationState StateOf(MigrationV1State state) => state switch
    {
        MigrationV1State.Running => MigrationState.Running,
        MigrationV1State.StopAndCopy => MigrationState.StopCopy,
        MigrationV1State.PreCopy => HasPreCopy ? MigrationState.PreCopy : MigrationState.Running,
        MigrationV1State.Resuming => MigrationState.Resuming,
        MigrationV1State.RunningNdma => MigrationState.RunningP2P,
        MigrationV1State.PreCopyNdma => HasPreCopy ? MigrationState.PreCopyP2P : MigrationState.RunningP2P,
        _ => MigrationState.Stop,
    };

    /// <summary>v1 has arcs that v2 has not, such as back from stop-and-copy to pre-copy: they go by way of STOP.</summary>
    private async Task<Errno> GoAsync(MigrationState to)
    {
        var from = migration.State;
        if (MigrationArcs.NextState(from, to, migration.Features) is null) await migration.SetStateAsync(MigrationState.Stop);
        var result = await migration.SetStateAsync(to);
        if (result.Error == Errno.None)
        {
            if (from != to) _file = result.File ?? (to == MigrationState.StopCopy ? _file : null);
            return Errno.None;
        }

        // What does not go back either is in a state that this uAPI has no bits for.
        if (migration.State != from && (await migration.SetStateAsync(from)).Error != Errno.None)
            State = MigrationV1Bits.Saving | MigrationV1Bits.Resuming;
        return result.Error;
    }

    /// <summary>A reset made the device run behind the region's back, or an arc ended in ERROR.</summary>
    private void Follow()
    {
        if (migration.State == MigrationState.Error) State = MigrationV1Bits.Saving | MigrationV1Bits.Resuming;
    }

    /// <summary>The device was reset: running, whatever it was.</summary>
    public void ResetDone() => (State, _file, _frozen) = (MigrationV1Bits.Running, null, false);
}
