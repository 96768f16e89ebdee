using Sim.Core;

namespace Sim.Vfio.Migration;

/// <summary>What setting a device state gave.</summary>
/// <param name="Error">None, EINVAL where there is no way, or the error of the arc that failed.</param>
/// <param name="State">Where the device is now: the state asked for, or after a failure some state on the way, or ERROR.</param>
/// <param name="File">The data file, if an arc on the way opened a transfer.</param>
public readonly record struct SetStateResult(Errno Error, MigrationState State, MigrationFile? File);

/// <summary>An arc that a device went.</summary>
/// <param name="From">Where it began.</param>
/// <param name="To">Where it ended: the arc's end, or after a failure where the driver says the device is.</param>
/// <param name="Begun">When it began.</param>
/// <param name="Error">None, or why it failed.</param>
public readonly record struct MigrationStep(MigrationState From, MigrationState To, SimTime Begun, Errno Error);

/// <summary>VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE of one device: walks the arcs that lead to the state a user asks for.</summary>
public sealed class VfioMigration(Simulator sim, IVariantDriver driver)
{
    private readonly HostMutex _stateMutex = new();
    private MigrationFile? _preCopy;

    /// <summary>Where the device is.</summary>
    public MigrationState State { get; private set; } = MigrationState.Running;

    /// <summary>The device's driver.</summary>
    public IVariantDriver Driver => driver;

    /// <summary>What the device supports.</summary>
    public MigrationFeatures Features => driver.Features;

    /// <summary>Runs before every arc, with its two ends: the place for a kernel policy that revokes access.</summary>
    public Func<MigrationState, MigrationState, Task>? BeforeStep { get; set; }

    /// <summary>Runs after every arc, failed or not, and after a reset, with where the device was and where it is.</summary>
    public Func<MigrationState, MigrationState, Task>? AfterStep { get; set; }

    /// <summary>Each arc, when it ended.</summary>
    public Probe<MigrationStep> Stepped { get; } = new();

    /// <summary>Whether a device in <paramref name="state"/> answers its user's MMIO as the uAPI promises.</summary>
    public static bool RespondsToMmio(MigrationState state) =>
        state is MigrationState.Running or MigrationState.RunningP2P or MigrationState.PreCopy or MigrationState.PreCopyP2P;

    /// <summary>Brings the device to a state, arc by arc. A failing arc ends the walk; the state then reads as where the device
    /// is.</summary>
    public async Task<SetStateResult> SetStateAsync(MigrationState to)
    {
        using var held = await _stateMutex.LockAsync();
        MigrationFile? file = null;
        if (MigrationArcs.NextState(State, to, driver.Features) is null) return new(Errno.EINVAL, State, null);
        while (State != to)
        {
            var (from, next, begun) = (State, MigrationArcs.NextState(State, to, driver.Features)!.Value, sim.Now);
            try
            {
                if (BeforeStep is not null) await BeforeStep(from, next);
                var opened = await driver.StepAsync(from, next);
                file = opened ?? file;
                State = next;
                FollowPreCopy(opened);
                Report(new(from, next, begun, Errno.None));
                if (AfterStep is not null) await AfterStep(from, next);
            }
            catch (MigrationStepException failure)
            {
                State = failure.Leaves ?? from;
                FollowPreCopy(null);
                file?.Disable();
                Report(new(from, State, begun, failure.Error));
                if (AfterStep is not null) await AfterStep(from, State);
                return new(failure.Error, State, null);
            }
        }

        return new(Errno.None, State, file);
    }

    /// <summary>The device was reset: RUNNING again, also from ERROR. Waits for an arc under way, which the reset may have made
    /// fail.</summary>
    public async Task ResetDoneAsync()
    {
        using var held = await _stateMutex.LockAsync();
        var (from, begun) = (State, sim.Now);
        driver.ResetDone();
        State = MigrationState.Running;
        FollowPreCopy(null);
        Report(new(from, State, begun, Errno.None));
        if (AfterStep is not null) await AfterStep(from, State);
    }

    /// <summary>Where a pre-copy file's temporary end becomes the wait for the rest: the state knows, not the driver.</summary>
    private void FollowPreCopy(MigrationFile? opened)
    {
        if (opened is { InPreCopy: true }) _preCopy = opened;
        if (State is MigrationState.PreCopy or MigrationState.PreCopyP2P) return;
        _preCopy?.EndPreCopy();
        _preCopy = null;
    }

    private void Report(in MigrationStep step)
    {
        if (Stepped.IsObserved) Stepped.Emit(sim.Now, step);
    }
}
