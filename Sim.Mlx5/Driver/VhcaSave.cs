using Sim.Core;
using Sim.Mlx5.Spec;
using Sim.Vfio;
using Sim.Vfio.Migration;

namespace Sim.Mlx5.Driver;

/// <summary>
/// The saving side of one transfer: images that firmware writes into host pages, as records of the data file. In the pre-copy states the
/// first image is whole and the others have what changed; the last one is saved when the VF stands still.
/// </summary>
internal sealed class VhcaSave
{
    private const int SizeRecordBytes = 8;

    private readonly Simulator _sim;
    private readonly Mlx5PfDriver _pf;
    private readonly ushort _vhcaId;
    private readonly VhcaBuffer.Executor _execute;
    private readonly bool _preCopy;
    private readonly bool _inChunks;
    private ulong _appended;

    public VhcaSave(Simulator sim, Mlx5PfDriver pf, ushort vhcaId, VhcaBuffer.Executor execute, bool preCopy, bool inChunks)
    {
        (_sim, _pf, _vhcaId, _execute, _preCopy, _inChunks) = (sim, pf, vhcaId, execute, preCopy, inChunks);
        File = preCopy ? MigrationFile.ForPreCopy(PreCopyInfoAsync) : MigrationFile.ForSaving();
    }

    public MigrationFile File { get; }

    /// <summary>Complete when no SAVE is active.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>The VF's initiator is suspended: nothing is saved until the last image.</summary>
    public bool IsSuspended { get; set; }

    /// <summary>An image was lost: the transfer is worth nothing.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>The first image: begun when this ends; readers of the file wait for its data.</summary>
    public async Task BeginAsync()
    {
        var (bytes, total) = await QueryAsync(incremental: false);
        var record = new byte[VhcaImageRecord.HeaderSize + SizeRecordBytes];
        VhcaImageRecord.Write(record, SizeRecordBytes, VhcaImageRecord.Optional, VhcaImageRecord.StopCopySize);
        BitConverter.TryWriteBytes(record.AsSpan(VhcaImageRecord.HeaderSize), total);
        Append(record);
        await StartAsync(bytes, incremental: false, track: _preCopy);
    }

    /// <summary>The VF stands still: what changed since the last image, and the end of the file.</summary>
    public async Task SaveFinalAsync()
    {
        if (HasFailed) throw new MigrationStepException(Errno.ENODEV);
        await StartAsync((await QueryAsync(incremental: true)).Bytes, incremental: true, track: false);
    }

    /// <summary>Pre-copy is given up: a last save without tracking ends the series, and nobody reads it.</summary>
    public async Task EndSeriesAsync()
    {
        await Ended;
        await StartAsync((await QueryAsync(incremental: false)).Bytes, incremental: false, track: false);
        await Ended;
    }

    private async Task<PreCopyInfo> PreCopyInfoAsync()
    {
        await Ended;
        if (HasFailed) return new(Errno.ENODEV, 0, 0);
        const ulong initial = VhcaImageRecord.HeaderSize + SizeRecordBytes;
        var read = (ulong)File.Position;
        if (read < initial) return new(Errno.None, initial - read, 0);
        try
        {
            var (bytes, changed) = IsSuspended ? (0, 0) : await QueryAsync(incremental: true);
            var pending = _appended - read;
            if (pending == 0 && changed > 0) await StartAsync(bytes, incremental: true, track: true);
            return new(Errno.None, 0, pending + changed);
        }
        catch (MigrationStepException failure)
        {
            return new(failure.Error, 0, 0);
        }
    }

    /// <summary>Bytes that the next SAVE needs, and all of them together.</summary>
    private async Task<(uint Bytes, ulong Total)> QueryAsync(bool incremental)
    {
        var output = await _execute(CommandInput.QueryMigration(_vhcaId, incremental, _inChunks), VhcaCommands.QueryOutputSize);
        return (VhcaCommands.RequiredSize.Get(output), VhcaCommands.RemainingTotal.Get(output));
    }

    private async Task StartAsync(uint bytes, bool incremental, bool track)
    {
        await Ended;

        // Room for a VF that goes on changing: a tenth more, and always a page.
        var buffer = await VhcaBuffer.CreateAsync(_pf, Math.Max(1, bytes + (bytes / 10)), _execute);
        Ended = _sim.Start($"mlx5_vfio_pci {_vhcaId:x} saves", () => SaveAsync(buffer, incremental, track));
    }

    private async Task SaveAsync(VhcaBuffer buffer, bool incremental, bool track)
    {
        try
        {
            // What comes after the first chunk is asked for as an increment.
            uint left;
            do
            {
                var output = await _execute(CommandInput.SaveVhca(_vhcaId, buffer.Mkey, (uint)buffer.Capacity, incremental, track));
                incremental = true;
                var image = buffer.Read((int)VhcaCommands.ActualSize.Get(output));
                var header = new byte[VhcaImageRecord.HeaderSize];
                VhcaImageRecord.Write(header, (ulong)image.Length, 0, VhcaImageRecord.FirmwareImage);
                Append(header);
                Append(image);
                left = VhcaCommands.NextRequiredSize.Get(output);
            }
            while (left > 0);

            if (track) File.EndPreCopyData();
            else File.Complete();
        }
        catch (MigrationStepException)
        {
            // Who reads gets ENODEV: the stream failed, the state stays.
            HasFailed = true;
            File.Disable();
        }

        await buffer.DestroyAsync(_execute);
    }

    private void Append(byte[] data)
    {
        File.Append(data);
        _appended += (ulong)data.Length;
    }
}
