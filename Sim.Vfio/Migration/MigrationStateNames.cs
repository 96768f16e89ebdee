namespace Sim.Vfio.Migration;

/// <summary>The uAPI's names of states (include/uapi/linux/vfio.h, enum vfio_device_mig_state).</summary>
public static class MigrationStateNames
{
    /// <summary>The name without its prefix, like <c>PRE_COPY_P2P</c>.</summary>
    public static string UapiName(this MigrationState state) => state switch
    {
        MigrationState.Stop => "STOP",
        MigrationState.Running => "RUNNING",
        MigrationState.StopCopy => "STOP_COPY",
        MigrationState.Resuming => "RESUMING",
        MigrationState.RunningP2P => "RUNNING_P2P",
        MigrationState.PreCopy => "PRE_COPY",
        MigrationState.PreCopyP2P => "PRE_COPY_P2P",
        _ => "ERROR",
    };
}
