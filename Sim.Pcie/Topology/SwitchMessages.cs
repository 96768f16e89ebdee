using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Topology;

/// <summary>
/// Messages that a switch does not merely route: INTx, collapsed from its downstream ports into four virtual wires (§2.2.8.1); PME_TO_Ack,
/// gathered (§5.3.3.2.1); LTR, combined (§6.18).
/// </summary>
internal sealed class SwitchMessages(Switch owner)
{
    private const int Pins = 4;

    /// <summary>By downstream port, a bit for each pin that is asserted below it.</summary>
    private readonly byte[] _asserted = new byte[owner.Downstream.Count];
    private readonly LatencyTolerance[] _tolerances = new LatencyTolerance[owner.Downstream.Count];
    private byte _upstream;
    private ulong _unacknowledged;
    private LatencyTolerance _reported;

    /// <summary>Latest LTR value recorded at a downstream port.</summary>
    public LatencyTolerance ToleranceBelow(int port) => _tolerances[port];

    /// <summary>Assert_INTx or Deassert_INTx arrived from below.</summary>
    public void OnInterrupt(SwitchPort ingress, MessageCode code)
    {
        var bit = (byte)(1 << (code - MessageCode.AssertIntA) % Pins);
        if (code < MessageCode.DeassertIntA) _asserted[ingress.Index] |= bit;
        else _asserted[ingress.Index] &= (byte)~bit;
        UpdateUpstream();
    }

    /// <summary>A downstream port went down: its wires are deasserted (§2.2.8.1), it owes no acknowledgement and tolerates
    /// anything.</summary>
    public void OnDown(SwitchPort port)
    {
        _asserted[port.Index] = 0;
        UpdateUpstream();
        Acknowledge(port);
        _tolerances[port.Index] = default;
        UpdateTolerance();
    }

    /// <summary>PME_Turn_Off went out: an acknowledgement is owed by every downstream port that is up.</summary>
    public void OnTurnOff()
    {
        _unacknowledged = 0;
        foreach (var port in owner.Downstream)
        {
            if (port.Link is { IsUp: true }) _unacknowledged |= 1UL << port.Index;
        }

        if (_unacknowledged == 0) Send(MessageCode.PmeToAck, MessageRouting.Gathered);
    }

    /// <summary>PME_TO_Ack arrived from below; the last one makes the switch's own.</summary>
    public void Acknowledge(SwitchPort port)
    {
        var bit = 1UL << port.Index;
        if ((_unacknowledged & bit) == 0) return;
        _unacknowledged &= ~bit;
        if (_unacknowledged == 0) Send(MessageCode.PmeToAck, MessageRouting.Gathered);
    }

    /// <summary>LTR arrived from below: recorded, and the least of all goes on when it changes.</summary>
    public void OnTolerance(SwitchPort ingress, in TlpHeader header)
    {
        _tolerances[ingress.Index] = LatencyTolerance.Of(in header);
        UpdateTolerance();
    }

    /// <summary>The switch was reset: nothing is asserted, nothing owed.</summary>
    public void Reset()
    {
        Array.Clear(_asserted);
        Array.Clear(_tolerances);
        (_upstream, _unacknowledged, _reported) = (0, 0, default);
    }

    /// <summary>Pins are swizzled by the device number of the port they come through: INTA of device 1 is INTB above (§2.2.8.1,
    /// Table 2-24).</summary>
    private void UpdateUpstream()
    {
        byte now = 0;
        for (var device = 0; device < _asserted.Length; device++)
        {
            for (var pin = 0; pin < Pins; pin++)
            {
                if ((_asserted[device] >> pin & 1) != 0) now |= (byte)(1 << (pin + device) % Pins);
            }
        }

        var changed = now ^ _upstream;
        _upstream = now;
        for (var pin = 0; pin < Pins; pin++)
        {
            if ((changed >> pin & 1) == 0) continue;
            var first = (now >> pin & 1) != 0 ? MessageCode.AssertIntA : MessageCode.DeassertIntA;
            Send((MessageCode)((int)first + pin), MessageRouting.Local);
        }
    }

    private void UpdateTolerance()
    {
        var least = default(LatencyTolerance);
        foreach (var tolerance in _tolerances) least = LatencyTolerance.Least(least, tolerance);
        if (least == _reported) return;
        _reported = least;
        if (!owner.Upstream.Function.Express.LtrEnabled) return;
        Send(MessageCode.Ltr, MessageRouting.Local, least.Encoded);
    }

    private void Send(MessageCode code, MessageRouting routing, uint dw3 = 0)
    {
        if (owner.Upstream.Link is not { IsUp: true }) return;
        var tlp = Tlps.Message(owner.Upstream.Function.Id, code, routing, 0, dw3);
        owner.Upstream.Transmitter.Send(in tlp, owner.Upstream.Sim.Now + owner.Options.Latency, null);
    }
}
