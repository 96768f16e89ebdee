using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>What QUERY_HCA_CAP tells of a function, page by page.</summary>
internal static class Capabilities
{
    private const int LogMaxQueue = 15;

    public static void WriteGeneral(Span<byte> capability, Mlx5Function subject, bool current)
    {
        var isPf = subject is Mlx5PhysicalFunction;
        HcaCapabilities.HasGeneral2.Set(capability, 1);
        HcaCapabilities.VhcaId.Set(capability, subject.VhcaId);
        HcaCapabilities.LogMaxQpSize.Set(capability, LogMaxQueue);
        HcaCapabilities.LogMaxQp.Set(capability, 10);
        HcaCapabilities.LogMaxCqSize.Set(capability, LogMaxQueue);
        HcaCapabilities.LogMaxCq.Set(capability, 10);
        HcaCapabilities.LogMaxEqSize.Set(capability, LogMaxQueue);
        HcaCapabilities.LogMaxMkey.Set(capability, 12);
        HcaCapabilities.LogMaxEq.Set(capability, 6);
        HcaCapabilities.VportGroupManager.Set(capability, isPf ? 1u : 0);
        HcaCapabilities.VhcaGroupManager.Set(capability, isPf ? 1u : 0);
        HcaCapabilities.Ports.Set(capability, 1);
        HcaCapabilities.LogMaxMessage.Set(capability, 30);
        HcaCapabilities.CommandChecksum.Set(capability, current ? subject.Vhca.CommandChecksum : HcaCapabilities.ChecksumEnabled);
        HcaCapabilities.ReliableConnection.Set(capability, 1);
        HcaCapabilities.Uar4K.Set(capability, 1);
        HcaCapabilities.LogPageSize.Set(capability, 12);
        HcaCapabilities.MaxSendWqe.Set(capability, SendWqe.BasicBlock * SendWqe.MaxBasicBlocks);
        HcaCapabilities.LogMaxPd.Set(capability, 8);
        HcaCapabilities.TimerFrequency.Set(capability, 1_000_000);
        HcaCapabilities.DeviceMemory.Set(capability, subject.Memory is null ? 0u : 1);
        HcaCapabilities.Migration.Set(capability, isPf ? 1u : 0);
        HcaCapabilities.AdvancedVirtualization.Set(capability, isPf && subject.Options.PageTracking ? 1u : 0);
    }

    public static void WriteGeneral2(Span<byte> capability, Mlx5Function subject)
    {
        var incremental = subject is Mlx5PhysicalFunction && subject.Options.IncrementalImages ? 1u : 0;
        HcaCapabilities.MigrationMultiLoad.Set(capability, incremental);
        HcaCapabilities.MigrationTracking.Set(capability, incremental);
        HcaCapabilities.MigrationInChunks.Set(capability, subject is Mlx5PhysicalFunction && subject.Options.ImageChunk > 0 ? 1u : 0);
    }

    public static void WriteDeviceMemory(Span<byte> capability, Mlx5Function subject)
    {
        if (subject.Memory is null) return;
        MemicCommands.Supported.Set(capability, 1);
        MemicCommands.LogMinSize.Set(capability, DeviceMemory.LogPage);
        MemicCommands.LogMaxAlignment.Set(capability, DeviceMemory.LogMaxAlignment);
        MemicCommands.BarStart.Set(capability, BarLayout.DeviceMemory);
        MemicCommands.BarSize.Set(capability, BarLayout.DeviceMemorySize);
        MemicCommands.MaxSize.Set(capability, BarLayout.DeviceMemorySize);
    }

    public static void WriteAdvancedVirtualization(Span<byte> capability, Mlx5Function subject)
    {
        if (subject is not Mlx5PhysicalFunction || !subject.Options.PageTracking) return;
        PageTrack.LogMaxTrackers.Set(capability, PageTrackers.LogMaximum);
        PageTrack.MaxRanges.Set(capability, (uint)subject.Options.TrackerRanges);
        PageTrack.LogMinAddressSpace.Set(capability, TrackerHandlers.LogMinSpace);
        PageTrack.LogMaxAddressSpace.Set(capability, TrackerHandlers.LogMaxSpace);
        PageTrack.LogMinMessageSize.Set(capability, TrackerHandlers.LogMinMessage);
        PageTrack.LogMaxMessageSize.Set(capability, TrackerHandlers.LogMaxMessage);
        PageTrack.LogMinPageSize.Set(capability, TrackerHandlers.LogMinPage);
        PageTrack.LogMaxPageSize.Set(capability, TrackerHandlers.LogMaxPage);
    }
}
