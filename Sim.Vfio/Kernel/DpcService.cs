using Sim.Core;
using Sim.Pcie.Spec;
using static Sim.Vfio.Kernel.PciRegisters;

namespace Sim.Vfio.Kernel;

/// <summary>The Linux DPC driver on one Root Port or Switch Downstream Port: after containment it prints why, waits for the Link to be
/// down, releases it, recovers.</summary>
internal sealed class DpcService(HostKernel kernel, PciFunction port)
{
    private static readonly SimDuration Patience = SimDuration.FromSeconds(1);
    private static readonly SimDuration PollInterval = SimDuration.FromMilliseconds(10);

    public async Task StartAsync() => await port.UpdateAsync(
        port.Dpc + DpcControl, 2, DpcTriggerEnable | DpcInterruptEnable, (uint)kernel.Policy.Dpc | DpcInterruptEnable);

    public async Task HandleAsync()
    {
        var status = (ushort)await port.ReadAsync(port.Dpc + DpcStatus, 2);
        if ((status & DpcInterrupt) == 0) return;
        await port.WriteAsync(port.Dpc + DpcStatus, 2, DpcInterrupt);
        if ((status & DpcTriggered) == 0) return;
        kernel.Outcome.Record(HostEventKind.LinkDown, port.Id, kernel.Below(port), $"{DpcText.Reason(status)} at {port.Id}");
        var source = new RoutingId((ushort)await port.ReadAsync(port.Dpc + DpcErrorSource, 2));
        var error = new ErrorCase(kernel, port, HasMessage(status) ? source : port.Id, "DPC driver");
        error.Tell($"reads DPC Status {status:X4}h (§7.9.14.4): {DpcText.Reason(status)}"
            + (HasMessage(status) ? $", DPC Error Source ID {source} (§7.9.14.5)" : ""));
        await PrintAsync(status, source);
        await ErrorRecovery.RunAsync(error, port, ChannelState.Frozen, bridge => ReleaseAsync(bridge, error));
    }

    /// <summary>Trigger Reason ERR_NONFATAL or ERR_FATAL received.</summary>
    private static bool HasMessage(ushort status) => (status >> 1 & 3) is 1 or 2;

    private async Task PrintAsync(ushort status, RoutingId source)
    {
        foreach (var line in DpcText.Containment(status, source, kernel.Policy.Release))
            kernel.Log.Write(KernelLogLevel.Warning, port.Line(line));
        var ownError = (status >> 1 & 3) == 0;
        if (!ownError || await port.ReadAerAsync() is not { } registers || !registers.HasUnmasked(AerSeverity.NonFatal)) return;
        var unmasked = registers.UncorrectableStatus & ~registers.UncorrectableMask;
        var severity = (unmasked & registers.UncorrectableSeverity) != 0 ? AerSeverity.Fatal : AerSeverity.NonFatal;
        var (vendor, device) = (port.Discovered.VendorId, port.Discovered.DeviceId);
        foreach (var line in AerText.Details(severity, registers, vendor, device, kernel.Policy.Release))
            kernel.Log.Write(KernelLogLevel.Error, port.Line(line));
        await port.WriteAsync(port.Aer + AerUncorrectableStatus, 4, registers.UncorrectableStatus);
    }

    private async Task<bool> ReleaseAsync(PciFunction bridge, ErrorCase error)
    {
        if (!await WaitAsync(port.Express + LinkStatus, LinkActive, 0)) return false;
        if (!await WaitAsync(port.Dpc + DpcStatus, DpcRootPortBusy, 0)) return false;
        await port.WriteAsync(port.Dpc + DpcStatus, 2, DpcTriggered);
        error.Tell($"waited until the Link of {port.Id} was down, and clears DPC Trigger Status: the Link may come up");
        if (!await WaitAsync(port.Express + LinkStatus, LinkActive, LinkActive)) return false;
        await kernel.Sim.Delay(kernel.Policy.ResetWait);
        var below = kernel.Below(bridge);
        return below.Count == 0 || await DeviceWait.RunAsync(kernel, below[0], "DPC");
    }

    private async Task<bool> WaitAsync(int register, uint mask, uint value)
    {
        var deadline = kernel.Sim.Now + Patience;
        while ((await port.ReadAsync(register, 2) & mask) != value)
        {
            if (kernel.Sim.Now >= deadline) return false;
            await kernel.Sim.Delay(PollInterval);
        }

        return true;
    }
}
