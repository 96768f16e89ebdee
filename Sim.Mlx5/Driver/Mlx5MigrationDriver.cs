using Sim.Core;
using Sim.Mlx5.Spec;
using Sim.Vfio;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using static Sim.Vfio.Migration.MigrationState;

namespace Sim.Mlx5.Driver;

/// <summary>
/// mlx5_vfio_pci: carries out migration arcs of a VF by commands on its PF's command queue. Images move through keys of the PF. It offers
/// STOP_COPY and P2P; PRE_COPY and a log of DMA writes where the PF's capabilities do.
/// </summary>
public sealed class Mlx5MigrationDriver : IVariantDriver
{
    private readonly Simulator _sim;
    private readonly Mlx5PfDriver _pf;
    private readonly ushort _vhcaId;
    private readonly Mlx5DirtyLog? _dirtyLog;
    private readonly bool _inChunks;
    private VhcaSave? _saving;
    private VhcaLoad? _loading;

    private Mlx5MigrationDriver(HostKernel kernel, Mlx5PfDriver pf, ushort vhcaId, MigrationCapabilities capabilities)
    {
        (_sim, _pf, _vhcaId, _inChunks) = (kernel.Sim, pf, vhcaId, capabilities.InChunks);
        Features = MigrationFeatures.StopCopy | MigrationFeatures.P2P;
        if (capabilities.Incremental) Features |= MigrationFeatures.PreCopy;
        if (capabilities.PageTracking) _dirtyLog = new Mlx5DirtyLog(pf, vhcaId, ExecuteAsync);
        pf.Detached += DisableFiles;
    }

    /// <inheritdoc/>
    public string Name => "mlx5_vfio_pci";

    /// <inheritdoc/>
    public MigrationFeatures Features { get; }

    /// <inheritdoc/>
    public IDirtyLogDriver? DirtyLog => _dirtyLog;

    /// <summary>The VF's vhca_id, by which commands name it.</summary>
    public ushort VhcaId => _vhcaId;

    /// <summary>Makes the driver of one VF.</summary>
    /// <param name="kernel">The host.</param>
    /// <param name="pf">The driver of its PF.</param>
    /// <param name="index">Index of the VF, from 0.</param>
    /// <returns>Null where the PF does not offer migration.</returns>
    /// <exception cref="Mlx5CommandException">A command failed.</exception>
    public static async Task<Mlx5MigrationDriver?> ProbeAsync(HostKernel kernel, Mlx5PfDriver pf, int index)
    {
        var capabilities = await pf.QueryMigrationAsync();
        return capabilities.Migration ? new Mlx5MigrationDriver(kernel, pf, await pf.QueryVhcaIdAsync(index), capabilities) : null;
    }

