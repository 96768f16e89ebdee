using Sim.Core;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Inject;

/// <summary>
/// Injected errors of one link direction. Each hits the next TLP that arrives: it is reported by the port that detects it, and a TLP that
/// has to be sent again, and all behind it, are delivered that much later and in order.
/// </summary>
public sealed class LinkFaults
{
    // From the Nak, or the replay timer, to the TLP's second arrival.
    private static readonly SimDuration Replay = SimDuration.FromMicroseconds(1);
    private static readonly SimDuration Retraining = SimDuration.FromMicroseconds(20);
    private const int ReplaysUntilRollover = 4;

    private readonly LinkDirection _direction;
    private readonly RingQueue<LinkFault> _faults = new();
    private readonly RingQueue<(Tlp Tlp, SimTime Started)> _held = new();
    private readonly SimEvent _replayed;

    private LinkFaults(LinkDirection direction)
    {
        _direction = direction;
        _replayed = new SimEvent(direction.From.Sim, Release);
    }

    /// <summary>TLPs that wait for their retransmission.</summary>
    public int Held => _held.Count;

    /// <summary>Has the next TLP that arrives in a direction meet an error.</summary>
    public static void Inject(LinkDirection direction, LinkFault fault)
    {
        direction.Faults ??= new LinkFaults(direction);
        direction.Faults._faults.Enqueue(fault);
    }

    /// <summary>A TLP has come in whole. False if it is to be delivered now.</summary>
    internal bool Takes(in Tlp tlp, SimTime started)
    {
        if (_held.Count > 0)
        {
            _held.Enqueue((tlp, started));
            return true;
        }

        if (_faults.Count == 0) return false;
        var fault = _faults.Dequeue();
        if (fault == LinkFault.Overflow)
        {
            _direction.Overflow(in tlp);
            Report(_direction.To, PcieError.ReceiverOverflow);
            return true;
        }

        var delay = fault switch
        {
            LinkFault.ReceiverError or LinkFault.BadTlp => Replay,
            LinkFault.Rollover => (Replay * ReplaysUntilRollover) + Retraining,
            _ => SimDuration.Zero,
        };
        if (delay > SimDuration.Zero)
        {
            _held.Enqueue((tlp, started));
            _replayed.ScheduleAfter(delay);
        }

        ReportAll(fault);
        return delay > SimDuration.Zero;
    }

    /// <summary>The link went down: what was to be sent again is lost.</summary>
    internal void OnLinkDown()
    {
        _replayed.Cancel();
        while (_held.Count > 0) _direction.Lose(_held.Dequeue().Tlp);
    }

    private void ReportAll(LinkFault fault)
    {
        switch (fault)
        {
            case LinkFault.ReceiverError: Report(_direction.To, PcieError.ReceiverError); break;
            case LinkFault.BadTlp: Report(_direction.To, PcieError.BadTlp); break;
            case LinkFault.BadDllp: Report(_direction.To, PcieError.BadDllp); break;
            case LinkFault.LostAck: Report(_direction.From, PcieError.ReplayTimerTimeout); break;
            case LinkFault.Protocol: Report(_direction.From, PcieError.DataLinkProtocol); break;
            case LinkFault.FlowControl: Report(_direction.From, PcieError.FlowControlProtocol); break;
            case LinkFault.Rollover:
                for (var i = 0; i < ReplaysUntilRollover; i++) Report(_direction.To, PcieError.BadTlp);
                Report(_direction.From, PcieError.ReplayNumRollover);
                break;
        }
    }

    private static void Report(Topology.Port port, PcieError error) => port.ErrorFunction.Errors.Report(error);

    private void Release()
    {
        while (_held.Count > 0)
        {
            var (tlp, started) = _held.Dequeue();
            _direction.DeliverNow(in tlp, started);
        }
    }
}
