using System.Numerics;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Endpoints;

/// <summary>
/// The requester of a function: splits reads by Max_Read_Request_Size and writes by Max_Payload_Size, never across 4 KiB (§2.2.7), keeps
/// tags, assembles completions, and watches completion timeouts. Nothing is allocated once its buffers exist.
/// </summary>
public sealed class DmaEngine
{
    private const int MaxTransfer = 4096;

    private readonly EndpointFunction _function;
    private readonly TagTable _tags;
    private readonly Part[] _parts;
    private readonly RingQueue<Transfer> _waiting = new();
    private readonly Stack<Transfer> _idle = new();
    private int _transfers;

    internal DmaEngine(EndpointFunction function, int tags)
    {
        _function = function;
        _tags = new TagTable(function.Sim, tags, OnTimeout);
        _parts = new Part[tags];
    }

    /// <summary>Whether nothing is outstanding: every read has its data, its failure or its timeout.</summary>
    public bool IsIdle => _transfers == 0;

    /// <summary>
    /// Whether the function promised to issue nothing (initiator suspended). Issuing then is a fault of the device model and throws.
    /// </summary>
    public bool Suspended { get; set; }

    /// <summary>Whether a free tag is there: without one, transfers wait.</summary>
    public bool HasTags => _tags.Any;

    internal SimDuration Timeout
    {
        set => _tags.Timeout = value;
    }

    /// <summary>Takes the tags that the enables of Device Control leave (§2.2.6.2, §7.5.3.4, §7.5.3.16).</summary>
    internal void UseTags(PciExpressCapability express)
    {
        if (express.TenBitTagRequesterEnabled) _tags.UseRange(256, 1024);
        else _tags.UseRange(0, express.ExtendedTagEnabled ? 256 : 32);
    }

    /// <summary>Asks for bytes; they come to <see cref="EndpointFunction.OnDmaRead"/> with <paramref name="context"/>.</summary>
    /// <param name="address">Untranslated address.</param>
    /// <param name="bytes">1 to 4096; 0 for a zero-length read, which comes back behind all writes before it and brings no data.</param>
    /// <param name="context">Returned with the data.</param>
    /// <returns>False, and nothing happens, while Bus Master Enable is clear (§7.5.1.1.3).</returns>
    public bool Read(ulong address, int bytes, int context)
    {
        if (!MayIssue()) return false;
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, MaxTransfer);
        if (_waiting.Count == 0 && bytes > 0 && _tags.Any
            && bytes == ReadSplitter.NextRequestBytes(address, bytes, _function.MaxReadRequestSize))
        {
            _transfers++;
            IssueAlone(address, bytes, context);
            return true;
        }

