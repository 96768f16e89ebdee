using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

// What a WQE does: checks, data in pieces that neither side's pages break, and the completion entry.
internal sealed partial class SendEngine
{
    private const int MaxPiece = 4096;
    private const int FirstRdmaSegment = 2 * SendWqe.Segment;

    private readonly byte[] _cqe = new byte[Cqe.Size];

    private void Execute(Qp qp)
    {
        qp.MessageDone = qp.SegmentDone = 0;
        qp.Segment = FirstRdmaSegment;
        if (qp.State == QpState.Error)
        {
            Finish(qp, CqeSyndrome.FlushedInError);
            return;
        }

        switch ((WqeOpcode)SendWqe.Opcode.Get(qp.Wqe))
        {
            case WqeOpcode.Nop:
                Finish(qp, CqeSyndrome.None);
                break;
            case WqeOpcode.RdmaWrite or WqeOpcode.RdmaRead when qp.WqeBytes >= FirstRdmaSegment:
                if (CheckAccess(qp) is var syndrome and not CqeSyndrome.None) Finish(qp, syndrome);
                else Advance(qp);
                break;
            default:
                Finish(qp, CqeSyndrome.LocalQpOperation);
                break;
        }
    }

    /// <summary>
    /// Both sides are checked before a byte is moved: local segments against their keys, then the remote range at the responder.
    /// </summary>
    private CqeSyndrome CheckAccess(Qp qp)
    {
        var isRead = IsRead(qp);
        var total = 0UL;
        for (var at = FirstRdmaSegment; at < qp.WqeBytes; at += SegmentSize(qp, at))
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

        if (vhca.Qps[qp.RemoteQp] is not { State: QpState.ReadyToReceive or QpState.ReadyToSend } peer) return CqeSyndrome.RemoteOperation;
        if (isRead ? !peer.RemoteReadAllowed : !peer.RemoteWriteAllowed) return CqeSyndrome.RemoteInvalidRequest;
        var remoteKey = SendWqe.RemoteKey.Get(qp.Wqe);
        var wanted = isRead ? Mkey.Right.RemoteRead : Mkey.Right.RemoteWrite;
        return total == 0 || (vhca.FindMkey(remoteKey) is { } remote && remote.Allows(remoteKey, peer.Pd, wanted)
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
                if (!Put(qp, qp.Wqe.AsSpan(qp.Segment + 4, (int)left)))
                {
                    Abandon(qp);
                    return;
                }

                continue;
            }

            var address = SourceOf(qp, segment, out var contiguous);
            qp.Phase = SendPhase.ReadingData;
            Read(qp, address, (int)Math.Min(Math.Min(left, contiguous), MaxPiece));
            return;
        }

        Finish(qp, CqeSyndrome.None);
    }

    private void OnData(Qp qp, ReadOnlySpan<byte> data)
    {
        if (Put(qp, data)) Advance(qp);
        else Abandon(qp);
    }

    private ulong SourceOf(Qp qp, ReadOnlySpan<byte> segment, out ulong contiguous) => IsRead(qp)
        ? Locate(SendWqe.RemoteKey.Get(qp.Wqe), SendWqe.RemoteAddress.Get(qp.Wqe) + qp.MessageDone, out contiguous)
        : Locate(SendWqe.DataKey.Get(segment), SendWqe.DataAddress.Get(segment) + qp.SegmentDone, out contiguous);

    /// <summary>Writes bytes to where they belong, page by page.</summary>
    private bool Put(Qp qp, ReadOnlySpan<byte> data)
    {
        var segment = qp.Wqe.AsSpan(qp.Segment, SendWqe.Segment);
        while (data.Length > 0)
        {
            var address = IsRead(qp)
                ? Locate(SendWqe.DataKey.Get(segment), SendWqe.DataAddress.Get(segment) + qp.SegmentDone, out var contiguous)
                : Locate(SendWqe.RemoteKey.Get(qp.Wqe), SendWqe.RemoteAddress.Get(qp.Wqe) + qp.MessageDone, out contiguous);
            var n = (int)Math.Min((ulong)data.Length, contiguous);
            if (!function.Dma.Write(address, data[..n])) return false;
            qp.SegmentDone += (ulong)n;
            qp.MessageDone += (ulong)n;
            data = data[n..];
        }

        return true;
    }

    private ulong Locate(uint key, ulong address, out ulong contiguous)
    {
        // The key may have been destroyed under the WQE; the driver broke its own rule, and the address is used as it stands.
        contiguous = ulong.MaxValue;
        return vhca.FindMkey(key)?.Translate(address, out contiguous) ?? address;
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
        cqe[Cqe.OpcodeAndOwner] = (byte)(((int)opcode << 4) | cq.NextOwner);
        if (!function.Dma.Write(cq.NextEntry, cqe)) return false;
        cq.Advance(failed || SendWqe.Solicited.IsSet(qp.Wqe));
        function.OnCompletion(qp);
        vhca.Notify(cq);
        return true;
    }

    private static bool IsRead(Qp qp) => SendWqe.Opcode.Get(qp.Wqe) == (uint)WqeOpcode.RdmaRead;

    private static int SegmentSize(Qp qp, int at)
    {
        var segment = qp.Wqe.AsSpan(at, SendWqe.Segment);
        if (!SendWqe.DataInline.IsSet(segment)) return SendWqe.Segment;
        var bytes = (int)Math.Min(SendWqe.DataBytes.Get(segment), (uint)qp.Wqe.Length) + 4;
        return (bytes + SendWqe.Segment - 1) / SendWqe.Segment * SendWqe.Segment;
    }
}