    /// <inheritdoc/>
    public async Task<ulong?> StopCopyLengthAsync()
    {
        try
        {
            var state = await ExecuteAsync(
                CommandInput.QueryMigration(_vhcaId, incremental: false, _inChunks), VhcaCommands.QueryOutputSize);
            return VhcaCommands.RemainingTotal.Get(state);
        }
        catch (MigrationStepException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task<MigrationFile?> StepAsync(MigrationState from, MigrationState to)
    {
        switch (from, to)
        {
            case (Running, RunningP2P) or (PreCopy, PreCopyP2P):
                await CommandAsync(CommandOpcode.SuspendVhca, VhcaCommands.SuspendInitiator);
                if (_saving is not null) _saving.IsSuspended = true;
                return null;
            case (RunningP2P, Stop):
                await CommandAsync(CommandOpcode.SuspendVhca, VhcaCommands.SuspendResponder);
                return null;
            case (Stop, RunningP2P):
                await CommandAsync(CommandOpcode.ResumeVhca, VhcaCommands.ResumeResponder);
                return null;
            case (RunningP2P, Running) or (PreCopyP2P, PreCopy):
                await CommandAsync(CommandOpcode.ResumeVhca, VhcaCommands.ResumeInitiator);
                if (_saving is not null) _saving.IsSuspended = false;
                return null;
            case (Stop, StopCopy):
                return await BeginSaveAsync(preCopy: false);
            case (Running, PreCopy) or (RunningP2P, PreCopyP2P):
                return await BeginSaveAsync(preCopy: true, from == RunningP2P);
            case (PreCopyP2P, StopCopy):
                await EndPreCopyStoppedAsync();
                return null;
            case (PreCopy, Running) or (PreCopyP2P, RunningP2P):
                await EndPreCopyAsync(to);
                return null;
            case (Stop, Resuming):
                _loading = new VhcaLoad(_pf, _vhcaId, ExecuteAsync);
                return _loading.File;
            case (StopCopy or Resuming, Stop):
                if (_saving is not null) await _saving.Ended;
                DisableFiles();
                return null;
            default:
                throw new MigrationStepException(Errno.EINVAL);
        }
    }

    /// <inheritdoc/>
    public void ResetDone() => DisableFiles();

    /// <summary>A SUSPEND waits until no SAVE is active: with tracking it would find the VF suspended.</summary>
    private async Task CommandAsync(CommandOpcode opcode, uint opMod)
    {
        if (opcode == CommandOpcode.SuspendVhca && _saving is not null) await _saving.Ended;
        await ExecuteAsync(CommandInput.OnVhca(opcode, opMod, _vhcaId));
    }

    private async Task<MigrationFile> BeginSaveAsync(bool preCopy, bool suspended = false)
    {
        var saving = new VhcaSave(_sim, _pf, _vhcaId, ExecuteAsync, preCopy, _inChunks) { IsSuspended = suspended };
        await saving.BeginAsync();
        return (_saving = saving).File;
    }

    private async Task EndPreCopyStoppedAsync()
    {
        if (_saving is not { } saving) throw new MigrationStepException(Errno.ENODEV);
        await CommandAsync(CommandOpcode.SuspendVhca, VhcaCommands.SuspendResponder);
        try
        {
            await saving.SaveFinalAsync();
        }
        catch (MigrationStepException failure)
        {
            // Back to where the arc began, or nobody knows where.
            saving.File.Disable();
            try
            {
                await CommandAsync(CommandOpcode.ResumeVhca, VhcaCommands.ResumeResponder);
            }
            catch (MigrationStepException)
            {
                throw new MigrationStepException(failure.Error, Error);
            }

            throw;
        }
    }

    /// <summary>The transfer ends whatever became of its images; that one was lost is told by the error, and the VF runs all the
    /// same.</summary>
    private async Task EndPreCopyAsync(MigrationState to)
    {
        if (_saving is not { } saving) return;
        await saving.EndSeriesAsync();
        DisableFiles();
        if (saving.HasFailed) throw new MigrationStepException(Errno.EIO, to);
    }

    private async Task<byte[]> ExecuteAsync(byte[] input, int outputLength = CommandHeader.Size)
    {
        if (_pf.IsDetached) throw new MigrationStepException(Errno.ENOTCONN);
        var reply = await _pf.Commands.TryExecuteAsync(input, outputLength);
        if (_pf.IsDetached) throw new MigrationStepException(Errno.ENOTCONN);
        return reply.IsOk ? reply.Output : throw new MigrationStepException(ErrnoOf(reply));
    }

    /// <summary>As mlx5_core translates statuses.</summary>
    private static Errno ErrnoOf(CommandReply reply) => reply switch
    {
        { TimedOut: true } => Errno.ETIMEDOUT,
        { Delivery: not DeliveryStatus.Ok } or { IsDamaged: true } => Errno.EIO,
        {
            Status: CommandStatus.BadOperation or CommandStatus.BadParameter or CommandStatus.BadResource or CommandStatus.BadResourceState
            or CommandStatus.BadQpState
        } => Errno.EINVAL,
        { Status: CommandStatus.ResourceBusy } => Errno.EBUSY,
        _ => Errno.EIO,
    };

    private void DisableFiles()
    {
        _saving?.File.Disable();
        _loading?.File.Disable();
        (_saving, _loading) = (null, null);
    }
}
