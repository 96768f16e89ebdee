namespace Sim.Vfio.Kernel;

/// <summary>The kernel's recovery of a PCIe hierarchy: every driver below the port above the reporter is asked, and told.</summary>
internal static class ErrorRecovery
{
    /// <summary>Runs the recovery and logs how it ended.</summary>
    /// <param name="error">The error, and the kernel that works at it.</param>
    /// <param name="reporter">The Function whose error it is.</param>
    /// <param name="channel">Normal for non-fatal errors, frozen for fatal ones and after containment.</param>
    /// <param name="resetBelow">Resets what is below the port; false if it did not come back. Only for a frozen channel.</param>
    public static async Task<bool> RunAsync(
        ErrorCase error, PciFunction reporter, ChannelState channel, Func<PciFunction, Task<bool>> resetBelow)
    {
        var kernel = error.Kernel;
        // The port above an Endpoint or Switch Upstream Port; a Root or Downstream Port stands for itself.
        var bridge = reporter.IsDownstreamPort ? reporter : reporter.Parent ?? reporter;
        var functions = kernel.Below(bridge);
        error.Tell($"begins recovery of all below {bridge.Id}, channel {channel.ToString().ToLowerInvariant()}");
        var successful = await RecoverAsync(error, functions, bridge, channel, resetBelow);
        if (successful)
        {
            await ClearStatusAsync(reporter);
            error.Tell($"clears Device Status (§7.5.3.5) and AER status (§7.8.4.2) of {reporter.Id}");
            foreach (var (function, driver) in Handlers(functions))
            {
                await driver.ResumeAsync(function);
                error.Tell($"resume of {driver.Name} at {function.Id}");
            }
        }

        error.Tell($"device recovery {(successful ? "successful" : "failed")}");

        kernel.Log.Write(successful ? KernelLogLevel.Info : KernelLogLevel.Error, bridge.Line(AerText.Recovery(successful)));
        return successful;
    }

    private static async Task<bool> RecoverAsync(
        ErrorCase error, IReadOnlyList<PciFunction> functions, PciFunction bridge, ChannelState channel,
        Func<PciFunction, Task<bool>> resetBelow)
    {
        var vote = ErrorVote.CanRecover;
        foreach (var function in functions) vote = ErrorVotes.Merge(vote, await DetectedAsync(error, function, channel));
        if (channel == ChannelState.Frozen)
        {
            var answers = await resetBelow(bridge);
            error.Tell($"what is below {bridge.Id} was reset and {(answers ? "answers again" : "does not answer")}");
            if (!answers) return false;
        }

        if (vote == ErrorVote.CanRecover)
        {
            vote = ErrorVote.Recovered;
            foreach (var (function, driver) in Handlers(functions))
                vote = ErrorVotes.Merge(vote, await error.CallAsync("mmio_enabled", function, driver, driver.MmioEnabledAsync));
        }

        if (vote == ErrorVote.NeedReset)
        {
            // Up to 6.17 the kernel leaves a non-fatal NEED_RESET to the drivers' slot_reset and resets nothing itself.
            vote = ErrorVote.Recovered;
            foreach (var (function, driver) in Handlers(functions))
                vote = ErrorVotes.Merge(vote, await error.CallAsync("slot_reset", function, driver, driver.SlotResetAsync));
        }

        return vote == ErrorVote.Recovered;
    }

    private static async Task<ErrorVote> DetectedAsync(ErrorCase error, PciFunction function, ChannelState channel)
    {
        if (function.Driver is { HandlesErrors: true } driver)
        {
            var call = $"error_detected({channel.ToString().ToLowerInvariant()})";
            return await error.CallAsync(call, function, driver, f => driver.ErrorDetectedAsync(f, channel));
        }

        if (function.IsBridge) return ErrorVote.None;
        error.Tell($"{function.Id} has no driver with error_detected: nothing below the port recovers");
        error.Kernel.Log.Write(KernelLogLevel.Info, function.Line(AerText.NoCallback));
        return ErrorVote.NoAerDriver;
    }

    private static IEnumerable<(PciFunction Function, PciDriver Driver)> Handlers(IReadOnlyList<PciFunction> functions)
    {
        foreach (var function in functions)
            if (function.Driver is { HandlesErrors: true } driver) yield return (function, driver);
    }

    private static async Task ClearStatusAsync(PciFunction function)
    {
        await ClearDeviceStatusAsync(function);
        if (function.Aer == 0) return;
        var status = await function.ReadAsync(function.Aer + PciRegisters.AerUncorrectableStatus, 4);
        var fatal = await function.ReadAsync(function.Aer + PciRegisters.AerUncorrectableSeverity, 4);
        await function.WriteAsync(function.Aer + PciRegisters.AerUncorrectableStatus, 4, status & ~fatal);
    }

    /// <summary>Writes Device Status back to itself: its error bits are RW1C.</summary>
    public static async Task ClearDeviceStatusAsync(PciFunction function)
    {
        if (function.Express == 0) return;
        var status = function.Express + PciRegisters.DeviceStatus;
        await function.WriteAsync(status, 2, await function.ReadAsync(status, 2));
    }
}
