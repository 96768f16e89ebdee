using Sim.Core;
using Sim.Pcie.Spec;
using static Sim.Vfio.Kernel.PciRegisters;

namespace Sim.Vfio.Kernel;

/// <summary>
/// The Linux AER driver on one Root Port: reads what arrived, finds who reported it, reads and prints the reporter's registers, recovers.
/// Everything it knows it reads by configuration requests.
/// </summary>
internal sealed class AerService(HostKernel kernel, PciFunction port)
{
    private const int LimitBurst = 10;

    private readonly Dictionary<(RoutingId, AerSeverity), RateLimit> _limits = [];

    private KernelRelease Release => kernel.Policy.Release;

    public async Task StartAsync()
    {
        await port.WriteAsync(port.Aer + AerRootStatus, 4, await port.ReadAsync(port.Aer + AerRootStatus, 4));
        await port.UpdateAsync(port.Aer + AerRootCommand, 4, AllErrors, kernel.Policy.RootErrorInterrupts ? AllErrors : 0);
    }

    /// <summary>The interrupt: takes what Root Error Status and Error Source hold, clears them, and works it off, correctable errors
    /// first.</summary>
    public async Task HandleAsync()
    {
        var status = await port.ReadAsync(port.Aer + AerRootStatus, 4);
        if ((status & (RootCorrectableReceived | RootUncorrectableReceived)) == 0) return;
        var source = await port.ReadAsync(port.Aer + AerErrorSource, 4);
        await port.WriteAsync(port.Aer + AerRootStatus, 4, status);
        if ((status & RootCorrectableReceived) != 0)
            await ProcessAsync(AerSeverity.Correctable, new((ushort)source), (status & RootMultipleCorrectable) != 0, Case((ushort)source));
        if ((status & RootUncorrectableReceived) != 0)
        {
            var severity = (status & RootFatalReceived) != 0 ? AerSeverity.Fatal : AerSeverity.NonFatal;
            var uncorrectable = (ushort)(source >> 16);
            await ProcessAsync(severity, new(uncorrectable), (status & RootMultipleUncorrectable) != 0, Case(uncorrectable));
        }

        ErrorCase Case(ushort id)
        {
            var error = new ErrorCase(kernel, port, new RoutingId(id), "AER driver");
            error.Tell($"reads Root Error Status {status:X8}h (§7.8.4.10) and Error Source Identification {source:X8}h (§7.8.4.11) of "
                + $"{port.Id}, and clears what it read");
            return error;
        }
    }

    private async Task ProcessAsync(AerSeverity severity, RoutingId source, bool multiple, ErrorCase error)
    {
        // No Message TLP says it: the Root Port's own error.
        if (source == port.Id)
            kernel.Outcome.Record(HostEventKind.ErrorMessage, port.Id, [port], $"{severity} error of {port.Id} itself");

        // Until 6.16 the port's line comes before the search, afterwards behind it.
        // One decision per error: the port's line and the details go together.
        var silent = IsLimited(source, severity);
        if (Release != KernelRelease.Linux616 && !silent) PrintSource(severity, source, multiple, found: true);
        var reporters = await FindReportersAsync(severity, source, multiple);
        if (Release == KernelRelease.Linux616 && !silent) PrintSource(severity, source, multiple, reporters.Count > 0);
        if (reporters.Count == 0 && AerText.NoDetails(source, Release) is { } line) kernel.Log.Write(KernelLogLevel.Info, port.Line(line));

        if (reporters.Count == 0) error.Tell("finds nobody who reported it: no details and no recovery");
        List<(PciFunction Function, AerRegisters Registers)> details = [];
        foreach (var reporter in reporters)
        {
            if (await ReadDetailsAsync(reporter, severity, error) is not { } registers) continue;
            details.Add((reporter, registers));
            if (!silent) Print(reporter, severity, registers, source, several: reporters.Count > 1);
        }

        foreach (var (function, registers) in details) await HandleAsync(function, severity, registers, error);
    }

    /// <summary>The port itself first, then everything below it; after a single Message the first match ends the search.</summary>
    private async Task<List<PciFunction>> FindReportersAsync(AerSeverity severity, RoutingId source, bool multiple)
    {
        List<PciFunction> found = [];
        foreach (var function in kernel.Below(port).Prepend(port))
        {
            if (!await IsReporterAsync(function, severity, source, multiple)) continue;
            found.Add(function);
            if (!multiple || function == port) break;
        }

        return found;
    }

