using System.Buffers.Binary;
using Sim.Core;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Topology;

/// <summary>Non-posted requests of the host through one root port: tags, completions, completion timeout.</summary>
internal sealed class HostRequester
{
    private const int Tags = 256;

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

        ulong value = ulong.MaxValue;
        if (header.Status == CompletionStatus.Successful)
        {
            Span<byte> raw = stackalloc byte[8];
            raw.Clear();
            body?.Bytes[..Math.Min(8, body.Length)].CopyTo(raw);
            value = BinaryPrimitives.ReadUInt64LittleEndian(raw);
        }

        Finish(tag, value, header.Status, timedOut: false);
    }

    /// <summary>The request was lost with the link: the root port answers in its place (§2.9.1).</summary>
    public void OnLost(in TlpHeader header)
    {
        if (header.FlowClass == FlowClass.NonPosted && _tags.IsOutstanding(header.Tag))
            Finish(header.Tag, ulong.MaxValue, CompletionStatus.UnsupportedRequest, timedOut: false);
    }

    /// <summary>The link went down: what was sent and not answered will not be (§2.9.1).</summary>
    public void OnLinkDown()
    {
        for (var tag = 0; tag < Tags; tag++)
        {
            if (_tags.IsOutstanding(tag)) Finish(tag, ulong.MaxValue, CompletionStatus.UnsupportedRequest, timedOut: false);
        }
    }

    private void Issue(in Pending pending)
    {
        _tags.Timeout = _port.Function.CompletionTimeout;
        var tag = _tags.Allocate();
        _pending[tag] = pending;
        var request = pending.Request;
        request.Header.Tag = tag;
        _port.Transmitter.Send(in request, _port.Sim.Now + _latency, null);
    }

    private void OnTimeout(int tag)
    {
        _port.Function.Errors.Report(PcieError.CompletionTimeout);
        Complete(tag, ulong.MaxValue, CompletionStatus.UnsupportedRequest, timedOut: true);
    }

    private void Finish(int tag, ulong value, CompletionStatus status, bool timedOut)
    {
        _tags.Free(tag);
        Complete(tag, value, status, timedOut);
    }

    private void Complete(int tag, ulong value, CompletionStatus status, bool timedOut)
    {
        var done = _pending[tag];
        _pending[tag] = default;
        if (_waiting.Count > 0) Issue(_waiting.Dequeue());
        if (done.Bytes < 8 && status == CompletionStatus.Successful) value &= (1UL << (done.Bytes * 8)) - 1;
        done.Result.Set(new CpuLoad(value, status, timedOut, done.Issued, _port.Sim.Now));
    }

    private struct Pending
    {
        public Tlp Request;
        public int Bytes;
        public SimTime Issued;
        public SimCompletion<CpuLoad> Result;
    }
}
