using static Sim.Vfio.Migration.MigrationState;

namespace Sim.Vfio.Migration;

/// <summary>
/// The v2 migration state machine. A user asks for a state; the kernel walks there over the arcs that drivers implement. The table says
/// which state comes first on the way from one state to another, for a device with every feature; states a device lacks are skipped.
/// </summary>
public static class MigrationArcs
{
    /// <summary>Marks a request without any way in the table (the uAPI's EINVAL).</summary>
    private const MigrationState Invalid = Error;

    // Row: where the device is. Column: where it shall go. Cell: the next state on the way. Why the ways are as they are: shortest path;
    // a saving-group state (STOP_COPY, PRE_COPY, PRE_COPY_P2P) is not passed through on the way out of the group or into it from elsewhere;
    // and from STOP_COPY nothing leads back to pre-copy.
    private static readonly MigrationState[,] Next =
    {
        //               Error    Stop        Running     StopCopy    Resuming    RunningP2P  PreCopy     PreCopyP2P
        /* Error */      { Invalid, Invalid,    Invalid,    Invalid,    Invalid,    Invalid,    Invalid,    Invalid },
        /* Stop */       { Invalid, Stop,       RunningP2P, StopCopy,   Resuming,   RunningP2P, RunningP2P, RunningP2P },
        /* Running */    { Invalid, RunningP2P, Running,    RunningP2P, RunningP2P, RunningP2P, PreCopy,    RunningP2P },
        /* StopCopy */   { Invalid, Stop,       Stop,       StopCopy,   Stop,       Stop,       Invalid,    Invalid },
        /* Resuming */   { Invalid, Stop,       Stop,       Stop,       Resuming,   Stop,       Stop,       Stop },
        /* RunningP2P */ { Invalid, Stop,       Running,    Stop,       Stop,       RunningP2P, Running,    PreCopyP2P },
        /* PreCopy */    { Invalid, Running,    Running,    PreCopyP2P, Running,    Running,    PreCopy,    PreCopyP2P },
        /* PreCopyP2P */ { Invalid, RunningP2P, RunningP2P, StopCopy,   RunningP2P, RunningP2P, PreCopy,    PreCopyP2P },
    };

    /// <summary>What a device must support to be in <paramref name="state"/>; <see cref="Error"/> needs nothing.</summary>
    public static MigrationFeatures Required(MigrationState state) => state switch
    {
        Error => MigrationFeatures.None,
        RunningP2P => MigrationFeatures.StopCopy | MigrationFeatures.P2P,
        PreCopy => MigrationFeatures.StopCopy | MigrationFeatures.PreCopy,
        PreCopyP2P => MigrationFeatures.StopCopy | MigrationFeatures.P2P | MigrationFeatures.PreCopy,
        _ => MigrationFeatures.StopCopy,
    };

    /// <summary>Whether a device with <paramref name="features"/> has <paramref name="state"/>.</summary>
    public static bool IsSupported(MigrationState state, MigrationFeatures features) =>
        state is >= Error and <= PreCopyP2P && (Required(state) & ~features) == 0;

    /// <summary>
    /// The first state on the way from <paramref name="from"/> to <paramref name="to"/> for a device with <paramref name="features"/>,
    /// or null where the uAPI answers EINVAL: a state the device lacks, <see cref="Error"/> on either side, or no way.
    /// <paramref name="from"/> itself if both are the same.
    /// </summary>
    public static MigrationState? NextState(MigrationState from, MigrationState to, MigrationFeatures features)
    {
        if (from == Error || to == Error || !IsSupported(from, features) || !IsSupported(to, features)) return null;
        var next = Next[(int)from, (int)to];
        while (!IsSupported(next, features)) next = Next[(int)next, (int)to];
        return next == Invalid ? null : next;
    }

    /// <summary>Every state on the way, both ends included; null where the uAPI answers EINVAL.</summary>
    public static IReadOnlyList<MigrationState>? Path(MigrationState from, MigrationState to, MigrationFeatures features)
    {
        List<MigrationState> path = [from];
        if (NextState(from, to, features) is null) return null;
        while (path[^1] != to) path.Add(NextState(path[^1], to, features)!.Value);
        return path;
    }
}
