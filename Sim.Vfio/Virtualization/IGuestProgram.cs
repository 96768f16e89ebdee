using Sim.Core;

namespace Sim.Vfio.Virtualization;

/// <summary>
/// What runs in a guest: a driver and its work, in steps. Its whole state is between two steps in memory and in what <see cref="Save"/>
/// returns,
/// so that a vCPU stopped there goes on elsewhere.
/// </summary>
public interface IGuestProgram
{
    /// <summary>One step: a few instructions, at most a handful of accesses to devices.</summary>
    /// <returns>How long until the next step; null: halted until an interrupt.</returns>
    Task<SimDuration?> StepAsync(Vcpu cpu);

    /// <summary>The handler of a device's interrupt.</summary>
    Task InterruptAsync(Vcpu cpu, int device, int vector);

    /// <summary>Registers and driver state, as bytes.</summary>
    byte[] Save();

    /// <summary>Takes such bytes over.</summary>
    void Load(ReadOnlySpan<byte> state);
}
