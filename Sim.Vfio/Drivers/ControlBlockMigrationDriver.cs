using System.Buffers.Binary;
using Sim.Core;
using Sim.Pcie.Spec;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using static Sim.Vfio.Migration.MigrationState;

namespace Sim.Vfio.Drivers;

/// <summary>
/// The variant driver of devices with a <see cref="MigrationControlBlock"/>: commands, image and write log cross the bus as stores and
/// loads of the upper half of BAR0, which users do not see. What the device does not offer, it does not offer either. Its data is a
/// sequence of whole images, each after its length; the last one counts.
/// </summary>
public sealed partial class ControlBlockMigrationDriver : IVariantDriver
{
    private const int Bar = 0;
    private const int LengthBytes = 8;
    private const uint AllOnes = uint.MaxValue;
    private static readonly SimDuration PollInterval = SimDuration.FromMicroseconds(1);

    private readonly HostKernel _kernel;
    private readonly ulong _base;
    private readonly SimDuration _patience;
    private readonly HostMutex _window = new();
    private MigrationFile? _file;
    private MemoryStream? _incoming;
    private int _firstImageEnd;

    private ControlBlockMigrationDriver(
        HostKernel kernel, ulong address, MigrationFeatures features, bool hasLog, SimDuration patience)
    {
        (_kernel, _base, Features, _patience) = (kernel, address, features, patience);
        DirtyLog = hasLog ? new WriteLog(this) : null;
    }

    /// <inheritdoc/>
    public string Name => "ctrlblk_vfio_pci";

    /// <inheritdoc/>
    public MigrationFeatures Features { get; }

    /// <inheritdoc/>
    public IDirtyLogDriver? DirtyLog { get; }

    /// <summary>Makes the driver of one Function, asking the device what it can do.</summary>
    /// <param name="kernel">The host.</param>
    /// <param name="function">The Function, with the block in its BAR0.</param>
    /// <param name="patience">How long a command may take until the arc fails with EBUSY; 10 ms by default.</param>
    public static async Task<ControlBlockMigrationDriver> ProbeAsync(HostKernel kernel, PciFunction function, SimDuration? patience = null)
    {
        var address = function.Discovered.Bars.First(b => b.Index == Bar).Address;
        var bits = (await kernel.Root.LoadAsync(address + MigrationControlBlock.Features, 4)).Value;
        var features = MigrationFeatures.StopCopy
            | ((bits & MigrationControlBlock.PeerToPeerState) != 0 ? MigrationFeatures.P2P : 0)
            | ((bits & MigrationControlBlock.PreCopyState) != 0 ? MigrationFeatures.PreCopy : 0);
        var hasLog = (bits & MigrationControlBlock.WriteLog) != 0;
        return new(kernel, address, features, hasLog, patience ?? SimDuration.FromMilliseconds(10));
    }

    /// <inheritdoc/>
    public ulong? UserBarBytes(int bar) => bar == Bar ? MigrationControlBlock.Base : null;

    /// <inheritdoc/>
    public async Task<ulong?> StopCopyLengthAsync() => LengthBytes + await ReadAsync(MigrationControlBlock.ImageLength);

    /// <inheritdoc/>
    public async Task<MigrationFile?> StepAsync(MigrationState from, MigrationState to)
    {
        switch (from, to)
        {
            case (Running, RunningP2P) or (PreCopy, PreCopyP2P):
                await CommandAsync(MigrationControlBlock.SuspendInitiator);
                return null;
            case (RunningP2P, Stop):
                await CommandAsync(MigrationControlBlock.SuspendResponder);
                return null;
            case (Running, Stop):
                await StopAsync();
                return null;
            case (Stop, RunningP2P):
                await CommandAsync(MigrationControlBlock.ResumeResponder);
                return null;
            case (RunningP2P, Running) or (PreCopyP2P, PreCopy):
                await CommandAsync(MigrationControlBlock.ResumeInitiator);
                return null;
            case (Stop, Running):
                await BothAsync(
                    MigrationControlBlock.ResumeResponder, MigrationControlBlock.ResumeInitiator, MigrationControlBlock.SuspendResponder);
                return null;
            case (Stop, StopCopy):
                return await SaveAsync(_file = MigrationFile.ForSaving(), complete: true);
            case (Running, PreCopy) or (RunningP2P, PreCopyP2P):
                return await BeginPreCopyAsync();
            case (PreCopyP2P, StopCopy):
                await CommandAsync(MigrationControlBlock.SuspendResponder);
                await EndPreCopyAsync(MigrationControlBlock.ResumeResponder);
                return null;
            case (PreCopy, StopCopy):
                await StopAsync();
                await EndPreCopyAsync(MigrationControlBlock.ResumeResponder, MigrationControlBlock.ResumeInitiator);
                return null;
            case (Stop, Resuming):
                _incoming = new();
                return _file = MigrationFile.ForResuming(Receive);
            case (Resuming, Stop):
                await LoadAsync();
                DisableFile();
                return null;
            case (StopCopy, Stop) or (PreCopy, Running) or (PreCopyP2P, RunningP2P):
                DisableFile();
                return null;
            default:
                throw new MigrationStepException(Errno.EINVAL);
        }
    }

    /// <inheritdoc/>
    public void ResetDone() => DisableFile();

    private Task StopAsync() => BothAsync(
        MigrationControlBlock.SuspendInitiator, MigrationControlBlock.SuspendResponder, MigrationControlBlock.ResumeInitiator);

