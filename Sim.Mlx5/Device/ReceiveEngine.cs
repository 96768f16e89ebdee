using Sim.Mlx5.Spec;
using Sim.Pcie.Spec;

namespace Sim.Mlx5.Device;

/// <summary>
/// What the QPs of a function do as responders: fetch receive WQEs when a message wants one, scatter its data, complete, and read memory
/// for RDMA reads. All of it is DMA of the responding function, with its Requester ID, under its keys.
/// </summary>
internal sealed partial class ReceiveEngine(Mlx5Function function, Vhca vhca)
{
    private readonly byte[] _cqe = new byte[Cqe.Size];

    /// <summary>Reads outstanding on behalf of messages.</summary>
    public int Busy { get; private set; }

    public void Reset() => Busy = 0;

    /// <summary>A message wants a receive WQE of a QP. It begins the WQE anew if it was interrupted in it.</summary>
    public ReceiveAnswer Prepare(Qp qp, IMessageSource source)
    {
        if (!qp.HasReceiveQueue) return ReceiveAnswer.Invalid;
        var state = qp.Receive;
        state.Waiter = source;
        if (state.Phase == ReceivePhase.Ready)
        {
            state.Restart();
            return ReceiveAnswer.Ready;
        }

        return state.Phase != ReceivePhase.Idle || Begin(qp) ? ReceiveAnswer.Pending : ReceiveAnswer.Gone;
    }

    /// <summary>Writes data of a message where the receive WQE in hand says.</summary>
    /// <returns>What is wrong with it; the receive WQE and the QP have then failed.</returns>
    public CqeSyndrome Scatter(Qp qp, ReadOnlySpan<byte> data)
    {
        var state = qp.Receive;
        while (data.Length > 0)
        {
            if (state.Segment >= qp.ReceiveStride) return Fail(qp, CqeSyndrome.LocalLength);
            var segment = state.Wqe.AsSpan(state.Segment, SendWqe.Segment);
            var (bytes, key) = (SendWqe.DataBytes.Get(segment), SendWqe.DataKey.Get(segment));
            if (key == ReceiveWqe.InvalidKey) return Fail(qp, CqeSyndrome.LocalLength);
            if (state.SegmentDone == bytes)
            {
                state.Segment += SendWqe.Segment;
                state.SegmentDone = 0;
                continue;
            }

            var address = SendWqe.DataAddress.Get(segment);
            if (vhca.FindMkey(key) is not { } mkey || !mkey.Allows(key, qp.Pd, Mkey.Right.LocalWrite) || !mkey.Covers(address, bytes))
                return Fail(qp, CqeSyndrome.LocalProtection);
            var at = mkey.Translate(address + state.SegmentDone, out var contiguous);
            var n = (int)Math.Min(Math.Min((ulong)data.Length, bytes - state.SegmentDone), contiguous);
            if (!function.WriteMemory(at, data[..n])) return Fail(qp, CqeSyndrome.LocalAccess);
            state.SegmentDone += (ulong)n;
            data = data[n..];
        }

        return CqeSyndrome.None;
    }

    /// <summary>The message is whole: the receive WQE in hand completes.</summary>
    public void Complete(Qp qp, in ReceiveCompletion completion)
    {
        qp.Receive.Waiter = null;
        qp.Receive.Completion = completion;
        if (TryFinish(qp, recordRead: false)) Continue(qp);
    }

    /// <summary>Reads memory for an RDMA read; the data come to <see cref="IMessageSource.OnResponderData"/>.</summary>
    /// <returns>False if the function may not read.</returns>
    public bool Read(Qp qp, IMessageSource source, ulong address, int bytes)
    {
        qp.Receive.Waiter = source;
        if (!function.Dma.Read(address, bytes, Mlx5Function.ResponderContext(qp.Number))) return false;
        qp.Receive.IsReading = true;
        Busy++;
        return true;
    }

    /// <summary>The QP is taken away or reset, or the function is: whoever waits for it waits in vain.</summary>
    public static void Forget(Qp qp)
    {
        var state = qp.Receive;
        var waiter = state.Waiter;
        var waited = state.IsReading || state.Phase is ReceivePhase.ReadingRecord or ReceivePhase.FetchingWqe;
        state.Waiter = null;
        state.IsReading = state.Flushing = false;
        state.Phase = ReceivePhase.Idle;
        if (waited) waiter?.OnReceive(ReceiveAnswer.Gone);
    }

