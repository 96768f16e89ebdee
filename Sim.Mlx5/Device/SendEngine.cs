using Sim.Mlx5.Spec;
using Sim.Pcie.Spec;

namespace Sim.Mlx5.Device;

/// <summary>
/// Executes send queues. QPs run side by side, each with one WQE in hand, in the order of its ring: doorbell record, WQE, data, completion.
/// Between two WQEs is the boundary at which a suspension or a transition takes the QP; a WQE that waits to be repeated is given back
/// there, too.
/// </summary>
internal sealed partial class SendEngine(Mlx5Function function, Vhca vhca)
{
    /// <summary>QPs with a WQE in hand.</summary>
    public int Busy { get; private set; }

    public void Reset() => Busy = 0;

    /// <summary>Begins the next WQE if there is one and nothing forbids it.</summary>
    public void Start(Qp qp)
    {
        if (!CanStart(qp) || !qp.HasWork) return;
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

    /// <summary>
    /// A BlueFlame write: a doorbell that brings the WQE along. It is taken as it came if it is the next one and fits; else it is a
    /// doorbell like any other, and the WQE is fetched from the ring.
    /// </summary>
    public void StartInline(Qp qp, ReadOnlySpan<byte> wqe)
    {
        var bytes = (int)SendWqe.Segments.Get(wqe) * SendWqe.Segment;
        var isNext = SendWqe.Index.Get(wqe) == qp.Consumed && qp.Consumed == qp.Posted && !qp.DoorbellPending;
        if (!CanStart(qp) || !isNext || bytes < SendWqe.Segment || bytes > wqe.Length)
        {
            qp.DoorbellPending = true;
            Start(qp);
            return;
        }

        Busy++;
        wqe.CopyTo(qp.Wqe);
        qp.WqeBytes = bytes;
        qp.Posted = (ushort)(qp.Consumed + Blocks(bytes));
        Execute(qp);
    }

    /// <summary>A WQE that waits to be repeated is no longer in hand; it will be begun anew.</summary>
    public void GiveBack(Qp qp)
    {
        if (qp.Phase is not (SendPhase.Retrying or SendPhase.AwaitingReceive)) return;
        qp.RetryTimer?.Cancel();
        if (qp.Responder is { } responder && responder.Qp.Receive.Waiter == qp) responder.Qp.Receive.Waiter = null;
        qp.Phase = SendPhase.Idle;
        Busy--;
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
                if (failed) Finish(qp, CqeSyndrome.LocalProtection);
                else OnData(qp, data);
                break;
            case SendPhase.ReadingCqRecord:
                if (!failed && vhca.Cqs[qp.SendCq] is { } cq) cq.Consumer = DoorbellRecords.CqConsumer.Get(data);
                Complete(qp, recordRead: true);
                break;
        }
    }

    private bool CanStart(Qp qp) => qp.Phase == SendPhase.Idle && !function.InitiatorStopping && qp.IsWorking && qp.HasSendQueue;

    private static int Blocks(int bytes) => (bytes + SendWqe.BasicBlock - 1) / SendWqe.BasicBlock;

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
        qp.ClearRetries();
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
                vhca.Fail(qp);
            }
            else if (!WriteCompletion(qp, cq))
            {
                Abandon(qp);
                return;
            }
        }

        if (qp.Syndrome is not (CqeSyndrome.None or CqeSyndrome.FlushedInError)) vhca.Fail(qp);
        Boundary(qp);
    }

    private void Boundary(Qp qp)
    {
        qp.Consumed += (ushort)Blocks(qp.WqeBytes);
        Rest(qp);
    }

    /// <summary>Nothing in hand: whoever waits for the boundary comes first, then the next WQE.</summary>
    private void Rest(Qp qp)
    {
        qp.Phase = SendPhase.Idle;
        qp.Responder = null;
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
        vhca.Fail(qp, EventType.WqCatastrophic);
        Drop(qp);
    }

    /// <summary>Bus Master Enable was cleared in mid-WQE (§7.5.1.1.3): the transfer ends where it is, without a completion.</summary>
    private void Abandon(Qp qp)
    {
        vhca.Fail(qp);
        Drop(qp);
    }

    private void Drop(Qp qp)
    {
        qp.Posted = qp.Consumed;
        qp.DoorbellPending = false;
        Rest(qp);
    }
}
