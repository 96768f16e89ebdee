using Sim.Core;

namespace Sim.Vfio.Kernel;

/// <summary>The kernel's wait for a Function that was reset: the Vendor ID is read until it is one (§2.3.2 makes it 0001h while the
/// Function asks for retries), at doubling intervals.</summary>
internal static class DeviceWait
{
    private const uint Patience = 60_000;
    private const uint Talkative = 1_000;

    /// <summary>Waits up to a minute; false if the Function never answered.</summary>
    public static async Task<bool> RunAsync(HostKernel kernel, PciFunction function, string resetType)
    {
        for (uint delay = 1; ; delay *= 2)
        {
            var id = await function.ReadAsync(0, 4);
            // A VF's Vendor ID is FFFFh for good; what came back was a Completion all the same.
            if ((id & 0xFFFF) != 1 && (id != uint.MaxValue || (function.IsVirtual && await function.ReadAsync(0x04, 4) != uint.MaxValue)))
            {
                if (delay > Talkative) kernel.Log.Write(KernelLogLevel.Info, function.Line(Text(delay, resetType, "ready")));
                return true;
            }

            if (delay > Patience)
            {
                kernel.Log.Write(KernelLogLevel.Warning, function.Line(Text(delay, resetType, "giving up")));
                return false;
            }

            if (delay > Talkative) kernel.Log.Write(KernelLogLevel.Info, function.Line(Text(delay, resetType, "waiting")));
            await kernel.Sim.Delay(SimDuration.FromMilliseconds(delay));
        }
    }

    private static string Text(uint delay, string resetType, string what) =>
        what == "ready" ? $"ready {delay - 1}ms after {resetType}" : $"not ready {delay - 1}ms after {resetType}; {what}";
}
