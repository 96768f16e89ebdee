using Sim.Core;
using Sim.Vfio.Migration;

namespace Sim.Vfio.Virtualization;

/// <summary>
/// The source side of a migration: pre-copy of memory, vCPU stop, devices to P2P and STOP, device images, the last dirty pages. The
/// destination is <see cref="IncomingMigration"/>, on another host in another simulator: it gets bytes.
/// </summary>
public sealed class LiveMigration(Vmm vmm, LiveMigrationOptions? options = null)
{
    private const int ChunkBytes = 4096;

    private readonly LiveMigrationOptions _options = options ?? new();
    private readonly List<int> _pagesPerRound = [];

    private Simulator Sim => vmm.Kernel.Sim;

    /// <summary>Migrates. On success the guest stands at the source, its devices in STOP_COPY; on failure it runs on where it
    /// can.</summary>
    public async Task<LiveMigrationResult> RunAsync()
    {
        var result = new LiveMigrationResult { Begun = Sim.Now };
        if (Blocker() is { } blocker) return result with { Error = Errno.EOPNOTSUPP, Failure = blocker };
        var stream = new MigrationStream.Writer(vmm.Memory.Bytes);
        await PreCopyAsync(stream);
        if (!_options.VcpusStopLast) await vmm.PauseAsync();
        result = result with { GuestStopped = Sim.Now };
        if (await StopDevicesAsync() is { } failed) return await RecoverAsync(result, failed);
        result = result with { DevicesStopped = Sim.Now };
        if (_options.TakesReference)
        {
            // By the same arcs as the real images; STOP -> STOP_COPY -> STOP leaves the device as it was.
            var (references, referenceFailure) = await SaveDevicesAsync();
            if (referenceFailure is { } failure) return await RecoverAsync(result, failure);
            if (await SetAllAsync(MigrationState.Stop) is { } stopFailure) return await RecoverAsync(result, stopFailure);
            result = result with { DevicesStopped = Sim.Now, SwitchOver = GuestSnapshot.Of(vmm, references) };
        }

        await Sim.Delay(_options.StopWindow);
        if (_options.VcpusStopLast)
        {
            await vmm.PauseAsync();
            result = result with { GuestStopped = Sim.Now, SwitchOver = GuestSnapshot.Of(vmm, result.SwitchOver?.Images ?? []) };
        }

        if (vmm.Aborted is { } reason) return result with { Error = Errno.EIO, Failure = reason };
        var (images, imageFailure) = await SaveDevicesAsync();
        if (vmm.Kernel.Outcome.IsPanicked) return result with { Error = Errno.EIO, Failure = "the host is lost" };
        if (imageFailure is { } lost) return await RecoverAsync(result, lost);
        result = result with { FinalBitmap = Sim.Now, ImageBytes = images.Sum(i => i.Length) };
        var last = await vmm.TakeDirtyPagesAsync();
        await SendPagesAsync(stream, _options.PreCopyRounds == 0 ? vmm.Memory.PopulatedPages() : last);
        _options.Saved?.Invoke();
        var bytes = await FinishAsync(stream, images);
        result = result with { Stream = bytes, Completed = Sim.Now };
        await Sim.Delay(_options.AfterWindow);
        return result with { LatePages = [.. await vmm.TakeDirtyPagesAsync()], PagesPerRound = _pagesPerRound };
    }

    private string? Blocker()
    {
        if (vmm.Aborted is { } reason) return reason;
        if (vmm.Devices.Any(d => d.Device.Migration is null)) return "VFIO device doesn't support migration";
        var allP2P = vmm.Devices.All(d => d.Device.Migration!.Features.HasFlag(MigrationFeatures.P2P));
        return _options.BlockWithoutP2P && vmm.Devices.Count > 1 && !allP2P
            ? "Multiple VFIO devices migration is supported only if all of them support P2P migration"
            : null;
    }

    private async Task PreCopyAsync(MigrationStream.Writer stream)
    {
        for (var round = 0; round < _options.PreCopyRounds; round++)
        {
            // Read and clear first: what is written while the round is sent goes into the next one.
            var dirty = await vmm.TakeDirtyPagesAsync();
            await SendPagesAsync(stream, round == 0 ? vmm.Memory.PopulatedPages() : dirty);
        }
    }

    private async Task SendPagesAsync(MigrationStream.Writer stream, IEnumerable<ulong> pages)
    {
        var count = 0;
        foreach (var page in pages)
        {
            stream.Page(page, vmm.Memory.CopyPage(page));
            await SendAsync(GuestMemory.PageBytes);
            count++;
        }

        _pagesPerRound.Add(count);
    }

    private async Task SendAsync(int bytes)
    {
        if (_options.Bandwidth is { } rate) await Sim.Delay(rate.TimeFor(bytes));
    }

    private async Task<string?> StopDevicesAsync()
    {
        if (_options.Order == StopOrder.Sequential) return await SetAllAsync(MigrationState.Stop);
        return await SetAllAsync(MigrationState.RunningP2P, MigrationFeatures.P2P) ?? await SetAllAsync(MigrationState.Stop);
    }

    private async Task<string?> SetAllAsync(MigrationState state, MigrationFeatures need = MigrationFeatures.StopCopy)
    {
        foreach (var assigned in vmm.Devices)
        {
            if (!assigned.Device.Migration!.Features.HasFlag(need)) continue;
            var result = await assigned.Device.Migration.SetStateAsync(state);
            if (result.Error != Errno.None) return $"{assigned.Device.Function.Id} to {state}: {result.Error}, now {result.State}";
        }

        return null;
    }

    private async Task<(List<byte[]> Images, string? Failure)> SaveDevicesAsync()
    {
        List<byte[]> images = [];
        foreach (var assigned in vmm.Devices)
        {
            var (image, error) = await DeviceImages.SaveAsync(assigned.Device.Migration!, ChunkBytes);
            if (error != Errno.None) return (images, $"image of {assigned.Device.Function.Id}: {error}");
            images.Add(image);
        }

        return (images, null);
    }

    private async Task<byte[]> FinishAsync(MigrationStream.Writer stream, List<byte[]> images)
    {
        for (var device = 0; device < images.Count; device++)
        {
            stream.Image(device, images[device]);
            await SendAsync(images[device].Length);
        }

        foreach (var (device, vector) in vmm.Cpu.PendingInterrupts) stream.Interrupt(device, vector);
        stream.Cpu(vmm.Cpu.Program.Save());
        return stream.Finish();
    }

    /// <summary>As QEMU does: devices back to RUNNING, by reset where they refuse, and the guest goes on.</summary>
    private async Task<LiveMigrationResult> RecoverAsync(LiveMigrationResult result, string failure)
    {
        foreach (var assigned in vmm.Devices)
        {
            if (vmm.Kernel.Outcome.IsPanicked) break;
            var back = await assigned.Device.Migration!.SetStateAsync(MigrationState.Running);
            if (back.Error != Errno.None && await assigned.Device.ResetAsync() != Errno.None)
                vmm.Abort($"{assigned.Device.Function.Id} is lost");
        }

        if (vmm.Aborted is null) vmm.Run();
        return result with { Error = Errno.EIO, Failure = failure, PagesPerRound = _pagesPerRound };
    }
}
