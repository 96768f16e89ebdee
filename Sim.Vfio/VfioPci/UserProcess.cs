using Sim.Core;
using Sim.Vfio.Kernel;

namespace Sim.Vfio.VfioPci;

/// <summary>A process with mappings of device BARs: a VMM's own threads, a user-space driver, or a hostile one.</summary>
/// <param name="kernel">The kernel it runs on.</param>
/// <param name="name">Its name.</param>
/// <param name="handlesSigbus">Whether it survives a SIGBUS; a SIGSEGV nobody survives.</param>
public sealed class UserProcess(HostKernel kernel, string name, bool handlesSigbus = false)
{
    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Whether it still runs: not killed, and the host is there.</summary>
    public bool IsAlive => !IsKilled && !kernel.Outcome.IsPanicked;

    /// <summary>Whether a signal killed it.</summary>
    public bool IsKilled { get; private set; }

    /// <summary>SIGBUS signals it got.</summary>
    public int Sigbuses { get; private set; }

    /// <summary>Each access, when it ended.</summary>
    public Probe<ProcessAccess> Accessed { get; } = new();

    /// <summary>Stores a little-endian value of 1, 2, 4 or 8 bytes through a mapping.</summary>
    public Task<ProcessAccess> StoreAsync(VfioMapping mapping, ulong offset, ulong value, int bytes = 4) =>
        AccessAsync(mapping, () => MappedAccess.StoreAsync(mapping, offset, value, bytes));

    /// <summary>Loads 1 to 8 bytes of a naturally aligned quadword through a mapping.</summary>
    public Task<ProcessAccess> LoadAsync(VfioMapping mapping, ulong offset, int bytes = 4) =>
        AccessAsync(mapping, () => MappedAccess.LoadAsync(mapping, offset, bytes));

    private async Task<ProcessAccess> AccessAsync(VfioMapping mapping, Func<Task<ProcessAccess>> access)
    {
        if (IsKilled) return new(AccessOutcome.Dead, kernel.Sim.Now, default);
        var result = await access();
        if (result.Outcome == AccessOutcome.Sigbus) Sigbuses++;
        if (!IsKilled && (result.Outcome == AccessOutcome.Segfault || (result.Outcome == AccessOutcome.Sigbus && !handlesSigbus)))
        {
            IsKilled = true;
            var (function, signal) = (mapping.Device.Function, result.Outcome == AccessOutcome.Sigbus ? "SIGBUS" : "SIGSEGV");
            kernel.Outcome.Record(HostEventKind.ProcessKilled, function.Id, [function], $"{name}: {signal}");
        }

        if (Accessed.IsObserved) Accessed.Emit(kernel.Sim.Now, result);
        return result;
    }
}
