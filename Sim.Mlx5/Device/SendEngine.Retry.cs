using Sim.Core;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

// Requests that are not answered: a responder that is suspended or gone does not acknowledge, one without a receive WQE says so (RNR).
internal sealed partial class SendEngine
{
    private const ulong AckUnitNanoseconds = 4096;
    private const int NoTimeout = 8;

    // InfiniBand's codes of the RNR NAK timer, in units of 10 us.
    private static readonly int[] RnrTime =
    [
        65536, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192,
        256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768, 49152,
    ];

    /// <summary>The answer of a responder that was pending.</summary>
    public void OnReceive(Qp qp, ReceiveAnswer answer)
    {
        var waits = qp.Phase == SendPhase.AwaitingReceive || (answer == ReceiveAnswer.Gone && qp.Phase == SendPhase.ReadingData);
        if (waits) Follow(qp, answer);
    }

    private void Follow(Qp qp, ReceiveAnswer answer)
    {
        switch (answer)
        {
            case ReceiveAnswer.Ready: Advance(qp); break;
            case ReceiveAnswer.Pending: qp.Phase = SendPhase.AwaitingReceive; break;
            case ReceiveAnswer.NotReady: RetryForReceive(qp); break;
            case ReceiveAnswer.Gone: RetryUnanswered(qp); break;
            case ReceiveAnswer.Invalid: Finish(qp, CqeSyndrome.RemoteInvalidRequest); break;
            default: Finish(qp, CqeSyndrome.RemoteOperation); break;
        }
    }

    /// <summary>Nobody answered: again after the acknowledgement timeout, as often as the QP says.</summary>
    private void RetryUnanswered(Qp qp)
    {
        var exponent = (int)QpContext.AckTimeout.Get(qp.Context);
        var done = QpContext.CurrentRetry.Get(qp.Context);
        if (exponent != 0 && done >= QpContext.RetryCount.Get(qp.Context))
        {
            Finish(qp, CqeSyndrome.TransportRetryExceeded);
            return;
        }

        if (exponent == 0) exponent = NoTimeout;
        else QpContext.CurrentRetry.Set(qp.Context, done + 1);
        Repeat(qp, SimDuration.FromNanoseconds((long)(AckUnitNanoseconds << exponent)));
    }

    private void RetryForReceive(Qp qp)
    {
        var (limit, done) = (QpContext.RnrRetry.Get(qp.Context), QpContext.CurrentRnrRetry.Get(qp.Context));
        if (limit != QpContext.RnrRetryInfinite)
        {
            if (done >= limit)
            {
                Finish(qp, CqeSyndrome.RnrRetryExceeded);
                return;
            }

            QpContext.CurrentRnrRetry.Set(qp.Context, done + 1);
        }

        var code = qp.Responder is { } responder ? QpContext.MinRnrNak.Get(responder.Qp.Context) : 0;
        Repeat(qp, SimDuration.FromMicroseconds(RnrTime[code] * 10L));
    }

    private void Repeat(Qp qp, SimDuration wait)
    {
        if (function.InitiatorStopping)
        {
            // At a boundary: what was not answered is begun anew when the initiator runs again.
            Rest(qp);
            return;
        }

        qp.Phase = SendPhase.Retrying;
        (qp.RetryTimer ??= RetryTimerOf(qp)).ScheduleAfter(wait);
    }

    // Apart from its caller: a closure is allocated where its method begins.
    private SimEvent RetryTimerOf(Qp qp) => new(function.Sim, () => Execute(qp));
}
