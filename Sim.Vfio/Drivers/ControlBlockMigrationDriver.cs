using System.Buffers.Binary;
using Sim.Core;
using Sim.Pcie.Spec;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using static Sim.Vfio.Migration.MigrationState;

namespace Sim.Vfio.Drivers;

/// <summary>
/// The variant driver of devices with a <see cref="MigrationControlBlock"/>: commands and image cross the bus as stores and loads of the
/// upper
/// half of BAR0, which users do not see. No PRE_COPY; the P2P states where the device can suspend its initiator alone.
/// </summary>
public sealed class ControlBlockMigrationDriver : IVariantDriver
{
    private const int Bar = 0;
    private const uint AllOnes = uint.MaxValue;
    private static readonly SimDuration PollInterval = SimDuration.FromMicroseconds(1);

    private readonly HostKernel _kernel;
    private readonly ulong _base;
    private readonly SimDuration _patience;
    private MigrationFile? _file;
    private MemoryStream? _incoming;

    private ControlBlockMigrationDriver(HostKernel kernel, ulong address, MigrationFeatures features, SimDuration patience) =>
        (_kernel, _base, Features, _patience) = (kernel, address, features, patience);

    /// <inheritdoc/>
    public string Name => "ctrlblk_vfio_pci";

    /// <inheritdoc/>
    public MigrationFeatures Features { get; }

    /// <summary>Makes the driver of one Function, asking the device what it can do.</summary>
    /// <param name="kernel">The host.</param>
    /// <param name="function">The Function, with the block in its BAR0.</param>
    /// <param name="patience">How long a command may take until the arc fails with EBUSY; 10 ms by default.</param>
    public static async Task<ControlBlockMigrationDriver> ProbeAsync(HostKernel kernel, PciFunction function, SimDuration? patience = null)
    {
        var address = function.Discovered.Bars.First(b => b.Index == Bar).Address;
        var features = (await kernel.Root.LoadAsync(address + MigrationControlBlock.Features, 4)).Value;
        var p2p = (features & MigrationControlBlock.PeerToPeerState) != 0 ? MigrationFeatures.P2P : MigrationFeatures.None;
        return new(kernel, address, MigrationFeatures.StopCopy | p2p, patience ?? SimDuration.FromMilliseconds(10));
    }

    /// <inheritdoc/>
    public ulong? UserBarBytes(int bar) => bar == Bar ? MigrationControlBlock.Base : null;

    /// <inheritdoc/>
    public async Task<MigrationFile?> StepAsync(MigrationState from, MigrationState to)
    {
        switch (from, to)
        {
            case (Running, RunningP2P):
                await CommandAsync(MigrationControlBlock.SuspendInitiator);
                return null;
            case (RunningP2P, Stop):
                await CommandAsync(MigrationControlBlock.SuspendResponder);
                return null;
            case (Running, Stop):
                await CommandAsync(MigrationControlBlock.SuspendInitiator);
                await CommandAsync(MigrationControlBlock.SuspendResponder);
                return null;
            case (Stop, RunningP2P):
                await CommandAsync(MigrationControlBlock.ResumeResponder);
                return null;
            case (RunningP2P, Running):
                await CommandAsync(MigrationControlBlock.ResumeInitiator);
                return null;
            case (Stop, Running):
                await CommandAsync(MigrationControlBlock.ResumeResponder);
                await CommandAsync(MigrationControlBlock.ResumeInitiator);
                return null;
            case (Stop, StopCopy):
                return await SaveAsync();
            case (Stop, Resuming):
                _incoming = new();
                return _file = MigrationFile.ForResuming(Receive);
            case (Resuming, Stop):
                await LoadAsync();
                DisableFile();
                return null;
            case (StopCopy, Stop):
                DisableFile();
                return null;
            default:
                throw new MigrationStepException(Errno.EINVAL);
        }
    }

    /// <inheritdoc/>
    public void ResetDone() => DisableFile();

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

            if (_kernel.Sim.Now >= deadline) throw new MigrationStepException(Errno.EBUSY);
            await _kernel.Sim.Delay(PollInterval);
        }
    }

    private async Task<MigrationFile> SaveAsync()
    {
        await CommandAsync(MigrationControlBlock.Save);
        var length = (int)await ReadAsync(MigrationControlBlock.ImageLength);
        if (length is < 0 or > MigrationControlBlock.ImageSize) throw new MigrationStepException(Errno.EIO, Error);
        var image = new byte[(length + 7) & ~7];
        for (var at = 0; at < length; at += 8)
        {
            var load = await _kernel.Root.LoadAsync(_base + (ulong)(MigrationControlBlock.Image + at), 8);
            if (!load.Succeeded) throw new MigrationStepException(Errno.EIO, Error);
            BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(at), load.Value);
        }

        _file = MigrationFile.ForSaving();
        _file.Append(image.AsSpan(0, length));
        _file.Complete();
        return _file;
    }

    private Task<Errno> Receive(ReadOnlyMemory<byte> data)
    {
        if (_incoming!.Length + data.Length > MigrationControlBlock.ImageSize) return Task.FromResult(Errno.EINVAL);
        _incoming.Write(data.Span);
        return Task.FromResult(Errno.None);
    }

    /// <summary>Nothing written means nothing to load: a user may leave RESUMING without an image.</summary>
    private async Task LoadAsync()
    {
        var image = _incoming!.ToArray();
        if (image.Length == 0) return;
        var padded = new byte[(image.Length + 7) & ~7];
        image.CopyTo(padded, 0);
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