        var t = Idle();
        t.Start(address, bytes, context);
        Begin(t);
        return true;
    }

    /// <summary>
    /// An AtomicOp (§6.15); the location's old value comes to <see cref="EndpointFunction.OnDmaRead"/> with <paramref name="context"/>.
    /// </summary>
    /// <param name="type">FetchAdd, Swap or CAS.</param>
    /// <param name="address">Untranslated address, aligned to the operand.</param>
    /// <param name="operands">4 or 8 bytes; for CAS compare and swap value of 4, 8 or 16 bytes each.</param>
    /// <param name="context">Returned with the old value.</param>
    /// <returns>False, and nothing happens, while Bus Master Enable or AtomicOp Requester Enable is clear (§7.5.3.16).</returns>
    public bool AtomicOp(TlpType type, ulong address, ReadOnlySpan<byte> operands, int context)
    {
        if (!MayIssue() || !_function.MayRequestAtomicOps) return false;
        var t = Idle();
        t.Start(address, type == TlpType.CAS ? operands.Length / 2 : operands.Length, context);
        t.Atomic = type;
        t.MakeRoom(operands.Length);
        operands.CopyTo(t.Buffer);
        t.Operands = operands.Length;
        Begin(t);
        return true;
    }

    /// <summary>Writes bytes by posted requests, in order.</summary>
    /// <returns>False, and nothing happens, while Bus Master Enable is clear (§7.5.1.1.3).</returns>
    public bool Write(ulong address, ReadOnlySpan<byte> data) => MayIssue() && Post(address, data);

    /// <summary>
    /// Writes a message-signalled interrupt. Whether a suspended initiator may send one is the device's choice
    /// (<see cref="MsixTable.Held"/>), not a promise that <see cref="Suspended"/> makes.
    /// </summary>
    /// <returns>False, and nothing happens, while Bus Master Enable is clear (§7.5.1.1.3).</returns>
    internal bool WriteInterrupt(ulong address, ReadOnlySpan<byte> data) => _function.MayRequest && Post(address, data);

    private bool Post(ulong address, ReadOnlySpan<byte> data)
    {
        var device = _function.Device;
        while (data.Length > 0)
        {
            var n = ReadSplitter.NextRequestBytes(address, data.Length, _function.MaxPayloadSize);
            var write = Tlps.MemoryWrite(_function.Id, address, device.Bodies.Rent(data[..n]));
            write.Header.Dw0 |= _function.OriginBits;
            device.Transmitter.Send(in write, device.Sim.Now, null);
            data = data[n..];
            address += (ulong)n;
        }

        return true;
    }

    internal void OnCompletion(in Tlp tlp)
    {
        ref readonly var header = ref tlp.Header;
        var tag = header.Tag;
        if (!_tags.IsOutstanding(tag))
        {
            _function.Errors.Report(PcieError.UnexpectedCompletion, header);
            return;
        }

        ref var part = ref _parts[tag];
        if (!part.Fits(in header))
        {
            // The Request stays outstanding, and its Completion Timeout ends it unless the right Completion comes (§2.3.2).
            var error = _function.Device.Options.MismatchIsMalformed ? PcieError.MalformedTlp : PcieError.UnexpectedCompletion;
            _function.Errors.Report(error, header);
            return;
        }

        var t = part.Transfer;
        if (t is null)
        {
            if (header.Status == CompletionStatus.Successful && tlp.Body is { } whole && !header.Poisoned && whole.Length == part.Remaining)
            {
                // The usual case, all of a transfer in one completion, needs no copy.
                _tags.Free(tag);
                _transfers--;
                _function.OnDmaRead(part.Context, whole.Bytes, CompletionStatus.Successful);
                if (_waiting.Count > 0) IssueWaiting();
                return;
            }

            t = Gather(ref part);
        }

        if (header.Status == CompletionStatus.Successful && tlp.Body is { } body && !header.Poisoned)
        {
            // Completions of one request arrive in address order (§2.3.1.1): they append.
            var n = Math.Min(body.Length, part.Remaining);
            part.Address += (uint)n;
            t.MakeRoom(t.Length);
            body.Bytes[..n].CopyTo(t.Buffer.AsSpan(part.Offset));
            part.Offset += n;
            part.Remaining -= n;
            if (part.Remaining > 0) return;
        }
        else if (t.Status == CompletionStatus.Successful)
        {
            // Poisoned data is as good as none (§2.7.2): the port has reported it. The request is over when its last part has come.
            t.Status = header.Poisoned ? CompletionStatus.CompleterAbort : header.Status;
        }

        if (header.Poisoned && (part.Remaining -= tlp.Body?.Length ?? part.Remaining) > 0)
        {
            part.Address += (uint)tlp.Body!.Length;
            return;
        }

        _tags.Free(tag);
        End(t, t.Data);
    }

    /// <summary>Reset: what was outstanding is forgotten.</summary>
    internal void Clear()
    {
        _tags.Clear();
        _waiting.Clear();
        _transfers = 0;
        Suspended = false;
    }

    private bool MayIssue()
    {
        if (Suspended) throw IsSuspended();
        return _function.MayRequest;
    }

    private InvalidOperationException IsSuspended() =>
        new($"{_function.Name} issues a request at {_function.Sim.Now}: its initiator is suspended");

    /// <summary>Requests of waiting transfers, in order, as far as there are tags.</summary>
    private void IssueWaiting()
    {
        while (_waiting.Count > 0 && _tags.Any)
        {
            var t = _waiting.Head;
            Issue(t);
            if (t.IsIssued) _waiting.DropHead();
        }
    }

    private void Begin(Transfer t)
    {
        _transfers++;
        if (_waiting.Count == 0) Issue(t);
        if (!t.IsIssued) _waiting.Enqueue(t);
    }

    private void Issue(Transfer t)
    {
        var transmitter = _function.Device.Transmitter;
        while (!t.IsIssued && _tags.Any)
        {
            var address = t.Address + (ulong)t.Sent;
            var n = t.Atomic == TlpType.Reserved && t.Length > 0
                ? ReadSplitter.NextRequestBytes(address, t.Length - t.Sent, _function.MaxReadRequestSize)
                : t.Length;
            var tag = _tags.Allocate();
            ref var part = ref _parts[tag];
            part.Transfer = t;
            part.Offset = t.Sent;
            part.Remaining = n;
            part.Address = t.Atomic == TlpType.Reserved ? (uint)address : 0;
            t.Sent += n;
            t.IsIssued = t.Sent == t.Length;
            t.Outstanding++;
            var request = t.Atomic == TlpType.Reserved
                ? Tlps.MemoryRead(_function.Id, tag, address, n)
                : Tlps.AtomicOp(t.Atomic, _function.Id, tag, address, _function.Device.Bodies.Rent(t.Buffer.AsSpan(0, t.Operands)));
            request.Header.Dw0 |= _function.OriginBits;
            part.Class = request.Header.Dw0 & Part.ClassAndAttributes;
            transmitter.Send(in request, _function.Sim.Now, null);
        }
    }

    /// <summary>A read that is one request is kept with its tag alone, as long as nothing else than its data comes back at once.</summary>
    private void IssueAlone(ulong address, int bytes, int context)
    {
        var tag = _tags.Allocate();
        ref var part = ref _parts[tag];
        if (part.Transfer is not null) part.Transfer = null;
        part.Context = context;
        part.Offset = 0;
        part.Remaining = bytes;
        part.Address = (uint)address;
        var request = Tlps.MemoryRead(_function.Id, tag, address, bytes);
        request.Header.Dw0 |= _function.OriginBits;
        part.Class = request.Header.Dw0 & Part.ClassAndAttributes;
        _function.Device.Transmitter.Send(in request, _function.Sim.Now, null);
    }

    /// <summary>Such a read after all becomes a transfer.</summary>
    private Transfer Gather(ref Part part)
    {
        var t = Idle();
        t.Start(part.Address, part.Remaining, part.Context);
        (t.Sent, t.Outstanding, t.IsIssued) = (t.Length, 1, true);
        return part.Transfer = t;
    }

    private Transfer Idle() => _idle.TryPop(out var t) ? t : new Transfer();

    private void OnTimeout(int tag)
    {
        ref var part = ref _parts[tag];
        var t = part.Transfer ?? Gather(ref part);
        if (t.Status == CompletionStatus.Successful) t.Status = CompletionStatus.CompleterAbort;
        _function.Errors.Report(PcieError.CompletionTimeout);
        End(t, default);
    }

    /// <summary>One request of a transfer ended; the last one ends the transfer.</summary>
    private void End(Transfer t, ReadOnlySpan<byte> data)
    {
        t.Outstanding--;
        if (t.Outstanding > 0 || !t.IsIssued)
        {
            IssueWaiting();
            return;
        }

        _transfers--;
        _function.OnDmaRead(t.Context, data, t.Status);
        _idle.Push(t);
        IssueWaiting();
    }

    private sealed class Transfer
    {
        public ulong Address;
        public int Length;
        public int Context;
        public int Sent;
        public int Outstanding;
        public bool IsIssued;
        public TlpType Atomic;
        public int Operands;
        public CompletionStatus Status;
        public byte[] Buffer = [];

        public ReadOnlySpan<byte> Data =>
            Outstanding == 1 && IsIssued && Status == CompletionStatus.Successful ? Buffer.AsSpan(0, Length) : default;

        public void Start(ulong address, int length, int context)
        {
            Address = address;
            Length = length;
            Context = context;
            Sent = Outstanding = 0;
            IsIssued = false;
            Atomic = TlpType.Reserved;
            Status = CompletionStatus.Successful;
        }

        /// <summary>A buffer that holds the transfer, where its data comes in parts, or an AtomicOp's operands.</summary>
        public void MakeRoom(int bytes)
        {
            if (Buffer.Length < bytes) Buffer = new byte[(int)BitOperations.RoundUpToPowerOf2((uint)bytes)];
        }
    }

    private struct Part
    {
        public const uint ClassAndAttributes = 7u << 20 | 3u << 12;

        /// <summary>What it is a part of; null for a read that is one request.</summary>
        public Transfer? Transfer;

        /// <summary>That of such a read.</summary>
        public int Context;

        public int Offset;
        public int Remaining;

        /// <summary>Traffic Class, No Snoop and Relaxed Ordering of the request, in their place in DW0.</summary>
        public uint Class;

        /// <summary>Low bits of the address of the next byte; 0 for an AtomicOp.</summary>
        public uint Address;

        /// <summary>Whether Byte Count, Lower Address, Traffic Class and attributes (but IDO) of a Completion are those that the request
        /// asks for (§2.3.2); without data the first two say nothing of importance.</summary>
        public readonly bool Fits(in TlpHeader header)
        {
            if ((header.Dw0 & ClassAndAttributes) != Class) return false;
            if (!header.HasData) return header.Status != CompletionStatus.Successful;
            return header.ByteCount == Math.Max(1, Remaining) && (header.LowerAddress == (int)(Address & 0x7F) || Remaining == 0);
        }
    }
}
