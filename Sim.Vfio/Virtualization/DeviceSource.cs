using Sim.Vfio.Migration;

namespace Sim.Vfio.Virtualization;

/// <summary>One device on its way out of a host, as a VMM moves it: the calls of one uAPI behind the steps of a migration.</summary>
internal abstract class DeviceSource(AssignedDevice assigned)
{
    private readonly MemoryStream _image = new();

    /// <summary>The device.</summary>
    public AssignedDevice Assigned => assigned;

    /// <summary>Bytes read of its image so far.</summary>
    public long ImageBytes => _image.Length;

    /// <summary>Bytes of it that have left the host.</summary>
    public long SentBytes { get; set; }

    /// <summary>Everything read of its image.</summary>
    public byte[] Image => _image.ToArray();

    /// <summary>Whether its initiator can be stopped alone.</summary>
    public abstract bool StopsInitiatorAlone { get; }

    protected VfioMigration Migration => assigned.Device.Migration!;

    public static DeviceSource Of(AssignedDevice assigned, LiveMigrationOptions options) => options.Uapi == MigrationUapi.V2
        ? new DeviceSourceV2(assigned, options.DevicePreCopy)
        : new DeviceSourceV1(assigned, options.Uapi == MigrationUapi.V1Lazy ? V1Freeze.AtFirstPendingRead : V1Freeze.AtStateWrite);

    /// <summary>The first image begins, where the device can make one.</summary>
    public abstract Task<Errno> BeginAsync();

    /// <summary>Reads what the running device has to say.</summary>
    /// <returns>What is left to say, as of now.</returns>
    public abstract Task<(Errno Error, ulong Left)> IterateAsync();

    /// <summary>The device issues nothing more.</summary>
    public abstract Task<Errno> StopInitiatorAsync();

    /// <summary>The device stands.</summary>
    public abstract Task<Errno> StopAsync();

    /// <summary>All of the image that was not read yet.</summary>
    public abstract Task<Errno> SaveAsync();

    /// <summary>The migration failed: the device runs again, by a reset where nothing else helps.</summary>
    public async Task<Errno> RecoverAsync() =>
        await ResumeAsync() == Errno.None ? Errno.None : await assigned.Device.ResetAsync();

    protected abstract Task<Errno> ResumeAsync();

    /// <summary>Reads to the end of what there is.</summary>
    protected async Task<Errno> DrainAsync(Func<Memory<byte>, Task<FileResult>> read)
    {
        var chunk = new byte[4096];
        while (true)
        {
            var result = await read(chunk);
            if (result.Error != Errno.None || result.Bytes == 0) return result.Error;
            _image.Write(chunk, 0, result.Bytes);
        }
    }
}

/// <summary>By states and arcs.</summary>
internal sealed class DeviceSourceV2(AssignedDevice assigned, bool preCopy) : DeviceSource(assigned)
{
    private MigrationFile? _file;

    public override bool StopsInitiatorAlone => Migration.Features.HasFlag(MigrationFeatures.P2P);

    public override async Task<Errno> BeginAsync()
    {
        if (!preCopy || !Migration.Features.HasFlag(MigrationFeatures.PreCopy)) return Errno.None;
        var result = await Migration.SetStateAsync(MigrationState.PreCopy);
        _file = result.File;
        return result.Error;
    }

    public override async Task<(Errno Error, ulong Left)> IterateAsync()
    {
        if (_file is null) return (Errno.None, 0);
        var info = await _file.GetPreCopyInfoAsync();
        if (info.Error != Errno.None) return (info.Error, 0);
        var error = await DrainAsync(b => _file.ReadAsync(b));
        if (error != Errno.ENOMSG) return (error, 0);
        info = await _file.GetPreCopyInfoAsync();
        return (info.Error, info.InitialBytes + info.DirtyBytes);
    }

    public override async Task<Errno> StopInitiatorAsync() =>
        (await Migration.SetStateAsync(_file is null ? MigrationState.RunningP2P : MigrationState.PreCopyP2P)).Error;

    /// <summary>From PRE_COPY a device goes on to STOP_COPY: by way of STOP its first image would be lost.</summary>
    public override async Task<Errno> StopAsync() =>
        (await Migration.SetStateAsync(_file is null ? MigrationState.Stop : MigrationState.StopCopy)).Error;

    public override async Task<Errno> SaveAsync()
    {
        if (_file is null)
        {
            var result = await Migration.SetStateAsync(MigrationState.StopCopy);
            if (result.Error != Errno.None) return result.Error;
            _file = result.File;
        }

        return await DrainAsync(b => _file!.ReadAsync(b));
    }

    protected override async Task<Errno> ResumeAsync() => (await Migration.SetStateAsync(MigrationState.Running)).Error;
}

/// <summary>By the bits of 2021.</summary>
internal sealed class DeviceSourceV1(AssignedDevice assigned, V1Freeze freeze) : DeviceSource(assigned)
{
    private readonly MigrationRegionV1 _region = new(assigned.Device.Migration!, freeze, hasNdma: true);

    public override bool StopsInitiatorAlone => _region.HasNdma;

    public override Task<Errno> BeginAsync() => _region.WriteStateAsync(MigrationV1Bits.Saving | MigrationV1Bits.Running);

    public override async Task<(Errno Error, ulong Left)> IterateAsync()
    {
        var error = await DrainAsync(_region.ReadDataAsync);
        return error != Errno.None ? (error, 0) : await _region.ReadPendingBytesAsync();
    }

    public override Task<Errno> StopInitiatorAsync() =>
        _region.WriteStateAsync(MigrationV1Bits.Saving | MigrationV1Bits.Running | MigrationV1Bits.Ndma);

    public override Task<Errno> StopAsync() => _region.WriteStateAsync(MigrationV1Bits.Saving);

    public override async Task<Errno> SaveAsync()
    {
        while (true)
        {
            var (error, pending) = await _region.ReadPendingBytesAsync();
            if (error != Errno.None || pending == 0) return error;
            error = await DrainAsync(_region.ReadDataAsync);
            if (error != Errno.None) return error;
        }
    }

    protected override Task<Errno> ResumeAsync() => _region.WriteStateAsync(MigrationV1Bits.Running);
}
