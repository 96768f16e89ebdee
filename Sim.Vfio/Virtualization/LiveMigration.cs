using Sim.Core;
using Sim.Pcie.Topology;
using Sim.Vfio.Migration;

namespace Sim.Vfio.Virtualization;

/// <summary>
/// The source side of a migration: rounds of memory and first device images while the guest runs, vCPU stop, devices to P2P and STOP,
/// device images, the last dirty pages. The destination is <see cref="IncomingMigration"/>, on another host in another simulator: it gets
/// bytes.
/// </summary>
public sealed class LiveMigration(Vmm vmm, LiveMigrationOptions? options = null)
{
    private const int ChunkBytes = 4096;

    private readonly LiveMigrationOptions _options = options ?? new();
    private readonly DirtyPages _dirty = new(vmm, options?.Tracker ?? DirtyTracker.Iommu);
    private readonly List<DeviceSource> _devices = [];
    private readonly List<int> _pagesPerRound = [];
    private readonly List<MigrationSample> _samples = [];
    private readonly SortedSet<ulong> _late = [];
    private IDisposable? _watch;
    private long _sent;
    private LiveMigrationResult _result = new();

    private Simulator Sim => vmm.Kernel.Sim;

    /// <summary>What was done and measured up to now: all there is of a migration that does not end.</summary>
    public LiveMigrationResult SoFar => _result with { PagesPerRound = _pagesPerRound, Samples = _samples };

    /// <summary>Migrates. On success the guest stands at the source, its devices in STOP_COPY; on failure it runs on where it
    /// can.</summary>
    public async Task<LiveMigrationResult> RunAsync()
    {
        _result = new LiveMigrationResult { Begun = Sim.Now };
        if (Blocker() is { } blocker) return _result with { Error = Errno.EOPNOTSUPP, Failure = blocker };
        _devices.AddRange(vmm.Devices.Select(d => DeviceSource.Of(d, _options)));
        var stream = new MigrationStream.Writer(vmm.Memory.Bytes, vmm.Memory.PopulatedPages().Count());
        if (await MigrateAsync(stream) is { } failure) return await RecoverAsync(failure);
        var bytes = await FinishAsync(stream);
        _result = _result with { Stream = bytes, Completed = Sim.Now };
        await Sim.Delay(_options.AfterWindow);
        _watch?.Dispose();
        await _dirty.StopAsync();
        return SoFar with { LatePages = [.. _late] };
    }

    /// <summary>Everything up to the last page.</summary>
    /// <returns>What failed; null if nothing did.</returns>
    private async Task<string?> MigrateAsync(MigrationStream.Writer stream)
    {
        if (await _dirty.StartAsync() is { } untracked) return untracked;
        if (_options.PreCopyRounds > 0 && await EachAsync("first image", d => d.BeginAsync()) is { } refused) return refused;
        if (await PreCopyAsync(stream) is { } broken) return broken;
        if (!_options.VcpusStopLast) await vmm.PauseAsync();
        _result = _result with { GuestStopped = Sim.Now };
        if (await StopDevicesAsync() is { } failed) return failed;
        _result = _result with { DevicesStopped = Sim.Now };
        if (_options is { TakesReference: true, DevicePreCopy: false, Uapi: MigrationUapi.V2 } && await ReferAsync() is { } unsaved)
            return unsaved;
        await Sim.Delay(_options.StopWindow);
        if (_options.VcpusStopLast)
        {
            await vmm.PauseAsync();
            _result = _result with { GuestStopped = Sim.Now, SwitchOver = GuestSnapshot.Of(vmm, _result.SwitchOver?.Images ?? []) };
        }

        if (vmm.Aborted is { } reason) return reason;
        if (await EachAsync("image", d => d.SaveAsync()) is { } lost) return lost;
        _result = _result with { FinalBitmap = Sim.Now, ImageBytes = (int)_devices.Sum(d => d.ImageBytes) };
        Sample(MigrationQuantity.ImageBytes, _result.ImageBytes);
        var last = await _dirty.TakeAsync();
        WatchLateWrites();
        Sample(MigrationQuantity.DirtyPages, last.Count);
        await SendPagesAsync(stream, _options.PreCopyRounds == 0 ? vmm.Memory.PopulatedPages() : last);
        _options.Saved?.Invoke();
        return null;
    }

    /// <summary>From the last bitmap on: nobody will tell of these writes, so they are seen on their way into memory.</summary>
    private void WatchLateWrites() => _watch = vmm.Kernel.Root.Memory.Written.Subscribe((SimTime _, in MemoryWrite write) =>
    {
        var end = write.Address + (ulong)write.Bytes;
        if (write.Address >= vmm.Memory.HostBase + vmm.Memory.Bytes || end <= vmm.Memory.HostBase) return;
        var from = Math.Max(write.Address, vmm.Memory.HostBase) - vmm.Memory.HostBase;
        for (var page = from / GuestMemory.PageBytes; page * GuestMemory.PageBytes < end - vmm.Memory.HostBase; page++)
            _late.Add(page * GuestMemory.PageBytes);
    });

    private string? Blocker()
    {
        if (vmm.Aborted is { } reason) return reason;
        if (vmm.Devices.Any(d => d.Device.Migration is null)) return "VFIO device doesn't support migration";
        var allP2P = vmm.Devices.All(d => d.Device.Migration!.Features.HasFlag(MigrationFeatures.P2P));
        if (_options.BlockSeveral && vmm.Devices.Count > 1) return "Migration is currently not supported with multiple VFIO devices";
        return _options.BlockWithoutP2P && vmm.Devices.Count > 1 && !allP2P
            ? "Multiple VFIO devices migration is supported only if all of them support P2P migration"
            : null;
    }

