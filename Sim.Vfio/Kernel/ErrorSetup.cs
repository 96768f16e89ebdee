using static Sim.Vfio.Kernel.PciRegisters;

namespace Sim.Vfio.Kernel;

/// <summary>The configuration writes with which the owner of errors prepares a hierarchy.</summary>
internal static class ErrorSetup
{
    public static async Task ProgramAsync(HostKernel kernel)
    {
        foreach (var function in kernel.Functions)
        {
            // A VF's reporting enables and SERR# are its PF's; its own bits are reserved (§9.3.5.4).
            if (!function.IsVirtual) await ProgramEnablesAsync(function, kernel.Policy);
            if (function.Aer != 0) await ProgramAerAsync(function, kernel.Policy);
        }
    }

    private static async Task ProgramEnablesAsync(PciFunction function, HostErrorPolicy policy)
    {
        await function.UpdateAsync(Command, 2, CommandSerr, policy.Serr ? CommandSerr : 0);
        if (function.Express != 0)
            await function.UpdateAsync(function.Express + DeviceControl, 2, (uint)ReportingEnables.All, (uint)policy.Enables);
        if (function.IsBridge)
            await function.UpdateAsync(BridgeControl, 2, BridgeControlSerr, policy.BridgeForwarding ? BridgeControlSerr : 0);
    }

    private static async Task ProgramAerAsync(PciFunction function, HostErrorPolicy policy)
    {
        if (policy.UncorrectableSeverity is { } severity) await function.WriteAsync(function.Aer + AerUncorrectableSeverity, 4, severity);
        if (policy.UncorrectableMask is { } mask) await function.WriteAsync(function.Aer + AerUncorrectableMask, 4, mask);
        if (policy.CorrectableMask is { } correctable) await function.WriteAsync(function.Aer + AerCorrectableMask, 4, correctable);
    }
}
