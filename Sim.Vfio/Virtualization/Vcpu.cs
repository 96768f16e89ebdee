using Sim.Core;
using Sim.Vfio.VfioPci;

namespace Sim.Vfio.Virtualization;

/// <summary>A virtual CPU: runs a guest's program in simulated time, takes its interrupts, and stops between two steps.</summary>
public sealed class Vcpu
{
    private readonly Vmm _vmm;
    private readonly SortedSet<(int Device, int Vector)> _pending = [];
    private readonly SimSignal _wake = new();
    private readonly SimSignal _paused = new();
    private bool _pauseRequested;

    internal Vcpu(Vmm vmm, IGuestProgram program) => (_vmm, Program) = (vmm, program);

    /// <summary>What it runs.</summary>
    public IGuestProgram Program { get; }

    /// <summary>The guest's memory.</summary>
    public GuestMemory Memory => _vmm.Memory;

    /// <summary>The engine.</summary>
    public Simulator Sim => _vmm.Kernel.Sim;

    /// <summary>Whether it is stopped.</summary>
    public bool IsPaused { get; private set; } = true;

    /// <summary>Whether it ended for good: the host is gone, or an access faulted and the VMM gave up.</summary>
    public bool IsDead { get; private set; }

    /// <summary>Steps and interrupt handlers it ran.</summary>
    public long Steps { get; private set; }

    /// <summary>Each step or interrupt handler when it ended, with how many there were.</summary>
    public Probe<long> Stepped { get; } = new();

    /// <summary>Interrupts raised and not yet taken, as (device, vector).</summary>
    public IReadOnlyCollection<(int Device, int Vector)> PendingInterrupts => _pending;

    /// <summary>An interrupt of a device: taken before the next step; while the vCPU is stopped it stays pending.</summary>
    public void Raise(int device, int vector)
    {
        _pending.Add((device, vector));
        _wake.Release();
    }

    /// <summary>A store to a device's BAR.</summary>
    public Task<ProcessAccess> StoreAsync(int device, int bar, ulong offset, ulong value, int bytes = 4) =>
        GuardAsync(() => MappedAccess.StoreAsync(_vmm.Devices[device].MappingOf(bar), offset, value, bytes));

    /// <summary>A load from a device's BAR.</summary>
    public Task<ProcessAccess> LoadAsync(int device, int bar, ulong offset, int bytes = 4) =>
        GuardAsync(() => MappedAccess.LoadAsync(_vmm.Devices[device].MappingOf(bar), offset, bytes));

    internal void Start(string name) => Sim.Start(name, RunAsync);

    /// <summary>Lets it run (on).</summary>
    internal void Resume()
    {
        _pauseRequested = false;
        IsPaused = false;
        _wake.Release();
    }

    /// <summary>Stops it; complete once it stands between two steps.</summary>
    internal async Task PauseAsync()
    {
        _pauseRequested = true;
        _wake.Release();
        while (!IsPaused && !IsDead) await _paused;
    }

    private async Task RunAsync()
    {
        while (!IsDead)
        {
            if (_vmm.Kernel.Outcome.IsPanicked) IsDead = true;
            else if (_pauseRequested || IsPaused) await StandAsync();
            else await StepAsync();
        }

        _paused.Release();
    }

    private async Task StandAsync()
    {
        IsPaused = true;
        _paused.Release();
        while (IsPaused) await _wake;
    }

    private async Task StepAsync()
    {
        Steps++;
        if (_pending.Count > 0)
        {
            var (device, vector) = _pending.Min;
            _pending.Remove((device, vector));
            await Program.InterruptAsync(this, device, vector);
            if (Stepped.IsObserved) Stepped.Emit(Sim.Now, Steps);
            return;
        }

        var pause = await Program.StepAsync(this);
        if (Stepped.IsObserved) Stepped.Emit(Sim.Now, Steps);
        if (pause is { } duration) await Sim.Delay(duration);
        else if (_pending.Count == 0 && !_pauseRequested && !IsDead) await _wake;
    }

    /// <summary>A guest cannot take a SIGBUS: the access exits to the VMM, which gives the virtual machine up.</summary>
    private async Task<ProcessAccess> GuardAsync(Func<Task<ProcessAccess>> access)
    {
        if (IsDead) return new(AccessOutcome.Dead, Sim.Now, default);
        var result = await access();
        if (result.Outcome is AccessOutcome.Completed or AccessOutcome.Segfault) return result;
        IsDead = true;
        if (result.Outcome == AccessOutcome.Sigbus) _vmm.Abort("KVM exit: access to a revoked mapping");
        return result;
    }
}
