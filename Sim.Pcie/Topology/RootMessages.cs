using Sim.Core;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Topology;

/// <summary>What a Root Port does with Messages that are no errors: INTx, PM_PME, PME_TO_Ack and LTR.</summary>
public sealed class RootMessages
{
    private const int Pins = 4;
    private const int PmeInterruptEnable = 3;
    private const int PmeStatus = 16;
    private const int PmePending = 17;

    private readonly RootComplex _root;
    private readonly RootPort _port;
    private readonly Queue<RoutingId> _pending = new();
    private byte _asserted;
    private SimCompletion<bool>? _turnOff;

    internal RootMessages(RootComplex root, RootPort port)
    {
        (_root, _port) = (root, port);
        port.Function.Config.OnWrite(port.Function.Express.RootStatus, 4, write =>
        {
            if ((write.Fallen >> PmeStatus & 1) != 0) ShowNextPme();
        });
    }

    /// <summary>The latest LTR value that arrived (§6.18).</summary>
    public LatencyTolerance Tolerance { get; private set; }

    /// <summary>INTx wires of the hierarchy below: bit 0 is INTA (§2.2.8.1).</summary>
    public byte AssertedPins => _asserted;

    /// <summary>Broadcasts PME_Turn_Off and awaits PME_TO_Ack (§5.3.3.2.1); false if the link is down or goes down.</summary>
    public SimCompletion<bool> TurnOffAsync()
    {
        var done = new SimCompletion<bool>();
        if (_port.Link is not { IsUp: true })
        {
            done.Set(false);
            return done;
        }

        _turnOff = done;
        var tlp = Tlps.Message(_port.Function.Id, MessageCode.PmeTurnOff, MessageRouting.Broadcast);
        tlp.Header.Dw0 |= _port.Function.OriginBits;
        _port.Transmitter.Send(in tlp, _port.Sim.Now, null);
        return done;
    }

    /// <summary>A Message that is not an error Message.</summary>
    /// <returns>Whether the Root Complex supports it.</returns>
    internal bool Receive(in Tlp tlp)
    {
        ref readonly var header = ref tlp.Header;
        switch (header.MessageCode)
        {
            case >= MessageCode.AssertIntA and <= MessageCode.DeassertIntD:
                Drive(header.MessageCode);
                return true;
            case MessageCode.PmPme:
                _pending.Enqueue(header.RequesterId);
                ShowNextPme();
                return true;
            case MessageCode.PmeToAck:
                EndTurnOff(true);
                return true;
            case MessageCode.Ltr when _port.Function.Express.LtrEnabled:
                Tolerance = LatencyTolerance.Of(in header);
                return true;
            case MessageCode.PageRequest or MessageCode.InvalidateCompletion:
                return _root.TranslationAgent is not null; // who serves them listens to RootComplex.Messages
            default:
                return false;
        }
    }

    /// <summary>The wires of a hierarchy whose link is down are deasserted (§2.2.8.1).</summary>
    internal void OnLinkDown()
    {
        for (var pin = 0; pin < Pins; pin++)
        {
            if ((_asserted >> pin & 1) != 0) _root.Interrupts.DriveLine(LineOf(pin), asserted: false);
        }

        _asserted = 0;
        Tolerance = default;
        EndTurnOff(false);
    }

    private void Drive(MessageCode code)
    {
        var pin = (code - MessageCode.AssertIntA) % Pins;
        var asserted = code < MessageCode.DeassertIntA;
        if ((_asserted >> pin & 1) != 0 == asserted) return; // a second Assert changes nothing (§2.2.8.1)
        _asserted ^= (byte)(1 << pin);
        _root.Interrupts.DriveLine(LineOf(pin), asserted);
    }

    /// <summary>A Root Port is a bridge on bus 0: its device number swizzles as that of any other (Table 2-24).</summary>
    private int LineOf(int pin) => (pin + _port.Function.Id.Device) % Pins;

    private void EndTurnOff(bool acknowledged)
    {
        var done = _turnOff;
        _turnOff = null;
        done?.Set(acknowledged);
    }

    /// <summary>Root Status shows one PME at a time; the others stay pending (§7.5.3.14).</summary>
    private void ShowNextPme()
    {
        var (config, express) = (_port.Function.Config, _port.Function.Express);
        if (!config.Bit(express.RootStatus, PmeStatus) && _pending.TryDequeue(out var requester))
        {
            config.HwSet(express.RootStatus, 4, requester.Value | 1u << PmeStatus);
            if (config.Bit(express.RootControl, PmeInterruptEnable)) _port.SignalInterrupt(express.Options.InterruptMessageNumber);
        }

        if (_pending.Count > 0) config.HwSetBits(express.RootStatus, 4, 1u << PmePending);
        else config.HwClearBits(express.RootStatus, 4, 1u << PmePending);
    }
}
