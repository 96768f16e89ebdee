using System.Buffers.Binary;
using Sim.Core;
using Sim.Mlx5.Spec;
using Sim.Pcie.Spec;

namespace Sim.Mlx5.Device;

/// <summary>
/// Sends the log of a page tracker, page addresses by the message, on the RC QP that the driver gave for it: firmware is the requester, the
/// driver's QP the responder. The last message has the state that the tracker goes back to. Where the responder cannot take a message the
/// log is lost, and the tracker fails for good.
/// </summary>
internal sealed class PageReport : IMessageSource
{
    private static readonly SimDuration NotReadyTime = SimDuration.FromMicroseconds(10);

    private readonly Mlx5PhysicalFunction _pf;
    private readonly PageTracker _tracker;
    private readonly byte[] _message;
    private readonly SimEvent _next;
    private (Mlx5Function Function, Qp Qp)? _responder;
    private ulong _from;
    private ulong _end;
    private int _length;
    private bool _gathered;
    private PageTrackState _then;

    public PageReport(Mlx5PhysicalFunction pf, PageTracker tracker)
    {
        (_pf, _tracker) = (pf, tracker);
        _message = new byte[tracker.MessageBytes];
        _next = new SimEvent(pf.Sim, Send);
    }

    public void Begin(ulong start, ulong length)
    {
        (_from, _end, _gathered) = (start, start + length, false);
        _next.ScheduleAfter(_pf.Options.ImagePageTime);
    }

    public void Cancel()
    {
        _next.Cancel();
        if (_responder is { } responder && responder.Qp.Receive.Waiter == this) responder.Qp.Receive.Waiter = null;
    }

    public void OnReceive(ReceiveAnswer answer)
    {
        switch (answer)
        {
            case ReceiveAnswer.Ready: Deliver(); break;
            case ReceiveAnswer.Pending: break;
            case ReceiveAnswer.NotReady: _next.ScheduleAfter(NotReadyTime); break;
            default: _tracker.State = PageTrackState.Error; break;
        }
    }

    public void OnResponderData(ReadOnlySpan<byte> data, CompletionStatus status)
    {
    }

    private void Send()
    {
        if (!_gathered) Gather();
        _responder = _pf.Vhca.Qps[_tracker.ReportingQp] is { State: QpState.ReadyToSend } qp ? _pf.ResponderOf(qp) : null;
        if (_responder is not { } responder || !responder.Qp.IsReceiving) OnReceive(ReceiveAnswer.Gone);
        else OnReceive(responder.Qp.Vhca.Receives.Prepare(responder.Qp, this));
    }

    private void Gather()
    {
        _gathered = true;
        _length = 0;
        _then = _tracker.State == PageTrackState.Error ? PageTrackState.Error : PageTrackState.Tracking;
        if (_then == PageTrackState.Error) return;
        while (_tracker.TryTake(_from, _end, out var page))
        {
            BinaryPrimitives.WriteUInt64BigEndian(_message.AsSpan(_length), page);
            _length += PageTrack.EntrySize;
            _from = page + 1;
            if (_length < _message.Length) continue;

            // Whether more follows shows with the next message, which may be empty.
            _then = PageTrackState.Reporting;
            return;
        }
    }

    private void Deliver()
    {
        var qp = _responder!.Value.Qp;
        var receives = qp.Vhca.Receives;
        if (_length > 0 && receives.Scatter(qp, _message.AsSpan(0, _length)) != CqeSyndrome.None)
        {
            _tracker.State = PageTrackState.Error;
            return;
        }

        _gathered = false;
        if (_tracker.State != PageTrackState.Error) _tracker.State = _then;
        var immediate = (uint)_then << PageTrack.ImmediateStateShift;
        receives.Complete(
            qp, new ReceiveCompletion(CqeOpcode.ResponderSendImmediate, CqeSyndrome.None, (uint)_length, immediate, false));
        if (_then == PageTrackState.Reporting) _next.ScheduleAfter(_pf.Options.ImagePageTime);
    }
}
