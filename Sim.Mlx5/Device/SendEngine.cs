using Sim.Mlx5.Spec;
using Sim.Pcie.Spec;

namespace Sim.Mlx5.Device;

/// <summary>
/// Executes send queues. QPs run side by side, each with one WQE in hand, in the order of its ring: doorbell record, WQE, data, completion.
/// Between two WQEs is the boundary at which a suspension or a transition takes the QP.
/// </summary>
internal sealed partial class SendEngine(Mlx5Function function, Vhca vhca)
{
    /// <summary>QPs with a WQE in hand.</summary>
    public int Busy { get; private set; }

    public void Reset() => Busy = 0;

    /// <summary>Begins the next WQE if there is one and nothing forbids it.</summary>
    public void Start(Qp qp)
    {
        if (qp.Phase != SendPhase.Idle || function.InitiatorStopping || !qp.IsWorking || !qp.HasSendQueue || !qp.HasWork) return;
        Busy++;
        if (qp.Consumed != qp.Posted)
        {
            Fetch(qp);
        }
        else
        {
            // The record is read after the doorbell arrived: what was written before the doorbell is seen (§2.4.1 keeps them in order).
            qp.DoorbellPending = false;
            qp.Phase = SendPhase.ReadingRecord;
            Read(qp, qp.DoorbellRecord, DoorbellRecords.Size);
        }
    }

    /// <summary>Calls back when the QP is between WQEs: at once, or at its next boundary.</summary>
    public static void WhenIdle(Qp qp, Action action)
    {
        if (qp.Phase == SendPhase.Idle) action();
        else qp.AtBoundary += action;
    }

    /// <summary>Data of a read for a QP.</summary>
    public void OnRead(uint number, ReadOnlySpan<byte> data, CompletionStatus status)
    {
        if (vhca.Qps[number] is not { } qp) return;
        var failed = status != CompletionStatus.Successful;
        switch (qp.Phase)
        {
            case SendPhase.ReadingRecord:
                if (failed) Break(qp);
                else if ((qp.Posted = (ushort)DoorbellRecords.Send.Get(data)) != qp.Consumed) Fetch(qp);
                else Rest(qp);
                break;
            case SendPhase.FetchingWqe:
                if (failed) Break(qp);
                else OnBlock(qp, data);
                break;
            case SendPhase.ReadingData:
                if (failed) Finish(qp, IsRead(qp) ? CqeSyndrome.RemoteOperation : CqeSyndrome.LocalProtection);
                else OnData(qp, data);
                break;
            case SendPhase.ReadingCqRecord:
                if (!failed && vhca.Cqs[qp.SendCq] is { } cq) cq.Consumer = DoorbellRecords.CqConsumer.Get(data);
                Complete(qp, recordRead: true);
                break;
        }
    }

    private void Read(Qp qp, ulong address, int bytes)
    {
        if (!function.Dma.Read(address, bytes, Mlx5Function.QpContext(qp.Number))) Abandon(qp);
    }

    private void Fetch(Qp qp)
    {
        qp.Phase = SendPhase.FetchingWqe;
        qp.WqeBytesFetched = 0;
        qp.WqeBytes = SendWqe.BasicBlock;
        Read(qp, qp.BlockAddress(qp.Consumed), SendWqe.BasicBlock);
    }

    private void OnBlock(Qp qp, ReadOnlySpan<byte> block)
    {
        block.CopyTo(qp.Wqe.AsSpan(qp.WqeBytesFetched));
        qp.WqeBytesFetched += block.Length;
        if (qp.WqeBytesFetched == SendWqe.BasicBlock)
            qp.WqeBytes = (int)Math.Clamp(SendWqe.Segments.Get(qp.Wqe) * SendWqe.Segment, SendWqe.Segment, qp.Wqe.Length);
        if (qp.WqeBytesFetched < qp.WqeBytes)
        {
            Read(qp, qp.BlockAddress(qp.Consumed + (qp.WqeBytesFetched / SendWqe.BasicBlock)), SendWqe.BasicBlock);
            return;
        }

        Execute(qp);
    }

    /// <summary>The WQE has come to its end: a completion if it asks for one or failed, then the boundary.</summary>
    private void Finish(Qp qp, CqeSyndrome syndrome)
    {
        qp.Syndrome = syndrome;
        if (syndrome == CqeSyndrome.None && SendWqe.Completion.Get(qp.Wqe) != SendWqe.CompleteAlways) Boundary(qp);
        else Complete(qp, recordRead: false);
    }

    private void Complete(Qp qp, bool recordRead)
    {
        if (vhca.Cqs[qp.SendCq] is { Failed: false } cq)
        {
            if (cq.LooksFull && !recordRead)
            {
                qp.Phase = SendPhase.ReadingCqRecord;
                Read(qp, cq.DoorbellRecord, DoorbellRecords.Size);
                return;
            }

            if (cq.LooksFull)
            {
                vhca.RaiseCqError(cq);
                qp.State = QpState.Error;
            }
            else if (!WriteCompletion(qp, cq))
            {
                Abandon(qp);
                return;
            }
        }

        if (qp.Syndrome is not (CqeSyndrome.None or CqeSyndrome.FlushedInError))
        {
            qp.State = QpState.Error;
            if (qp.Syndrome == CqeSyndrome.RemoteAccess) vhca.RaiseEvent(EventType.WqAccessError, Eqe.EventQp, qp.Number);
        }

        Boundary(qp);
    }

    private void Boundary(Qp qp)
    {
        qp.Consumed += (ushort)((qp.WqeBytes + SendWqe.BasicBlock - 1) / SendWqe.BasicBlock);
        Rest(qp);
    }

    /// <summary>Nothing in hand: whoever waits for the boundary comes first, then the next WQE.</summary>
    private void Rest(Qp qp)
    {
        qp.Phase = SendPhase.Idle;
        Busy--;
        if (qp.AtBoundary is { } waiting)
        {
            qp.AtBoundary = null;
            waiting();
        }

        Start(qp);
        if (function.InitiatorStopping) function.OnBoundary();
    }

    /// <summary>The queue itself cannot be read: the QP fails for good, with an event and no completion.</summary>
    private void Break(Qp qp)
    {
        qp.State = QpState.Error;
        qp.Posted = qp.Consumed;
        qp.DoorbellPending = false;
        vhca.RaiseEvent(EventType.WqCatastrophic, Eqe.EventQp, qp.Number);
        Rest(qp);
    }

    /// <summary>Bus Master Enable was cleared in mid-WQE (§7.5.1.1.3): the transfer ends where it is, without a completion.</summary>
    private void Abandon(Qp qp)
    {
        qp.State = QpState.Error;
        qp.Posted = qp.Consumed;
        qp.DoorbellPending = false;
        Rest(qp);
    }
}
