using Sim.Mlx5.Spec;
using Sim.Pcie.Spec;

namespace Sim.Mlx5.Device;

// What a WQE does: checks, data in pieces that neither side's pages break, and the completion entry. Local data are DMA of this function,
// remote data are DMA of the responding one.
internal sealed partial class SendEngine
{
    private const int MaxPiece = 4096;

    private readonly byte[] _cqe = new byte[Cqe.Size];

    /// <summary>Data that the responder read for an RDMA read.</summary>
    public void OnResponderData(Qp qp, ReadOnlySpan<byte> data, CompletionStatus status)
    {
        if (qp.Phase != SendPhase.ReadingData) return;
        if (status != CompletionStatus.Successful) Finish(qp, CqeSyndrome.RemoteOperation);
        else OnData(qp, data);
    }

    private void Execute(Qp qp)
    {
        var opcode = OpcodeOf(qp);
        qp.MessageDone = qp.SegmentDone = 0;
        qp.Segment = FirstSegment(opcode);
        qp.Responder = null;
        if (qp.State == QpState.Error)
        {
            Finish(qp, CqeSyndrome.FlushedInError);
            return;
        }

        switch (opcode)
        {
            case WqeOpcode.Nop:
                Finish(qp, CqeSyndrome.None);
                break;
            case WqeOpcode.RdmaWrite or WqeOpcode.RdmaWriteImmediate or WqeOpcode.RdmaRead or WqeOpcode.Send or WqeOpcode.SendImmediate
                when qp.WqeBytes >= qp.Segment:
                if (CheckLocal(qp, out var total) is var syndrome and not CqeSyndrome.None) Finish(qp, syndrome);
                else Request(qp, total);
                break;
            default:
                Finish(qp, CqeSyndrome.LocalQpOperation);
                break;
        }
    }

    /// <summary>Local segments are checked against their keys before a byte is moved.</summary>
    private CqeSyndrome CheckLocal(Qp qp, out ulong total)
    {
        var isRead = IsRead(qp);
        total = 0;
        for (var at = qp.Segment; at < qp.WqeBytes; at += SegmentSize(qp, at))
        {
            var segment = qp.Wqe.AsSpan(at, SendWqe.Segment);
            var bytes = SendWqe.DataBytes.Get(segment);
            total += bytes;
            if (SendWqe.DataInline.IsSet(segment))
            {
                if (isRead || at + 4 + bytes > (uint)qp.WqeBytes) return CqeSyndrome.LocalQpOperation;
            }
            else
            {
                var key = SendWqe.DataKey.Get(segment);
                var right = isRead ? Mkey.Right.LocalWrite : Mkey.Right.LocalRead;
                if (vhca.FindMkey(key) is not { } local || !local.Allows(key, qp.Pd, right)
                    || !local.Covers(SendWqe.DataAddress.Get(segment), bytes))
                    return CqeSyndrome.LocalProtection;
            }
        }

        return CqeSyndrome.None;
    }

    /// <summary>The request reaches its responder, which checks it before a byte is moved.</summary>
    private void Request(Qp qp, ulong total)
    {
        // A responder that is suspended or being suspended, or whose QP is not there, does not answer.
        qp.Responder = function.ResponderOf(qp);
        if (qp.Responder is not { } responder || (responder.Function != function && responder.Function.InitiatorStopping)
            || !responder.Qp.IsReceiving)
        {
            RetryUnanswered(qp);
            return;
        }

        if (UsesRemoteAddress(qp) && CheckRemote(qp, responder.Qp, total) is var syndrome and not CqeSyndrome.None)
        {
            responder.Qp.Vhca.Fail(responder.Qp, EventType.WqAccessError);
            Finish(qp, syndrome);
        }
        else if (ConsumesReceive(OpcodeOf(qp)))
        {
            Follow(qp, responder.Qp.Vhca.Receives.Prepare(responder.Qp, qp));
        }
        else
        {
            Advance(qp);
        }
    }

