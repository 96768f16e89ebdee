using Sim.Pcie.Spec;
using static Sim.Vfio.Kernel.PciRegisters;

namespace Sim.Vfio.Kernel;

/// <summary>
/// Firmware-first: on a system error firmware reads the Root Port and the reporter by configuration requests, clears what it read, and
/// hands
/// the kernel a platform error record (GHES), which logs it, recovers, or panics.
/// </summary>
internal static class FirmwareHandler
{
    private const int ErrorSourceNumber = 1;

    public static async Task RunAsync(HostKernel kernel, PciFunction port)
    {
        await kernel.Sim.Delay(kernel.Policy.FirmwareLatency);
        var (severity, source) = await ReadRootAsync(port);
        var error = new ErrorCase(kernel, port, source, "firmware");
        error.Tell("handles the system error first: reads and clears Root Error Status (§7.8.4.10) of "
            + $"{port.Id}, {severity} from {source}");
        var reporter = source is { } id ? kernel.Find(id) : null;
        // A record needs AER registers to be acted on; where the reporter has none, the Root Port's own stand for it.
        var subject = reporter is { Aer: not 0 } ? reporter : port;
        if (subject != reporter) error.Tell($"{source} has no AER capability: the record holds {port.Id}'s own registers");
        var record = await ReadRecordAsync(subject);
        await ClearAsync(subject);
        Deliver(error, subject, severity, record);
    }

    private static async Task<(AerSeverity Severity, RoutingId? Source)> ReadRootAsync(PciFunction port)
    {
        if (port.Aer == 0) return (AerSeverity.NonFatal, null);
        var status = await port.ReadAsync(port.Aer + AerRootStatus, 4);
        var source = await port.ReadAsync(port.Aer + AerErrorSource, 4);
        await port.WriteAsync(port.Aer + AerRootStatus, 4, status);
        if ((status & RootUncorrectableReceived) == 0) return (AerSeverity.Correctable, new((ushort)source));
        return ((status & RootFatalReceived) != 0 ? AerSeverity.Fatal : AerSeverity.NonFatal, new((ushort)(source >> 16)));
    }

    private static async Task<GhesRecord> ReadRecordAsync(PciFunction function)
    {
        var found = function.Discovered;
        (ushort, ushort)? bridge = function.IsBridge
            ? ((ushort)await function.ReadAsync(0x1E, 2), (ushort)await function.ReadAsync(BridgeControl, 2))
            : null;
        return new(
            function.Id, found.PortType, (ushort)await function.ReadAsync(Command, 2), (ushort)await function.ReadAsync(Status, 2),
            found.SecondaryBus, found.VendorId, found.DeviceId, found.ClassCode, bridge, await function.ReadAerAsync());
    }

    private static async Task ClearAsync(PciFunction function)
    {
        await ErrorRecovery.ClearDeviceStatusAsync(function);
        if (function.Aer == 0) return;
        foreach (var status in new[] { AerUncorrectableStatus, AerCorrectableStatus })
            await function.WriteAsync(function.Aer + status, 4, await function.ReadAsync(function.Aer + status, 4));
    }

    private static void Deliver(ErrorCase error, PciFunction subject, AerSeverity severity, GhesRecord record)
    {
        var kernel = error.Kernel;
        var ghes = severity switch
        {
            AerSeverity.Correctable => GhesSeverity.Corrected,
            AerSeverity.NonFatal => kernel.Policy.FirmwareNonFatal,
            _ => kernel.Policy.FirmwareFatal,
        };
        var level = ghes switch
        {
            GhesSeverity.Corrected => KernelLogLevel.Warning,
            GhesSeverity.Recoverable => KernelLogLevel.Error,
            _ => KernelLogLevel.Emergency,
        };
        kernel.Log.Write(level, GhesText.Record(kernel.NextGhesRecord(), ErrorSourceNumber, ghes, record, kernel.Policy.Release));
        var word = ghes.ToString().ToLowerInvariant();
        error.Tell($"clears the registers of {subject.Id} and reports a platform error record (GHES): {word}");
        if (ghes == GhesSeverity.Fatal)
        {
            error.HandedTo("kernel").Tell($"panics: {GhesText.Panic}");
            kernel.Panic(subject, GhesText.Panic);
            return;
        }

        if (record.Aer is not { } registers) return;
        var aerSeverity = ghes == GhesSeverity.Corrected ? AerSeverity.Correctable : AerSeverity.NonFatal;
        foreach (var line in AerText.FirmwareDetails(aerSeverity, registers, kernel.Policy.Release))
            kernel.Log.Write(level, subject.Line(line));
        if (aerSeverity == AerSeverity.NonFatal)
            kernel.Sim.Start($"recovery of {subject}", Recover);

        Task Recover() => ErrorRecovery.RunAsync(
            error.HandedTo("kernel"), subject, ChannelState.Normal, bridge => BusReset.RunAsync(kernel, bridge));
    }
}
