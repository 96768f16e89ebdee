using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;

namespace Sim.Pcie.Errors;

/// <summary>How a port's virtual PCI bridge passes an error Message from its secondary to its primary side (§6.2.8.1, Figure
/// 6-3).</summary>
/// <param name="trace">Where decisions are shown.</param>
/// <param name="config">The port's registers, with a Type 1 header.</param>
/// <param name="pcie">Its PCI Express Capability.</param>
/// <param name="port">Gives the port's Routing ID.</param>
public sealed class BridgeErrorForwarder(ErrorTrace trace, ConfigSpace config, PciExpressCapability pcie, IErrorMessageSink port)
{
    /// <summary>DPC of this Downstream Port, which a Message may trigger; the Message then ends here (§6.2.11).</summary>
    public DpcController? Dpc { get; init; }

    /// <summary>Decides whether a Message received on the secondary side goes on at the primary side.</summary>
    /// <param name="message">The Message.</param>
    /// <returns>True if the caller is to transmit it (a Switch Port) or to act on it (a Root Port).</returns>
    public bool Receive(in ErrorMessage message)
    {
        if (message.Severity != ErrorSeverity.Correctable)
            config.HwSetBits(Type1Header.SecondaryStatusOffset, 2, 1u << Type1Header.ReceivedSystemError);
        if (Dpc is { } dpc && dpc.TryContainMessage(message))
            return false;
        var bridge = config.Describe(Type1Header.BridgeControlOffset, Type1Header.BridgeSerrEnable);
        if (bridge.Value == 0)
        {
            Show(message, ErrorStepKind.Stopped, $"does not forward {message}", bridge);
            return false;
        }
        return Transmit(message, bridge);
    }

    /// <summary>Whether the primary interface is enabled to transmit a Message: SERR# for the uncorrectable ones, or the reporting
    /// enable.</summary>
    /// <param name="message">The Message.</param>
    /// <param name="leave">What let it in, shown with the other bits.</param>
    internal bool Transmit(in ErrorMessage message, params RegisterBit[] leave)
    {
        var serr = config.Describe(HeaderView.CommandOffset, HeaderView.SerrEnable);
        var enable = config.Describe(pcie.DeviceControl, (int)message.Severity);
        var bySerr = message.Severity != ErrorSeverity.Correctable && serr.Value != 0;
        RegisterBit[] bits = message.Severity == ErrorSeverity.Correctable ? [.. leave, enable] : [.. leave, enable, serr];
        if (!bySerr && enable.Value == 0)
        {
            Show(message, ErrorStepKind.Stopped, $"does not transmit {message}", bits);
            return false;
        }
        if (bySerr)
            config.HwSetBits(HeaderView.StatusOffset, 2, 1u << HeaderView.SignaledSystemError);
        Show(message, ErrorStepKind.Forwarded, $"forwards {message}", bits);
        return true;
    }

    private void Show(in ErrorMessage message, ErrorStepKind kind, string text, params RegisterBit[] bits)
    {
        var chain = trace.ChainOf(message, kind == ErrorStepKind.Stopped);
        trace.Show(new(chain, kind, config.Name, port.RoutingId, text) { Bits = bits, Message = message });
    }
}
