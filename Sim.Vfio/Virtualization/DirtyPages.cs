using Sim.Vfio.Migration;

namespace Sim.Vfio.Virtualization;

/// <summary>Collects the pages of a guest that were written: by vCPUs, which the VMM sees itself, and by devices, as its trackers tell.
/// Where a tracker fails, everything counts as written.</summary>
internal sealed class DirtyPages(Vmm vmm, DirtyTracker tracker)
{
    private bool AsksDevices => tracker is DirtyTracker.Device or DirtyTracker.Both;

    private bool AsksIommu => tracker is DirtyTracker.Iommu or DirtyTracker.Both;

    private IovaRange Memory => new(0, vmm.Memory.Bytes);

    /// <summary>Starts the logs.</summary>
    /// <returns>What failed, or null.</returns>
    public async Task<string?> StartAsync()
    {
        if (AsksIommu)
        {
            if (vmm.Space.Tracker is not { } log) return $"dirty tracking by the IOMMU: {Errno.EOPNOTSUPP}";
            var (error, _) = await log.StartLogAsync([Memory], GuestMemory.PageBytes);
            if (error != Errno.None) return $"dirty tracking by the IOMMU: {error}";
        }

        if (!AsksDevices) return null;
        foreach (var assigned in vmm.Devices)
        {
            var (error, _) = await assigned.Device.DirtyLog.StartAsync([Memory], GuestMemory.PageBytes);
            if (error != Errno.None) return $"dirty log of {assigned.Device.Function.Id}: {error}";
        }

        return null;
    }

    /// <summary>Pages written since the last call.</summary>
    public async Task<SortedSet<ulong>> TakeAsync()
    {
        SortedSet<ulong> pages = [];
        if ((AsksIommu && !await ReadIommuAsync(pages)) || (AsksDevices && !await ReadDevicesAsync(pages)))
            for (ulong page = 0; page < vmm.Memory.Bytes; page += GuestMemory.PageBytes) pages.Add(page);
        vmm.Memory.TakeDirty(pages);
        return pages;
    }

    /// <summary>Stops the logs.</summary>
    public async Task StopAsync()
    {
        if (AsksIommu && vmm.Space.Tracker is { } log) await log.StopLogAsync();
        if (!AsksDevices) return;
        foreach (var assigned in vmm.Devices) await assigned.Device.DirtyLog.StopAsync();
    }

    private async Task<bool> ReadIommuAsync(SortedSet<ulong> pages)
    {
        var dirty = new DirtyBitmap(Memory, GuestMemory.PageBytes);
        if (await vmm.Space.Tracker!.ReadAndClearLogAsync(dirty) != Errno.None) return false;
        pages.UnionWith(dirty.Pages());
        return true;
    }

    private async Task<bool> ReadDevicesAsync(SortedSet<ulong> pages)
    {
        foreach (var assigned in vmm.Devices)
        {
            var (error, dirty) = await assigned.Device.DirtyLog.ReportAsync(Memory, GuestMemory.PageBytes);
            if (error != Errno.None) return false;
            pages.UnionWith(dirty!.Pages());
        }

        return true;
    }
}
