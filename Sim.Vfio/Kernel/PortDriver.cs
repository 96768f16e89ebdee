namespace Sim.Vfio.Kernel;

/// <summary>pcieport, the driver of bridges: after a reset from above it brings a bridge's numbers and windows back.</summary>
internal sealed class PortDriver : PciDriver
{
    private readonly PciState _state;

    private PortDriver(PciState state) => _state = state;

    public override string Name => "pcieport";

    public static async Task BindAsync(PciFunction bridge) => bridge.Driver = new PortDriver(await PciState.SaveAsync(bridge));

    public override Task<ErrorVote> ErrorDetectedAsync(PciFunction function, ChannelState channel) =>
        Task.FromResult(channel == ChannelState.Frozen ? ErrorVote.NeedReset : ErrorVote.CanRecover);

    public override Task<ErrorVote> MmioEnabledAsync(PciFunction function) => Task.FromResult(ErrorVote.Recovered);

    public override async Task<ErrorVote> SlotResetAsync(PciFunction function)
    {
        await _state.RestoreAsync(function);
        return ErrorVote.Recovered;
    }
}
