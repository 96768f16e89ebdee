using Sim.Vfio.Kernel;

namespace Sim.Vfio.Drivers;

/// <summary>
/// The host's driver of a PF whose VFs are given away: it takes part in error recovery. It goes on after an error that left the channel
/// alone and asks for a reset after one that froze it.
/// </summary>
/// <param name="kernel">The host.</param>
public sealed class ControlBlockPfDriver(HostKernel kernel) : PciDriver
{
    /// <inheritdoc/>
    public override string Name => "ctrlblk";

    /// <inheritdoc/>
    public override Task<ErrorVote> ErrorDetectedAsync(PciFunction function, ChannelState channel)
    {
        if (channel == ChannelState.Normal) return Task.FromResult(ErrorVote.CanRecover);
        kernel.Outcome.Record(HostEventKind.DriverUnload, function.Id, [function], $"{Name} of {function.Id} stops working");
        return Task.FromResult(ErrorVote.NeedReset);
    }

    /// <inheritdoc/>
    public override Task<ErrorVote> SlotResetAsync(PciFunction function) => Task.FromResult(ErrorVote.Recovered);
}
