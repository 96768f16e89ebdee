using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Endpoints;

/// <summary>
/// What a function says to the Root Complex besides memory requests: its INTx wire (§2.2.8.1, §6.1.2), PM_PME (§5.3.3) and the latency it
/// tolerates (§6.18).
/// </summary>
public sealed class FunctionSignals
{
    private const int InterruptStatus = 3;
    private const int PmeEnable = 8;
    private const int PmeStatus = 15;

    private readonly EndpointFunction _function;
    private bool _pending;
    private bool _asserted;

    internal FunctionSignals(EndpointFunction function) => _function = function;

    /// <summary>INTA to INTD as 0 to 3; null if the function has no Interrupt Pin, as a VF (§9.3.4.1.18).</summary>
    public int? Pin => _function.Config.Read(0x3D, 1) is > 0 and <= 4 and var pin ? (int)pin - 1 : null;

    /// <summary>
    /// Whether the device wants an interrupt: shown in Status.Interrupt Status, and on the wire unless Command.Interrupt Disable is set or
    /// MSI-X is enabled.
    /// </summary>
    /// <exception cref="InvalidOperationException">The function has no Interrupt Pin.</exception>
    public bool Interrupt
    {
        get => _pending;
        set
        {
            if (Pin is null) throw new InvalidOperationException($"{_function.Name} has no Interrupt Pin");
            _pending = value;
            if (value) _function.Config.HwSetBits(HeaderView.StatusOffset, 2, 1u << InterruptStatus);
            else _function.Config.HwClearBits(HeaderView.StatusOffset, 2, 1u << InterruptStatus);
            Refresh();
        }
    }

    /// <summary>Sends PM_PME if PME_En is set, and sets PME_Status in any case (§5.3.3, §7.5.2.2).</summary>
    /// <returns>Whether the Message was sent; false also without a Power Management capability.</returns>
    public bool SendPme()
    {
        if (_function.Power is not { } power) return false;
        _function.Config.HwSetBits(power.Status, 2, 1u << PmeStatus);
        if (!_function.Config.Bit(power.Status, PmeEnable)) return false;
        _function.Device.SendMessage(_function, MessageCode.PmPme, MessageRouting.ToRootComplex);
        return true;
    }

    /// <summary>Sends an LTR Message.</summary>
    /// <returns>False, and nothing is sent, unless LTR Mechanism Enable is set (§6.18).</returns>
    public bool SendLatencyTolerance(LatencyTolerance tolerance)
    {
        if (!_function.Express.LtrEnabled) return false;
        _function.Device.SendMessage(_function, MessageCode.Ltr, MessageRouting.Local, tolerance.Encoded);
        return true;
    }

    internal void Reset(ResetKind kind)
    {
        _pending = false;
        if (kind == ResetKind.FunctionLevel) Refresh();

        // Any other reset comes with the link: the port above deasserts for itself (§2.2.8.1).
        else if (_asserted) _function.Device.ForgetWire(Pin!.Value);
        if (kind != ResetKind.FunctionLevel) _asserted = false;
    }

    internal void Refresh()
    {
        var wanted = _pending && !_function.Header.InterruptDisabled && _function.Msix is not { Enabled: true };
        if (wanted == _asserted) return;
        _asserted = wanted;
        _function.Device.DriveWire(Pin!.Value, wanted);
    }
}