    /// <summary>The QP failed: receive WQEs that are posted complete with an error.</summary>
    public void Flush(Qp qp)
    {
        var state = qp.Receive;
        if (!qp.HasReceiveQueue || state.Flushing || function.InitiatorStopping) return;
        state.Flushing = true;
        if (state.Phase == ReceivePhase.Ready) state.Phase = ReceivePhase.Idle;
        if (state.Phase == ReceivePhase.Idle) ReadRecord(qp);
    }

    /// <summary>Data of a read for a QP's receive queue.</summary>
    public void OnRead(uint number, ReadOnlySpan<byte> data, CompletionStatus status)
    {
        Busy--;
        if (vhca.Qps[number] is { } qp) OnRead(qp, data, status);
        if (function.InitiatorStopping) function.OnBoundary();
    }

    /// <summary>Data of an RDMA read that a QP responds to.</summary>
    public void OnResponderRead(uint number, ReadOnlySpan<byte> data, CompletionStatus status)
    {
        Busy--;
        if (vhca.Qps[number] is { Receive.IsReading: true } qp)
        {
            qp.Receive.IsReading = false;
            qp.Receive.Waiter?.OnResponderData(data, status);
        }

        if (function.InitiatorStopping) function.OnBoundary();
    }

    private void OnRead(Qp qp, ReadOnlySpan<byte> data, CompletionStatus status)
    {
        var state = qp.Receive;
        var failed = status != CompletionStatus.Successful;
        switch (state.Phase)
        {
            case ReceivePhase.ReadingRecord or ReceivePhase.FetchingWqe when failed:
                state.Phase = ReceivePhase.Idle;
                state.Flushing = true;
                vhca.Fail(qp, EventType.WqCatastrophic);
                Answer(qp, ReceiveAnswer.Failed);
                break;
            case ReceivePhase.ReadingRecord:
                state.Posted = (ushort)DoorbellRecords.Receive.Get(data);
                state.Phase = ReceivePhase.Idle;
                if (state.Flushing) FlushRest(qp);
                else if (state.Posted == state.Consumed) Answer(qp, ReceiveAnswer.NotReady);
                else if (!Fetch(qp)) Answer(qp, ReceiveAnswer.Gone);
                break;
            case ReceivePhase.FetchingWqe:
                data.CopyTo(state.Wqe);
                state.Restart();
                state.Phase = state.Flushing ? ReceivePhase.Idle : ReceivePhase.Ready;
                Answer(qp, state.Flushing ? ReceiveAnswer.Failed : ReceiveAnswer.Ready);
                if (state.Flushing) FlushRest(qp);
                break;
            case ReceivePhase.ReadingCqRecord:
                if (!failed && vhca.Cqs[qp.ReceiveCq] is { } cq) cq.Consumer = DoorbellRecords.CqConsumer.Get(data);
                if (TryFinish(qp, recordRead: true)) Continue(qp);
                break;
        }
    }

    private bool Begin(Qp qp) => qp.Receive.Consumed == qp.Receive.Posted ? ReadRecord(qp) : Fetch(qp);

    private bool ReadRecord(Qp qp) => Read(qp, ReceivePhase.ReadingRecord, qp.DoorbellRecord, DoorbellRecords.Size);

    private bool Fetch(Qp qp) => Read(qp, ReceivePhase.FetchingWqe, qp.ReceiveAddress(qp.Receive.Consumed), qp.ReceiveStride);

    private bool Read(Qp qp, ReceivePhase phase, ulong address, int bytes)
    {
        if (!function.Dma.Read(address, bytes, Mlx5Function.ReceiveContext(qp.Number))) return false;
        qp.Receive.Phase = phase;
        Busy++;
        return true;
    }

    private static void Answer(Qp qp, ReceiveAnswer answer)
    {
        var waiter = qp.Receive.Waiter;
        if (answer != ReceiveAnswer.Ready) qp.Receive.Waiter = null;
        waiter?.OnReceive(answer);
    }
}
