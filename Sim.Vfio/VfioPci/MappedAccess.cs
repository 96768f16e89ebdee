using Sim.Core;
using Sim.Pcie.Topology;

namespace Sim.Vfio.VfioPci;

/// <summary>How a CPU access through a mapping ended.</summary>
public enum AccessOutcome
{
    /// <summary>The access was made: a store left the CPU, a load returned (with whatever the bus said).</summary>
    Completed,

    /// <summary>The fault found no page: SIGBUS for a process, an exit to the VMM for a guest. No TLP was sent.</summary>
    Sigbus,

    /// <summary>Nothing is mapped at the address, as beyond the part of a BAR that is the user's: SIGSEGV for a process; for a guest,
    /// memory that nobody answers. No TLP was sent.</summary>
    Segfault,

    /// <summary>The host is gone.</summary>
    HostLost,

    /// <summary>The process was killed before.</summary>
    Dead,
}

/// <summary>One CPU access through a mapping.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Issued">When the instruction was issued.</param>
/// <param name="Load">What a load brought back; default for stores and accesses that did not complete.</param>
public readonly record struct ProcessAccess(AccessOutcome Outcome, SimTime Issued, CpuLoad Load)
{
    /// <summary>The value a load put into the register: all ones where nobody answered a guest's.</summary>
    public ulong Value => Outcome == AccessOutcome.Segfault ? ulong.MaxValue : Load.Value;
}

/// <summary>Loads and stores through a mapping, with page faults: what the MMU and the kernel's fault handler do between a user and a
/// BAR.</summary>
internal static class MappedAccess
{
    public static async Task<ProcessAccess> StoreAsync(VfioMapping mapping, ulong offset, ulong value, int bytes)
    {
        var kernel = mapping.Device.Kernel;
        var issued = kernel.Sim.Now;
        var outcome = await PrepareAsync(mapping, offset, bytes);
        if (outcome == AccessOutcome.Completed) kernel.Root.Store(AddressOf(mapping, offset), value, bytes);
        return new(outcome, issued, default);
    }

    public static async Task<ProcessAccess> LoadAsync(VfioMapping mapping, ulong offset, int bytes)
    {
        var kernel = mapping.Device.Kernel;
        var issued = kernel.Sim.Now;
        var outcome = await PrepareAsync(mapping, offset, bytes);
        if (outcome != AccessOutcome.Completed) return new(outcome, issued, default);
        var load = await kernel.Root.LoadAsync(AddressOf(mapping, offset), bytes);
        if (!load.Succeeded && (load.Exception || kernel.Policy.FailedLoadIsMachineCheck))
            kernel.Panic(mapping.Device.Function, "Kernel panic - not syncing: Fatal machine check");
        return new(kernel.Outcome.IsPanicked ? AccessOutcome.HostLost : AccessOutcome.Completed, issued, load);
    }

    private static ulong AddressOf(VfioMapping mapping, ulong offset) => mapping.Device.BarAddress(mapping.Bar) + mapping.Offset + offset;

    private static async Task<AccessOutcome> PrepareAsync(VfioMapping mapping, ulong offset, int bytes)
    {
        if (mapping.Device.Kernel.Outcome.IsPanicked) return AccessOutcome.HostLost;
        if (offset + (ulong)bytes > mapping.Length) return AccessOutcome.Segfault;
        if (!mapping.IsPresent && !await mapping.Device.FaultAsync(mapping)) return AccessOutcome.Sigbus;
        return mapping.Device.Kernel.Outcome.IsPanicked ? AccessOutcome.HostLost : AccessOutcome.Completed;
    }
}
