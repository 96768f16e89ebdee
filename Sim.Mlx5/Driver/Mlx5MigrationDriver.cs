using Sim.Core;
using Sim.Mlx5.Spec;
using Sim.Vfio;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using static Sim.Vfio.Migration.MigrationState;

namespace Sim.Mlx5.Driver;

/// <summary>
/// mlx5_vfio_pci: carries out migration arcs of a VF by commands on its PF's command queue. Images move through keys of the PF. It offers
/// STOP_COPY
/// and P2P; PRE_COPY needs incremental images, which this firmware does not make.
/// </summary>
public sealed class Mlx5MigrationDriver : IVariantDriver
{
    private const ulong MaxImage = 8 << 20;

    private readonly Simulator _sim;
    private readonly Mlx5PfDriver _pf;
    private readonly ushort _vhcaId;
    private readonly List<byte> _incoming = [];
    private MigrationFile? _file;
    private Task _saving = Task.CompletedTask;

    private Mlx5MigrationDriver(HostKernel kernel, Mlx5PfDriver pf, ushort vhcaId)
    {
        (_sim, _pf, _vhcaId) = (kernel.Sim, pf, vhcaId);
        pf.Detached += DisableFile;
    }

    /// <inheritdoc/>
    public string Name => "mlx5_vfio_pci";

    /// <inheritdoc/>
    public MigrationFeatures Features => MigrationFeatures.StopCopy | MigrationFeatures.P2P;

    /// <summary>The VF's vhca_id, by which commands name it.</summary>
    public ushort VhcaId => _vhcaId;

    /// <summary>Makes the driver of one VF.</summary>
    /// <param name="kernel">The host.</param>
    /// <param name="pf">The driver of its PF.</param>
    /// <param name="index">Index of the VF, from 0.</param>
    /// <returns>Null where the PF does not offer migration.</returns>
    /// <exception cref="Mlx5CommandException">A command failed.</exception>
    public static async Task<Mlx5MigrationDriver?> ProbeAsync(HostKernel kernel, Mlx5PfDriver pf, int index) =>
        await pf.QueryMigrationAsync() ? new Mlx5MigrationDriver(kernel, pf, await pf.QueryVhcaIdAsync(index)) : null;

    /// <inheritdoc/>
    public async Task<MigrationFile?> StepAsync(MigrationState from, MigrationState to)
    {
        switch (from, to)
        {
            case (Running, RunningP2P):
                await CommandAsync(CommandOpcode.SuspendVhca, VhcaCommands.SuspendInitiator);
                return null;
            case (RunningP2P, Stop):
                await CommandAsync(CommandOpcode.SuspendVhca, VhcaCommands.SuspendResponder);
                return null;
            case (Stop, RunningP2P):
                await CommandAsync(CommandOpcode.ResumeVhca, VhcaCommands.ResumeResponder);
                return null;
            case (RunningP2P, Running):
                await CommandAsync(CommandOpcode.ResumeVhca, VhcaCommands.ResumeInitiator);
                return null;
            case (Stop, StopCopy):
                return await BeginSaveAsync();
            case (Stop, Resuming):
                _incoming.Clear();
                return _file = MigrationFile.ForResuming(ReceiveAsync);
            case (StopCopy, Stop):
            case (Resuming, Stop):
                await _saving;
                DisableFile();
                return null;
            default:
                throw new MigrationStepException(Errno.EINVAL);
        }
    }

    /// <inheritdoc/>
    public void ResetDone() => DisableFile();

    private async Task<byte[]> CommandAsync(CommandOpcode opcode, uint opMod, int outputLength = CommandHeader.Size) =>
        await ExecuteAsync(CommandInput.OnVhca(opcode, opMod, _vhcaId), outputLength);

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

    /// <summary>The arc ends when the command is on its way; readers of the file wait for its data.</summary>
    private async Task<MigrationFile> BeginSaveAsync()
    {
        var state = await CommandAsync(CommandOpcode.QueryVhcaMigrationState, 0, VhcaCommands.QueryOutputSize);
        var buffer = await VhcaBuffer.CreateAsync(_pf, VhcaCommands.RequiredSize.Get(state), ExecuteAsync);
        var file = _file = MigrationFile.ForSaving();
        _saving = _sim.Start($"{Name} {_vhcaId:x} saves", () => SaveAsync(file, buffer));
        return file;
    }

    private async Task SaveAsync(MigrationFile file, VhcaBuffer buffer)
    {
        try
        {
            var output = await ExecuteAsync(
                CommandInput.TransferVhca(CommandOpcode.SaveVhcaState, _vhcaId, buffer.Mkey, (uint)buffer.Capacity));
            var image = buffer.Read((int)VhcaCommands.ActualSize.Get(output));
            var header = new byte[VhcaImageRecord.HeaderSize];
            VhcaImageRecord.Write(header, (ulong)image.Length, 0, VhcaImageRecord.FirmwareImage);
            file.Append(header);
            file.Append(image);
            file.Complete();
        }
        catch (MigrationStepException)
        {
            // Who reads gets ENODEV: the stream failed, the state stays.
            file.Disable();
        }

        await buffer.DestroyAsync(ExecuteAsync);
    }

    /// <summary>Data written by the user: every whole record is loaded at once.</summary>
    private async Task<Errno> ReceiveAsync(ReadOnlyMemory<byte> data)
    {
        _incoming.AddRange(data.Span);
        while (_incoming.Count >= VhcaImageRecord.HeaderSize)
        {
            var (size, flags, tag) = VhcaImageRecord.Read([.. _incoming[..VhcaImageRecord.HeaderSize]]);
            if (size is 0 or > MaxImage) return Errno.EINVAL;
            if (_incoming.Count < VhcaImageRecord.HeaderSize + (int)size) return Errno.None;
            var record = _incoming.GetRange(VhcaImageRecord.HeaderSize, (int)size).ToArray();
            _incoming.RemoveRange(0, VhcaImageRecord.HeaderSize + (int)size);
            if (tag == VhcaImageRecord.FirmwareImage)
            {
                if (await LoadAsync(record) is var error and not Errno.None) return error;
            }
            else if (tag != VhcaImageRecord.StopCopySize && (flags & VhcaImageRecord.Optional) == 0)
            {
                return Errno.EOPNOTSUPP;
            }
        }

        return Errno.None;
    }

    private async Task<Errno> LoadAsync(byte[] image)
    {
        try
        {
            var buffer = await VhcaBuffer.CreateAsync(_pf, (uint)image.Length, ExecuteAsync);
            buffer.Write(image);
            try
            {
                await ExecuteAsync(CommandInput.TransferVhca(CommandOpcode.LoadVhcaState, _vhcaId, buffer.Mkey, (uint)image.Length));
            }
            finally
            {
                await buffer.DestroyAsync(ExecuteAsync);
            }

            return Errno.None;
        }
        catch (MigrationStepException failure)
        {
            return failure.Error;
        }
    }

    private void DisableFile()
    {
        _file?.Disable();
        _file = null;
        _incoming.Clear();
    }
}
