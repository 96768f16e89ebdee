using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

// How a receive WQE ends: a completion entry, with an error or without, and the flush behind an error.
internal sealed partial class ReceiveEngine
{
    private CqeSyndrome Fail(Qp qp, CqeSyndrome syndrome)
    {
        Complete(qp, new ReceiveCompletion(CqeOpcode.ResponderError, syndrome, 0, 0, false));
        vhca.Fail(qp);
        return syndrome;
    }

    /// <summary>Completes the receive WQE in hand.</summary>
    /// <returns>False if that waits for the doorbell record of the CQ.</returns>
    private bool TryFinish(Qp qp, bool recordRead)
    {
        var state = qp.Receive;
        if (vhca.Cqs[qp.ReceiveCq] is { Failed: false } cq)
        {
            if (cq.LooksFull && !recordRead
                && Read(qp, ReceivePhase.ReadingCqRecord, cq.DoorbellRecord, DoorbellRecords.Size)) return false;
            if (!cq.LooksFull)
            {
                WriteCompletion(qp, cq);
            }
            else
            {
                vhca.RaiseCqError(cq);
                state.Phase = ReceivePhase.Idle;
                vhca.Fail(qp);
            }
        }

        state.Consumed++;
        state.Phase = ReceivePhase.Idle;
        return true;
    }

    /// <summary>Between two receive WQEs: the flush goes on, or a message that waits gets the next one.</summary>
    private void Continue(Qp qp)
    {
        var state = qp.Receive;
        if (state.Flushing) FlushRest(qp);
        else if (state.Waiter is not null && !Begin(qp)) Answer(qp, ReceiveAnswer.Gone);
    }

    private void FlushRest(Qp qp)
    {
        var state = qp.Receive;
        while (state.Posted != state.Consumed && vhca.Cqs[qp.ReceiveCq] is { Failed: false })
        {
            state.Completion = new ReceiveCompletion(CqeOpcode.ResponderError, CqeSyndrome.FlushedInError, 0, 0, false);
            if (!TryFinish(qp, recordRead: false)) return;
        }
    }

    private void WriteCompletion(Qp qp, Cq cq)
    {
        var completion = qp.Receive.Completion;
        var cqe = _cqe.AsSpan();
        cqe.Clear();
        var failed = completion.Syndrome != CqeSyndrome.None;
        if (failed) cqe[Cqe.Syndrome] = (byte)completion.Syndrome;
        else Cqe.Timestamp.Set(cqe, function.InternalTimer);
        Cqe.RemoteQp.Set(cqe, qp.RemoteQp);
        Cqe.Immediate.Set(cqe, completion.Immediate);
        Cqe.ByteCount.Set(cqe, completion.Bytes);
        Cqe.Qp.Set(cqe, qp.Number);
        Cqe.WqeCounter.Set(cqe, qp.Receive.Consumed);
        vhca.PostCompletion(cq, cqe, completion.Opcode, failed || completion.Solicited);
    }
}