    private static async Task<bool> IsReporterAsync(PciFunction function, AerSeverity severity, RoutingId source, bool multiple)
    {
        // An ID on bus 0 may be bad and is not trusted; any other names its Function, with AER or without.
        if (source.Bus != 0)
        {
            if (function.Id == source) return true;
            if (!multiple) return false;
        }

        if (function.Express == 0 || function.Aer == 0) return false;
        if ((await function.ReadAsync(function.Express + DeviceControl, 2) & (uint)ReportingEnables.All) == 0) return false;
        return (await function.ReadAerAsync())!.Value.HasUnmasked(severity);
    }

    /// <summary>Null: no AER capability, or nothing unmasked in it; the kernel then neither prints nor recovers.</summary>
    private static async Task<AerRegisters?> ReadDetailsAsync(PciFunction function, AerSeverity severity, ErrorCase error)
    {
        if (function.Aer == 0)
        {
            error.Tell($"{function.Id} has no AER capability: no details and no recovery");
            return null;
        }

        // The Link to a Function with a fatal error may be dead, except where the registers are above that Link.
        if (severity == AerSeverity.Fatal && !function.IsDownstreamPort)
        {
            error.Tell($"does not read {function.Id}: the Link to a Function with a fatal error may be dead");
            return default(AerRegisters);
        }

        var registers = (await function.ReadAerAsync())!.Value;
        var has = registers.HasUnmasked(severity);
        error.Tell($"reads AER status {registers.StatusFor(severity):X8}h of {function.Id}"
            + (has ? "" : ": nothing unmasked, so no details and no recovery"));
        return has ? registers : null;
    }

    private void PrintSource(AerSeverity severity, RoutingId source, bool multiple, bool found)
    {
        kernel.Log.Write(KernelLogLevel.Info, port.Line(AerText.MessageReceived(multiple, severity, source, found, Release)));
    }

    private void Print(PciFunction function, AerSeverity severity, in AerRegisters registers, RoutingId source, bool several)
    {
        var level = severity == AerSeverity.Correctable ? KernelLogLevel.Warning : KernelLogLevel.Error;
        if (registers.StatusFor(severity) == 0) kernel.Log.Write(level, function.Line(AerText.Inaccessible(severity, Release)));
        else
            foreach (var line in Details(function, severity, registers))
                kernel.Log.Write(level, function.Line(line));
        if (several && function.Id == source) kernel.Log.Write(KernelLogLevel.Error, function.Line(AerText.ReportedFirst));
    }

    private IEnumerable<string> Details(PciFunction function, AerSeverity severity, in AerRegisters registers) =>
        AerText.Details(severity, registers, function.Discovered.VendorId, function.Discovered.DeviceId, Release);

    private bool IsLimited(RoutingId id, AerSeverity severity)
    {
        if (Release != KernelRelease.Linux616 || severity == AerSeverity.Fatal) return false;
        if (!_limits.TryGetValue((id, severity), out var limit))
            _limits.Add((id, severity), limit = new(LimitBurst, SimDuration.FromSeconds(5)));
        return !limit.Allow(kernel.Sim.Now);
    }

    private async Task HandleAsync(PciFunction function, AerSeverity severity, AerRegisters registers, ErrorCase error)
    {
        if (severity == AerSeverity.Correctable)
        {
            await function.WriteAsync(function.Aer + AerCorrectableStatus, 4, registers.CorrectableStatus);
            await ErrorRecovery.ClearDeviceStatusAsync(function);
            error.Tell($"clears Correctable Error Status (§7.8.4.5) and Device Status of {function.Id}: no recovery");
            return;
        }

        var channel = severity == AerSeverity.Fatal ? ChannelState.Frozen : ChannelState.Normal;
        await ErrorRecovery.RunAsync(error, function, channel, ResetBelowAsync);
    }

    private async Task<bool> ResetBelowAsync(PciFunction bridge)
    {
        await port.UpdateAsync(port.Aer + AerRootCommand, 4, AllErrors, 0);
        var answered = await BusReset.RunAsync(kernel, bridge);
        kernel.Log.Write(KernelLogLevel.Info, bridge.Line(AerText.LinkReset(bridge == port, answered ? 0 : -25)));
        await port.WriteAsync(port.Aer + AerRootStatus, 4, await port.ReadAsync(port.Aer + AerRootStatus, 4));
        await port.UpdateAsync(port.Aer + AerRootCommand, 4, 0, AllErrors);
        return answered;
    }
}
