using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Vfio.VfioPci;

namespace Sim.Vfio.Tests.Contract;

/// <summary>A device on a booted host, opened by a user, as the contract needs it.</summary>
public sealed class MigratableDevice
{
    /// <summary>The simulator.</summary>
    public required Simulator Sim { get; init; }

    /// <summary>The hardware.</summary>
    public required EndpointFunction Function { get; init; }

    /// <summary>The same function behind the kernel.</summary>
    public required VfioPciDevice Device { get; init; }

    /// <summary>Gives it work that does not end before somebody stops the device.</summary>
    public required Func<Task> Load { get; init; }

    /// <summary>Stops the CPUs that load it, as a VMM does; what the device has in hand stays in its hands.</summary>
    public required Func<Task> Pause { get; init; }

    /// <summary>Stores to and loads from its user registers, as a user who knows nothing of the state.</summary>
    public required Func<Task> Poke { get; init; }

    /// <summary>Whether the work of <see cref="Load"/> has advanced since it was asked last.</summary>
    public required Func<bool> Advances { get; init; }

    /// <summary>Its side of the contract.</summary>
    public IMigratableFunction Contract => (IMigratableFunction)Function;
}
