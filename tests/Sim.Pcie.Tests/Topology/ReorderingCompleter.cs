using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Topology;

/// <summary>
/// Makes a device answer reads of its one BAR late and in reverse: it never completes them itself, and answers all at once from outside.
/// </summary>
internal sealed class ReorderingCompleter(PcieDevice device)
{
    private readonly List<TlpHeader> _requests = [];

    public List<int> OrderOfTags { get; } = [];

    public void Attach(PeerPlatform platform)
    {
        var function = (ScratchFunction)device.Functions[0];
        function.Decision = AccessDecision.NoCompletion;
        device.Accesses.Subscribe((SimTime _, in AccessRecord access) => _requests.Add(access.Header));
        device.Link!.Upstream.Arrived.Subscribe((SimTime _, in TlpHop hop) => OrderOfTags.Add(hop.Tlp.Header.Tag));
        platform.Sim.Start("reversed completions", async () =>
        {
            await platform.Sim.Delay(SimDuration.FromMicroseconds(20));
            for (var i = _requests.Count - 1; i >= 0; i--)
            {
                var offset = (int)(_requests[i].FirstByteAddress - platform.Bars[platform.Devices.IndexOf(function)]);
                var body = device.Bodies.Rent(function.Memory.AsSpan(offset, _requests[i].EnabledBytes));
                var completion = Tlps.CompletionWithData(
                    _requests[i], function.Id, body.Length, (int)(_requests[i].FirstByteAddress & 0x7F), body);
                device.Transmitter.Send(in completion, platform.Sim.Now, null);
            }
        });
    }
}