    /// <summary>Two commands in one arc: where the second fails, the first is undone, or the device is in no state that has a
    /// name.</summary>
    private async Task BothAsync(uint first, uint second, uint undoFirst)
    {
        await CommandAsync(first);
        try
        {
            await CommandAsync(second);
        }
        catch (MigrationStepException failure)
        {
            await UndoAsync(failure, undoFirst);
            throw;
        }
    }

    private async Task UndoAsync(MigrationStepException failure, params uint[] commands)
    {
        if (failure.Leaves == Error) return;
        try
        {
            foreach (var command in commands) await CommandAsync(command);
        }
        catch (MigrationStepException)
        {
            throw new MigrationStepException(failure.Error, Error);
        }
    }

    private async Task CommandAsync(uint command)
    {
        _kernel.Root.Store(_base + MigrationControlBlock.Command, command, 4);
        var deadline = _kernel.Sim.Now + _patience;
        while (true)
        {
            var status = await ReadAsync(MigrationControlBlock.Status);
            if (status == AllOnes) throw new MigrationStepException(Errno.EIO, Error);
            if ((status & MigrationControlBlock.Busy) == 0)
            {
                if ((status & MigrationControlBlock.Failed) != 0) throw new MigrationStepException(Errno.EIO);
                return;
            }

            // A command under way cannot be taken back: which state it ends in, nobody knows.
            if (_kernel.Sim.Now >= deadline) throw new MigrationStepException(Errno.EBUSY, Error);
            await _kernel.Sim.Delay(PollInterval);
        }
    }

    private async Task<MigrationFile> BeginPreCopyAsync()
    {
        var file = _file = MigrationFile.ForPreCopy(PreCopyInfoAsync);
        await SaveAsync(file, complete: false);
        _firstImageEnd = file.Pending;
        file.EndPreCopyData();
        return file;
    }

    private async Task<PreCopyInfo> PreCopyInfoAsync()
    {
        var file = _file!;
        try
        {
            if (file.Pending == 0 && await ReadAsync(MigrationControlBlock.ImageChanged) == 1)
            {
                await SaveAsync(file, complete: false);
                file.EndPreCopyData();
            }
        }
        catch (MigrationStepException failure)
        {
            return new(failure.Error, 0, 0);
        }

        var initial = Math.Max(0, _firstImageEnd - file.Position);
        return new(Errno.None, (ulong)initial, (ulong)(file.Pending - initial));
    }

    private async Task EndPreCopyAsync(params uint[] undo)
    {
        try
        {
            await SaveAsync(_file!, complete: true);
        }
        catch (MigrationStepException failure)
        {
            await UndoAsync(failure, undo);
            throw;
        }
    }

    private async Task<MigrationFile> SaveAsync(MigrationFile file, bool complete)
    {
        using var held = await _window.LockAsync();
        await CommandAsync(MigrationControlBlock.Save);
        var length = (int)await ReadAsync(MigrationControlBlock.ImageLength);
        if (length is < 0 or > MigrationControlBlock.ImageSize) throw new MigrationStepException(Errno.EIO, Error);
        var image = await ReadWindowAsync(length);
        var header = new byte[LengthBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)length);
        file.Append(header);
        file.Append(image.AsSpan(0, length));
        if (complete) file.Complete();
        return file;
    }

    private async Task<byte[]> ReadWindowAsync(int length)
    {
        var bytes = new byte[(length + 7) & ~7];
        for (var at = 0; at < length; at += 8)
        {
            var load = await _kernel.Root.LoadAsync(_base + (ulong)(MigrationControlBlock.Image + at), 8);
            if (!load.Succeeded) throw new MigrationStepException(Errno.EIO, Error);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), load.Value);
        }

        return bytes;
    }

    private Task<Errno> Receive(ReadOnlyMemory<byte> data)
    {
        _incoming!.Write(data.Span);
        return Task.FromResult(Errno.None);
    }

    /// <summary>The last whole image that was written; nothing written means nothing to load: a user may leave RESUMING without.</summary>
    private async Task LoadAsync()
    {
        ReadOnlyMemory<byte> rest = _incoming!.ToArray();
        ReadOnlyMemory<byte> image = default;
        while (rest.Length > 0)
        {
            var length = rest.Length < LengthBytes ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(rest.Span);
            if (length is 0 or > MigrationControlBlock.ImageSize || (int)length > rest.Length - LengthBytes)
                throw new MigrationStepException(Errno.EINVAL);
            image = rest.Slice(LengthBytes, (int)length);
            rest = rest[(LengthBytes + (int)length)..];
        }

        if (image.Length == 0) return;
        using var held = await _window.LockAsync();
        var padded = new byte[(image.Length + 7) & ~7];
        image.CopyTo(padded);
        for (var at = 0; at < padded.Length; at += 8)
            _kernel.Root.Store(_base + (ulong)(MigrationControlBlock.Image + at), padded.AsSpan(at, 8));
        _kernel.Root.Store(_base + MigrationControlBlock.ImageLength, (uint)image.Length, 4);
        await CommandAsync(MigrationControlBlock.Load);
    }

    private async Task<uint> ReadAsync(int register)
    {
        var load = await _kernel.Root.LoadAsync(_base + (ulong)register, 4);
        return (uint)load.Value;
    }

    private void DisableFile()
    {
        _file?.Disable();
        (_file, _incoming) = (null, null);
    }
}