    private static CqeSyndrome CheckRemote(Qp qp, Qp peer, ulong total)
    {
        var isRead = IsRead(qp);
        if (isRead ? !peer.RemoteReadAllowed : !peer.RemoteWriteAllowed) return CqeSyndrome.RemoteInvalidRequest;
        var key = SendWqe.RemoteKey.Get(qp.Wqe);
        var wanted = isRead ? Mkey.Right.RemoteRead : Mkey.Right.RemoteWrite;
        return total == 0 || (peer.Vhca.FindMkey(key) is { } remote && remote.Allows(key, peer.Pd, wanted)
            && remote.Covers(SendWqe.RemoteAddress.Get(qp.Wqe), total))
            ? CqeSyndrome.None
            : CqeSyndrome.RemoteAccess;
    }

    /// <summary>Moves the next piece, or ends the WQE.</summary>
    private void Advance(Qp qp)
    {
        while (qp.Segment < qp.WqeBytes)
        {
            var segment = qp.Wqe.AsSpan(qp.Segment, SendWqe.Segment);
            var left = SendWqe.DataBytes.Get(segment) - qp.SegmentDone;
            if (left == 0)
            {
                qp.Segment += SegmentSize(qp, qp.Segment);
                qp.SegmentDone = 0;
                continue;
            }

            if (SendWqe.DataInline.IsSet(segment))
            {
                if (!Put(qp, qp.Wqe.AsSpan(qp.Segment + 4, (int)left))) return;
                continue;
            }

            qp.Phase = SendPhase.ReadingData;
            if (IsRead(qp))
            {
                var (_, peer) = qp.Responder!.Value;
                var (key, start) = (SendWqe.RemoteKey.Get(qp.Wqe), SendWqe.RemoteAddress.Get(qp.Wqe));
                var remote = Locate(peer.Vhca, key, start + qp.MessageDone, out var span);
                if (!peer.Vhca.Receives.Read(peer, qp, remote, (int)Math.Min(Math.Min(left, span), MaxPiece)))
                    Unwritable(qp, CqeSyndrome.RemoteOperation);
            }
            else
            {
                var local = Locate(vhca, SendWqe.DataKey.Get(segment), SendWqe.DataAddress.Get(segment) + qp.SegmentDone, out var span);
                Read(qp, local, (int)Math.Min(Math.Min(left, span), MaxPiece));
            }

            return;
        }

        if (qp.Responder is { } responder && ConsumesReceive(OpcodeOf(qp))) CompleteReceive(qp, responder.Qp);
        Finish(qp, CqeSyndrome.None);
    }

    private void OnData(Qp qp, ReadOnlySpan<byte> data)
    {
        if (Put(qp, data)) Advance(qp);
    }

    /// <summary>Writes bytes to where they belong, page by page.</summary>
    /// <returns>False if the WQE has ended over it, or waits to be repeated.</returns>
    private bool Put(Qp qp, ReadOnlySpan<byte> data)
    {
        var (peerFunction, peer) = qp.Responder!.Value;
        if (peerFunction != function && (peerFunction.InitiatorStopped || !peer.IsReceiving))
        {
            RetryUnanswered(qp);
            return false;
        }

        var segment = qp.Wqe.AsSpan(qp.Segment, SendWqe.Segment);
        if (IsSend(qp))
        {
            if (peer.Vhca.Receives.Scatter(peer, data) is var syndrome and not CqeSyndrome.None)
            {
                Finish(qp, syndrome == CqeSyndrome.LocalLength ? CqeSyndrome.RemoteInvalidRequest : CqeSyndrome.RemoteOperation);
                return false;
            }

            qp.SegmentDone += (ulong)data.Length;
            qp.MessageDone += (ulong)data.Length;
            return true;
        }

        while (data.Length > 0)
        {
            var isRead = IsRead(qp);
            var address = isRead
                ? Locate(vhca, SendWqe.DataKey.Get(segment), SendWqe.DataAddress.Get(segment) + qp.SegmentDone, out var contiguous)
                : Locate(peer.Vhca, SendWqe.RemoteKey.Get(qp.Wqe), SendWqe.RemoteAddress.Get(qp.Wqe) + qp.MessageDone, out contiguous);
            var n = (int)Math.Min((ulong)data.Length, contiguous);
            if (!(isRead ? function : peerFunction).WriteMemory(address, data[..n]))
            {
                Unwritable(qp, isRead ? CqeSyndrome.LocalProtection : CqeSyndrome.RemoteOperation);
                return false;
            }

            qp.SegmentDone += (ulong)n;
            qp.MessageDone += (ulong)n;
            data = data[n..];
        }

        return true;
    }

