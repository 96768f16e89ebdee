using Sim.Core;
using Sim.Pcie.Topology;

namespace Scenarios.Platforms;

/// <summary>Watches host memory for writes of the user's function outside the user's own memory: what isolation must prevent.</summary>
internal sealed class MemoryWatch
{
    public MemoryWatch(Machine machine, Cast cast)
    {
        if (cast.Vmm is not { } vmm) return;
        var (from, to) = (vmm.Memory.HostBase, vmm.Memory.HostBase + vmm.Memory.Bytes);
        machine.Root.Memory.Written.Subscribe((SimTime _, in MemoryWrite write) =>
        {
            if (!IsOf(cast, write.Requester) || (write.Address >= from && write.Address + (ulong)write.Bytes <= to)) return;
            FirstOutside ??= write;
        });
    }

    private static bool IsOf(Cast cast, Sim.Pcie.Spec.RoutingId? requester)
    {
        foreach (var function in cast.GuestFunctions)
            if (requester == function.Id) return true;
        return false;
    }

    /// <summary>The first such write; null if there was none.</summary>
    public MemoryWrite? FirstOutside { get; private set; }

    /// <summary>A write that another watch found outside what its user has.</summary>
    public void Note(in MemoryWrite write) => FirstOutside ??= write;
}
