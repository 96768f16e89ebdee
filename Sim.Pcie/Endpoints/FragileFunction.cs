using Sim.Core;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Endpoints;

/// <summary>
/// A queue device that any store to its stopped registers breaks: the store reaches an engine without a clock, the queue is disabled and
/// the Error bit set, in the device and in every image of it. The bus sees nothing.
/// </summary>
public sealed class FragileFunction(Simulator sim, string name, EndpointConfig layout)
    : DmaQueueFunction(sim, name, layout, StoppedAccessPolicy.Unfenced)
{
    /// <inheritdoc/>
    protected internal override void WriteBar(int bar, ulong offset, ReadOnlySpan<byte> data)
    {
        if (!ResponderSuspended || offset >= DmaQueueLayout.MsixTable)
        {
            base.WriteBar(bar, offset, data);
            return;
        }

        HasFailed = true;
        WriteRegister(DmaQueueLayout.Control, 0);
    }
}
