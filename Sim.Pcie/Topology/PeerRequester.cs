using System.Numerics;
using Sim.Core;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Topology;

/// <summary>
/// Peer-to-peer through a Root Complex that issues requests of its own: a request from below another Root Port leaves by this one under
/// this port's Requester ID and tags, reads cut at the Read Completion Boundary and writes by Max_Payload_Size. What comes back is put
/// together, in whatever order, and completed to the original Requester as one read.
/// </summary>
internal sealed class PeerRequester
{
    private const int Tags = 256;

    private readonly RootPort _port;
    private readonly SimDuration _latency;
    private readonly TagTable _tags;
    private readonly Part[] _parts = new Part[Tags];
    private readonly RingQueue<Job> _waiting = new();
    private readonly Stack<Job> _idle = new();
    private bool _pumping;

    public PeerRequester(RootPort port, SimDuration latency)
    {
        _port = port;
        _latency = latency;
        _tags = new TagTable(port.Sim, Tags, OnTimeout);
    }

    /// <summary>Requests that have not been answered.</summary>
    public int Outstanding { get; private set; }

    /// <summary>A posted write: out in pieces of at most Max_Payload_Size.</summary>
    public void Write(in Tlp tlp, LinkDirection from, ulong address, SimTime ready)
    {
        var data = tlp.Body is { } body ? body.Bytes : default;
        do
        {
            var n = Math.Min(data.Length, ReadSplitter.NextRequestBytes(address, Math.Max(1, data.Length), _port.Function.MaxPayloadSize));
            var write = Tlps.MemoryWrite(_port.Function.Id, address, _port.Bodies.Rent(data[..n]), tlp.Header.Attributes);
            write.Header.Poisoned = tlp.Header.Poisoned;
            if (_port.Routes.IsObserved) ShowPart(in tlp.Header, in write.Header);
            _port.Transmitter.Send(in write, ready, null);
            data = data[n..];
            address += (ulong)n;
        }
        while (data.Length > 0);
        _port.Drop(in tlp, from);
    }

    /// <summary>A non-posted request: a read, or an AtomicOp, which stays whole.</summary>
    public void Request(RootPort origin, in Tlp tlp, LinkDirection from, ulong address)
    {
        if (!_idle.TryPop(out var job)) job = new Job();
        job.Start(origin, in tlp, from, address);
        Outstanding++;
        _waiting.Enqueue(job);
        Pump();
    }

    /// <summary>A completion to this port's own Requester ID.</summary>
    public void OnCompletion(in Tlp tlp)
    {
        ref readonly var header = ref tlp.Header;
        var tag = header.Tag;
        if (!_tags.IsOutstanding(tag))
        {
            _port.Function.Errors.Report(PcieError.UnexpectedCompletion, header);
            return;
        }

        ref var part = ref _parts[tag];
        if (header.Status != CompletionStatus.Successful)
        {
            End(tag, header.Status);
            return;
        }

        if (tlp.Body is { } body)
        {
            var n = Math.Min(body.Length, part.Remaining);
            body.Bytes[..n].CopyTo(part.Job!.Buffer.AsSpan(part.Offset));
            part.Offset += n;
            part.Remaining -= n;
        }

        part.Job!.IsBad |= header.Poisoned;
        if (part.Remaining <= 0 || tlp.Body is null) End(tag, CompletionStatus.Successful);
    }

    /// <summary>A request of this requester was lost with the link (§2.9.1).</summary>
    public void OnLost(in TlpHeader header)
    {
        if (header.FlowClass == FlowClass.NonPosted && _tags.IsOutstanding(header.Tag))
            End(header.Tag, CompletionStatus.UnsupportedRequest);
    }

    /// <summary>The link went down: what was sent and not answered will not be (§2.9.1).</summary>
    public void OnLinkDown()
    {
        for (var tag = 0; tag < Tags; tag++)
        {
            if (_tags.IsOutstanding(tag)) End(tag, CompletionStatus.UnsupportedRequest);
        }
    }

    /// <summary>Issues in order, as far as there are tags. Not entered twice: what is sent on a dead link is answered from
    /// within.</summary>
    private void Pump()
    {
        if (_pumping) return;
        _pumping = true;
        while (_waiting.Count > 0 && _tags.Any)
        {
            var job = _waiting.Head;
            Issue(job);
            if (job.IsIssued) _waiting.DropHead();
        }

        _pumping = false;
    }