    private async Task<string?> PreCopyAsync(MigrationStream.Writer stream)
    {
        for (var round = 0; round < _options.PreCopyRounds; round++)
        {
            // Read and clear first: what is written while the round is sent goes into the next one.
            var dirty = await _dirty.TakeAsync();
            Sample(MigrationQuantity.DirtyPages, dirty.Count);
            await SendPagesAsync(stream, round == 0 ? vmm.Memory.PopulatedPages() : dirty);
            if (vmm.Aborted is { } reason) return reason;
            foreach (var device in _devices)
            {
                var (error, _) = await device.IterateAsync();
                if (error != Errno.None) return $"first image of {device.Assigned.Device.Function.Id}: {error}";
                await SendAsync(device.ImageBytes - device.SentBytes);
                device.SentBytes = device.ImageBytes;
            }

            Sample(MigrationQuantity.ImageBytes, _devices.Sum(d => d.ImageBytes));
            if (round > 0 && IsLittle(dirty.Count)) break;
        }

        return null;
    }

    private bool IsLittle(int pages) => _options.DowntimeLimit is { } limit && _options.Bandwidth is { } rate
        && rate.TimeFor((long)pages * GuestMemory.PageBytes) <= limit;

    private async Task SendPagesAsync(MigrationStream.Writer stream, IEnumerable<ulong> pages)
    {
        var count = 0;
        var contents = new byte[GuestMemory.PageBytes];
        foreach (var page in pages)
        {
            vmm.Memory.Read(page, contents);
            stream.Page(page, contents);
            await SendAsync(GuestMemory.PageBytes);
            count++;
        }

        _pagesPerRound.Add(count);
        Sample(MigrationQuantity.SentBytes, _sent);
    }

    private async Task SendAsync(long bytes)
    {
        _sent += bytes;
        if (_options.Bandwidth is { } rate && bytes > 0) await Sim.Delay(rate.TimeFor(bytes));
    }

    private async Task<string?> StopDevicesAsync()
    {
        if (_options.Order == StopOrder.TwoPhase)
        {
            var ready = _devices.Where(d => d.StopsInitiatorAlone);
            if (await EachAsync("stop of the initiator", d => d.StopInitiatorAsync(), ready) is { } failed) return failed;
        }

        return await EachAsync("stop", d => d.StopAsync());
    }

    private async Task<string?> EachAsync(string what, Func<DeviceSource, Task<Errno>> step, IEnumerable<DeviceSource>? devices = null)
    {
        foreach (var device in devices ?? _devices)
        {
            var error = await step(device);
            if (vmm.Kernel.Outcome.IsPanicked) return "the host is lost";
            if (error != Errno.None)
                return $"{what} of {device.Assigned.Device.Function.Id}: {error}, now {device.Assigned.Device.Migration!.State.UapiName()}";
        }

        return null;
    }

    /// <summary>The images as they are now, by the same arcs as the real ones: STOP -> STOP_COPY -> STOP leaves a device as it
    /// was.</summary>
    private async Task<string?> ReferAsync()
    {
        List<byte[]> images = [];
        foreach (var device in _devices)
        {
            var migration = device.Assigned.Device.Migration!;
            var (image, error) = await DeviceImages.SaveAsync(migration, ChunkBytes);
            if (error == Errno.None) error = (await migration.SetStateAsync(MigrationState.Stop)).Error;
            if (error != Errno.None) return $"image of {device.Assigned.Device.Function.Id}: {error}";
            images.Add(image);
        }

        _result = _result with { DevicesStopped = Sim.Now, SwitchOver = GuestSnapshot.Of(vmm, images) };
        return null;
    }

    private async Task<byte[]> FinishAsync(MigrationStream.Writer stream)
    {
        for (var device = 0; device < _devices.Count; device++)
        {
            stream.Image(device, _devices[device].Image);
            await SendAsync(_devices[device].ImageBytes - _devices[device].SentBytes);
        }

        foreach (var (device, vector) in vmm.Cpu.PendingInterrupts) stream.Interrupt(device, vector);
        stream.Cpu(vmm.Cpu.Program.Save());
        Sample(MigrationQuantity.SentBytes, _sent);
        return stream.Finish();
    }

    private void Sample(MigrationQuantity quantity, long value) => _samples.Add(new(Sim.Now, quantity, value));

    /// <summary>As QEMU does: devices back to RUNNING, by reset where they refuse, and the guest goes on.</summary>
    private async Task<LiveMigrationResult> RecoverAsync(string failure)
    {
        _watch?.Dispose();
        await _dirty.StopAsync();
        foreach (var device in _devices)
        {
            if (vmm.Kernel.Outcome.IsPanicked) break;
            if (await device.RecoverAsync() != Errno.None) vmm.Abort($"{device.Assigned.Device.Function.Id} is lost");
        }

        await vmm.RemapForPeersAsync();
        var runs = vmm.Aborted is null && !vmm.Kernel.Outcome.IsPanicked;
        if (runs) vmm.Run();
        return SoFar with { Error = Errno.EIO, Failure = failure, Recovered = runs ? Sim.Now : default };
    }
}
