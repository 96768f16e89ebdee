using System.Buffers.Binary;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Topology;

/// <summary>Non-posted requests of the host through one root port: tags, completions, completion timeout.</summary>
internal sealed class HostRequester
{
    private const int Tags = 256;
    private const int RpPioUnsupportedRequest = 0;
    private const int RpPioCompleterAbort = 1;
    private const int RpPioTimeout = 2;

    private readonly RootPort _port;
    private readonly SimDuration _latency;
    private readonly TagTable _tags;
    private readonly Pending[] _pending = new Pending[Tags];
    private readonly RingQueue<Pending> _waiting = new();

    public HostRequester(RootPort port, SimDuration latency)
    {
        _port = port;
        _latency = latency;
        _tags = new TagTable(port.Sim, Tags, OnTimeout);
    }

    /// <summary>The Requester ID of the host bridge: CPU requests carry it whatever root port they leave by.</summary>
    public static RoutingId Id => RoutingId.Of(0, 0, 0);

    /// <summary>Sends a request (its tag is filled in) and awaits its completion or its timeout.</summary>
    public SimCompletion<CpuLoad> Send(in Tlp request, int bytes)
    {
        var pending = new Pending { Request = request, Bytes = bytes, Issued = _port.Sim.Now, Result = new SimCompletion<CpuLoad>() };
        if (_tags.Any) Issue(in pending);
        else _waiting.Enqueue(pending);
        return pending.Result;
    }

    public void OnCompletion(in TlpHeader header, TlpBody? body)
    {
        var tag = header.Tag;
        if (!_tags.IsOutstanding(tag))
        {
            _port.Function.Errors.Report(PcieError.UnexpectedCompletion, header);
            return;
        }

        if (!Fits(in _pending[tag].Request.Header, _pending[tag].Bytes, in header))
        {
            // Strongly recommended (§2.3.2); the request stays outstanding until its own Completion or its timeout.
            _port.Function.Errors.Report(PcieError.MalformedTlp, header);
            return;
        }

        ulong value = ulong.MaxValue;
        if (header.Status == CompletionStatus.Successful && !header.Poisoned)
        {
            Span<byte> raw = stackalloc byte[8];
            raw.Clear();
            body?.Bytes[..Math.Min(8, body.Length)].CopyTo(raw);
            value = BinaryPrimitives.ReadUInt64LittleEndian(raw);
        }

        // The tag is free before anything is reported: what triggers containment ends every request still outstanding.
        _tags.Free(tag);
        var done = _pending[tag];
        done.Poisoned = header.Poisoned && header.HasData;
        Complete(in done, value, header.Status, timedOut: false, OnFailed(in done.Request.Header, header.Status));
    }

    /// <summary>Whether Byte Count, Lower Address, Traffic Class and attributes of a Completion are those that the request asks
    /// for.</summary>
    private static bool Fits(in TlpHeader request, int bytes, in TlpHeader completion)
    {
        const uint classAndAttributes = 7u << 20 | 3u << 12;
        if (((request.Dw0 ^ completion.Dw0) & classAndAttributes) != 0) return false;
        if (!completion.HasData) return completion.Status != CompletionStatus.Successful || request.HasData;
        if (request.Type != TlpType.MRd) return completion.ByteCount == 4 && completion.LowerAddress == 0;
        return completion.ByteCount == Math.Max(1, bytes) && completion.LowerAddress == (int)(request.FirstByteAddress & 0x7F);
    }

    /// <summary>The request was lost with the link: the root port answers in its place (§2.9.1).</summary>
    public void OnLost(in TlpHeader header)
    {
        if (header.FlowClass == FlowClass.NonPosted && _tags.IsOutstanding(header.Tag))
            Lose(header.Tag);
    }

    /// <summary>The link went down: what was sent and not answered will not be (§2.9.1).</summary>
    public void OnLinkDown()
    {
        for (var tag = 0; tag < Tags; tag++)
        {
            if (_tags.IsOutstanding(tag)) Lose(tag);
        }
    }

    private void Issue(in Pending pending)
    {
        _tags.Timeout = _port.Function.CompletionTimeout;
        var tag = _tags.Allocate();
        var request = pending.Request;
        request.Header.Tag = tag;
        request.Header.Dw0 |= _port.Function.OriginBits;
        _pending[tag] = pending;
        _pending[tag].Request = request;
        // With nothing in the slot the link is in DL_Down, and the request ends as any other does there (§2.9.1).
        if (_port.Link is null) Lose(tag);
        else _port.Transmitter.Send(in request, _port.Sim.Now + _latency, null);
    }

    private void OnTimeout(int tag)
    {
        var done = _pending[tag];
        _port.Function.Errors.Report(PcieError.CompletionTimeout);
        var exception = ReportRpPio(in done.Request.Header, RpPioTimeout);
        Complete(in done, ulong.MaxValue, CompletionStatus.UnsupportedRequest, timedOut: true, exception);
    }

    private CompletionStatus StatusWhileDown => DpcController.StatusWhileDown(_port.Dpc);

    /// <summary>A Completion said UR or CA: Secondary Status shows it (§7.5.1.3.7), and it is an RP PIO error (§6.2.11.3).</summary>
    private bool OnFailed(in TlpHeader request, CompletionStatus status)
    {
        if (status is not (CompletionStatus.UnsupportedRequest or CompletionStatus.CompleterAbort)) return false;
        var aborted = status == CompletionStatus.CompleterAbort;
        var bit = aborted ? HeaderView.ReceivedTargetAbort : HeaderView.ReceivedMasterAbort;
        _port.Function.Config.HwSetBits(Type1Header.SecondaryStatusOffset, 2, 1u << bit);
        return ReportRpPio(in request, aborted ? RpPioCompleterAbort : RpPioUnsupportedRequest);
    }

    private bool ReportRpPio(in TlpHeader request, int outcome)
    {
        const int io = 8;
        const int memory = 16;
        var space = request.IsConfiguration ? 0 : request.IsIo ? io : memory;
        return _port.Dpc?.ReportRpPio(space + outcome, in request) ?? false;
    }

    private void Lose(int tag)
    {
        _tags.Free(tag);
        var done = _pending[tag];
        Complete(in done, ulong.MaxValue, StatusWhileDown, timedOut: false, exception: false);
    }

    private void Complete(in Pending done, ulong value, CompletionStatus status, bool timedOut, bool exception)
    {
        if (_waiting.Count > 0 && _tags.Any) Issue(_waiting.Dequeue());
        if (done.Bytes < 8 && status == CompletionStatus.Successful) value &= (1UL << (done.Bytes * 8)) - 1;
        done.Result.Set(new CpuLoad(value, status, timedOut, done.Issued, _port.Sim.Now)
        {
            Exception = exception,
            Poisoned = done.Poisoned,
        });
    }

    private struct Pending
    {
        public Tlp Request;
        public int Bytes;
        public bool Poisoned;
        public SimTime Issued;
        public SimCompletion<CpuLoad> Result;
    }
}