    private void Issue(Job job)
    {
        while (!job.IsIssued && _tags.Any)
        {
            _tags.Timeout = _port.Function.CompletionTimeout;
            var tag = _tags.Allocate();
            var address = job.Target + (ulong)job.Sent;
            var n = job.IsRead && job.Length > 0
                ? ReadSplitter.NextRequestBytes(address, job.Length - job.Sent, _port.Options.ReadCompletionBoundary)
                : job.Length;
            _parts[tag] = new Part { Job = job, Offset = job.Sent, Remaining = n };
            job.Sent += n;
            job.Outstanding++;
            job.IsIssued = job.Sent == job.Length;
            var request = job.IsRead
                ? Tlps.MemoryRead(_port.Function.Id, tag, address, n, job.Request.Header.Attributes)
                : job.Whole(_port, tag);
            if (_port.Routes.IsObserved) ShowPart(in job.Request.Header, in request.Header);
            _port.Transmitter.Send(in request, _port.Sim.Now + _latency, null);
        }

        if (job.IsIssued) job.Admit();
    }

    private void ShowPart(in TlpHeader whole, in TlpHeader part) => _port.Routes.Show(_port, in whole,
        $"issues {part.Type} {part.EnabledBytes} B at 0x{part.FirstByteAddress:x} as {part.RequesterId} tag {part.Tag}", becomes: part);

    private void OnTimeout(int tag)
    {
        _port.Function.Errors.Report(PcieError.CompletionTimeout);
        Conclude(tag, CompletionStatus.CompleterAbort);
    }

    private void End(int tag, CompletionStatus status)
    {
        _tags.Free(tag);
        Conclude(tag, status);
    }

    private void Conclude(int tag, CompletionStatus status)
    {
        var job = _parts[tag].Job!;
        _parts[tag] = default;
        job.Outstanding--;
        if (job.Status == CompletionStatus.Successful) job.Status = status;
        if (job.Outstanding == 0 && job.IsIssued)
        {
            job.Complete(_latency);
            Outstanding--;
            _idle.Push(job);
        }

        Pump();
    }

    /// <summary>A request of somebody below another Root Port, on its way as requests of this one.</summary>
    private sealed class Job : IReadSource, IPoisonMap
    {
        private RootPort _origin = null!;
        private LinkDirection _from = null!;

        public Tlp Request;
        public ulong Target;
        public int Length;
        public int Sent;
        public int Outstanding;
        public bool IsRead;
        public bool IsIssued;
        public bool IsBad;
        public CompletionStatus Status;
        public byte[] Buffer = [];

        public void Start(RootPort origin, in Tlp tlp, LinkDirection from, ulong address)
        {
            (_origin, _from, Request, Target) = (origin, from, tlp, address);
            IsRead = tlp.Header.IsMemoryRead;
            Length = IsRead ? tlp.Header.EnabledBytes : AtomicOps.OperandBytes(in tlp.Header);
            Sent = Outstanding = 0;
            IsIssued = IsBad = false;
            Status = CompletionStatus.Successful;
            if (Buffer.Length < Length) Buffer = new byte[(int)BitOperations.RoundUpToPowerOf2((uint)Length)];
        }

        /// <summary>An AtomicOp under the port's own ID.</summary>
        public Tlp Whole(RootPort port, int tag)
        {
            var request = new Tlp(Request.Header, Request.Body is { } body ? port.Bodies.Rent(body.Bytes) : null);
            request.Header.RequesterId = port.Function.Id;
            request.Header.Tag = tag;
            request.Header.Readdress(Target);
            return request;
        }

        /// <summary>All of it is on its way: it leaves the ingress buffer.</summary>
        public void Admit()
        {
            _from.ReturnCredits(in Request, _origin.Sim.Now);
            if (Request.Body is { } body) _origin.Bodies.Return(body);
            Request.Body = null;
        }

        public void Complete(SimDuration latency)
        {
            var ready = _origin.Sim.Now + latency;
            var function = _origin.Function;
            if (Status != CompletionStatus.Successful)
            {
                var failed = Tlps.Completion(in Request.Header, function.Id, Status);
                _origin.Transmitter.Send(in failed, ready, null);
                return;
            }

            var boundary = _origin.Options.ReadCompletionBoundary;
            var address = IsRead ? Request.Header.FirstByteAddress : 0;
            _origin.CompleteRead(
                in Request.Header, function, this, address, Length, function.MaxPayloadSize, boundary, ready, IsBad ? this : null);
        }

        bool IPoisonMap.IsPoisoned(ulong address, int bytes) => true;

        public void Read(ulong address, Span<byte> destination)
        {
            var first = IsRead ? Request.Header.FirstByteAddress : 0;
            Buffer.AsSpan((int)(address - first), destination.Length).CopyTo(destination);
        }
    }

    private struct Part
    {
        public Job? Job;
        public int Offset;
        public int Remaining;
    }
}
