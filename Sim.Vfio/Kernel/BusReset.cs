using static Sim.Vfio.Kernel.PciRegisters;

namespace Sim.Vfio.Kernel;

/// <summary>The hot reset of everything below a port, by Secondary Bus Reset (§7.5.1.3.13).</summary>
internal static class BusReset
{
    /// <summary>Resets and waits; false if nothing below answers configuration requests afterwards.</summary>
    public static async Task<bool> RunAsync(HostKernel kernel, PciFunction bridge)
    {
        var below = kernel.Below(bridge);
        kernel.Outcome.Record(HostEventKind.HotReset, bridge.Id, below, $"secondary bus reset of {bridge.Id}");
        await bridge.UpdateAsync(BridgeControl, 2, 0, BridgeControlBusReset);
        await kernel.Sim.Delay(kernel.Policy.ResetAssertion);
        await bridge.UpdateAsync(BridgeControl, 2, BridgeControlBusReset, 0);
        await kernel.Sim.Delay(kernel.Policy.ResetWait);
        return below.Count == 0 || await DeviceWait.RunAsync(kernel, below[0], "bus reset");
    }
}
