using Sim.Pcie.Config;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;

namespace Sim.Pcie.Topology;

/// <summary>What the registers of a Root Port or Switch Downstream Port do to its link: Secondary Bus Reset, Link Disable, and the
/// Surprise Down error of a link that nobody took down.</summary>
internal sealed class DownstreamLinkControl
{
    private readonly Port _port;
    private readonly BridgeFunction _function;

    public DownstreamLinkControl(Port port, BridgeFunction function)
    {
        (_port, _function) = (port, function);
        function.SecondaryBusResetChanged += asserted => Hold(LinkDownCause.SecondaryBusReset, asserted);
        function.Config.OnWrite(function.Express.LinkControl, 2, _ => Hold(LinkDownCause.LinkDisable, function.Express.LinkDisabled));
        function.Config.OnReset += OnReset;
    }

    /// <summary>Shows the link's state in the registers; an unordered down is an error of the port (§3.2.1).</summary>
    public void OnLinkStateChanged(bool up)
    {
        var link = _port.Link!;
        if (up)
        {
            _function.Express.SetLinkUp((int)link.Speed, (int)link.Width);
            return;
        }

        _function.Express.SetLinkDown();
        if (link.DownCauses == LinkDownCause.Surprise && _function.Express.Options.SurpriseDownReporting)
            _function.Errors.Report(PcieError.SurpriseDown);
    }

    // Bridge Control and Link Disable are not sticky: what they held is let go with them.
    private void OnReset(ResetKind kind)
    {
        Hold(LinkDownCause.SecondaryBusReset, _function.Header.SecondaryBusResetHeld);
        Hold(LinkDownCause.LinkDisable, _function.Express.LinkDisabled);
    }

    private void Hold(LinkDownCause cause, bool down)
    {
        if (down) _port.Link?.TakeDown(cause);
        else _port.Link?.BringUp(cause);
    }
}
