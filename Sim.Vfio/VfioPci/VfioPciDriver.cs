using Sim.Vfio.Kernel;

namespace Sim.Vfio.VfioPci;

/// <summary>vfio-pci, or a variant of it, as error recovery sees it: it tells the user and lets recovery go on.</summary>
internal sealed class VfioPciDriver(VfioPciDevice device, string name) : PciDriver
{
    public override string Name => name;

    public override Task<ErrorVote> ErrorDetectedAsync(PciFunction function, ChannelState channel)
    {
        device.SignalError(channel);
        return Task.FromResult(ErrorVote.CanRecover);
    }
}