    /// <summary>A function may not issue requests: this one, and the WQE is abandoned; or the responder, and it fails.</summary>
    private void Unwritable(Qp qp, CqeSyndrome syndrome)
    {
        if (!function.MayRequest) Abandon(qp);
        else Finish(qp, syndrome);
    }

    private static ulong Locate(Vhca owner, uint key, ulong address, out ulong contiguous)
    {
        // The key may have been destroyed under the WQE; the driver broke its own rule, and the address is used as it stands.
        contiguous = ulong.MaxValue;
        return owner.FindMkey(key)?.Translate(address, out contiguous) ?? address;
    }

    private static void CompleteReceive(Qp qp, Qp peer)
    {
        var opcode = OpcodeOf(qp) switch
        {
            WqeOpcode.Send => CqeOpcode.ResponderSend,
            WqeOpcode.SendImmediate => CqeOpcode.ResponderSendImmediate,
            _ => CqeOpcode.ResponderWriteImmediate,
        };
        var immediate = opcode == CqeOpcode.ResponderSend ? 0 : SendWqe.Immediate.Get(qp.Wqe);
        var solicited = SendWqe.Solicited.IsSet(qp.Wqe);
        peer.Vhca.Receives.Complete(
            peer, new ReceiveCompletion(opcode, CqeSyndrome.None, (uint)qp.MessageDone, immediate, solicited));
    }

    private bool WriteCompletion(Qp qp, Cq cq)
    {
        var cqe = _cqe.AsSpan();
        cqe.Clear();
        var failed = qp.Syndrome != CqeSyndrome.None;
        if (failed) cqe[Cqe.Syndrome] = (byte)qp.Syndrome;
        else Cqe.Timestamp.Set(cqe, function.InternalTimer);
        Cqe.ByteCount.Set(cqe, failed ? 0 : (uint)qp.MessageDone);
        Cqe.SendOpcode.Set(cqe, SendWqe.Opcode.Get(qp.Wqe));
        Cqe.Qp.Set(cqe, qp.Number);
        Cqe.WqeCounter.Set(cqe, qp.Consumed);
        var opcode = failed ? CqeOpcode.RequesterError : CqeOpcode.Requester;
        if (!vhca.PostCompletion(cq, cqe, opcode, failed || SendWqe.Solicited.IsSet(qp.Wqe))) return false;
        function.OnCompletion(qp);
        return true;
    }

    private static WqeOpcode OpcodeOf(Qp qp) => (WqeOpcode)SendWqe.Opcode.Get(qp.Wqe);

    private static bool IsRead(Qp qp) => OpcodeOf(qp) == WqeOpcode.RdmaRead;

    private static bool IsSend(Qp qp) => OpcodeOf(qp) is WqeOpcode.Send or WqeOpcode.SendImmediate;

    private static bool UsesRemoteAddress(Qp qp) => !IsSend(qp);

    private static bool ConsumesReceive(WqeOpcode opcode) =>
        opcode is WqeOpcode.Send or WqeOpcode.SendImmediate or WqeOpcode.RdmaWriteImmediate;

    private static int FirstSegment(WqeOpcode opcode) =>
        opcode is WqeOpcode.Send or WqeOpcode.SendImmediate ? SendWqe.Segment : 2 * SendWqe.Segment;

    private static int SegmentSize(Qp qp, int at)
    {
        var segment = qp.Wqe.AsSpan(at, SendWqe.Segment);
        if (!SendWqe.DataInline.IsSet(segment)) return SendWqe.Segment;
        var bytes = (int)Math.Min(SendWqe.DataBytes.Get(segment), (uint)qp.Wqe.Length) + 4;
        return (bytes + SendWqe.Segment - 1) / SendWqe.Segment * SendWqe.Segment;
    }
}
