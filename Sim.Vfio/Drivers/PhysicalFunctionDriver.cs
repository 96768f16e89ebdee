using Sim.Vfio.Kernel;

namespace Sim.Vfio.Drivers;

/// <summary>
/// The host's driver of a Physical Function, as error recovery sees the drivers of network cards: any uncorrectable error stops it, and
/// with it the services its VFs live on; it asks for a reset and starts again afterwards.
/// </summary>
public sealed class PhysicalFunctionDriver : PciDriver
{
    private readonly HostKernel _kernel;
    private readonly PciState _state;

    private PhysicalFunctionDriver(HostKernel kernel, string name, PciState state) => (_kernel, Name, _state) = (kernel, name, state);

    /// <inheritdoc/>
    public override string Name { get; }

    /// <summary>Whether it works with its device.</summary>
    public bool IsLoaded { get; private set; } = true;

    /// <summary>Binds the driver and saves the Function's configuration; to be called after its VFs were enabled.</summary>
    public static async Task<PhysicalFunctionDriver> BindAsync(HostKernel kernel, PciFunction function, string name)
    {
        var driver = new PhysicalFunctionDriver(kernel, name, await PciState.SaveAsync(function));
        function.Driver = driver;
        return driver;
    }

    /// <inheritdoc/>
    public override Task<ErrorVote> ErrorDetectedAsync(PciFunction function, ChannelState channel)
    {
        IsLoaded = false;
        PciFunction[] affected = [function, .. _kernel.Functions.Where(f => f.PhysicalFunction == function)];
        _kernel.Outcome.Record(HostEventKind.DriverUnload, function.Id, affected, $"{Name} stopped working with {function.Id} ({channel})");
        return Task.FromResult(ErrorVote.NeedReset);
    }

    /// <inheritdoc/>
    public override async Task<ErrorVote> SlotResetAsync(PciFunction function)
    {
        await _state.RestoreAsync(function);
        return ErrorVote.Recovered;
    }

    /// <inheritdoc/>
    public override Task ResumeAsync(PciFunction function)
    {
        IsLoaded = true;
        return Task.CompletedTask;
    }
}
