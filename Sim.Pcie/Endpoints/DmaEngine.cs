using System.Numerics;
using Sim.Core;
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

    internal SimDuration Timeout
    {
        set => _tags.Timeout = value;
    }

    /// <summary>Asks for bytes; they come to <see cref="EndpointFunction.OnDmaRead"/> with <paramref name="context"/>.</summary>
    /// <param name="address">Untranslated address.</param>
    /// <param name="bytes">1 to 4096.</param>
    /// <param name="context">Returned with the data.</param>
    /// <returns>False, and nothing happens, while Bus Master Enable is clear (§7.5.1.1.3).</returns>
    public bool Read(ulong address, int bytes, int context)
    {
        if (!MayIssue()) return false;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, MaxTransfer);
        if (!_idle.TryPop(out var t)) t = new Transfer();
        t.Start(address, bytes, context);
        _transfers++;
        if (_waiting.Count == 0) Issue(t);
        if (t.Sent < t.Length) _waiting.Enqueue(t);
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
        var t = part.Transfer!;
        if (header.Status == CompletionStatus.Successful && tlp.Body is { } body)
        {
            // Completions of one request arrive in address order (§2.3.1.1): they append.
            var n = Math.Min(body.Length, part.Remaining);
            if (n == t.Length)
            {
                // The usual case, all of a transfer in one completion, needs no copy.
                _tags.Free(tag);
                End(t, body.Bytes[..n]);
                return;
            }

            t.MakeRoom();
            body.Bytes[..n].CopyTo(t.Buffer.AsSpan(part.Offset));
            part.Offset += n;
            part.Remaining -= n;
            if (part.Remaining > 0) return;
        }
        else if (t.Status == CompletionStatus.Successful)
        {
            t.Status = header.Status;
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
        if (Suspended)
            throw new InvalidOperationException($"{_function.Name} issues a request at {_function.Sim.Now}: its initiator is suspended");
        return _function.MayRequest;
    }

    /// <summary>Requests of waiting transfers, in order, as far as there are tags.</summary>
    private void IssueWaiting()
    {
        while (_waiting.Count > 0 && _tags.Any)
        {
            var t = _waiting.Head;
            Issue(t);
            if (t.Sent == t.Length) _waiting.DropHead();
        }
    }

    private void Issue(Transfer t)
    {
        var transmitter = _function.Device.Transmitter;
        while (t.Sent < t.Length && _tags.Any)
        {
            var address = t.Address + (ulong)t.Sent;
            var n = ReadSplitter.NextRequestBytes(address, t.Length - t.Sent, _function.MaxReadRequestSize);
            var tag = _tags.Allocate();
            ref var part = ref _parts[tag];
            part.Transfer = t;
            part.Offset = t.Sent;
            part.Remaining = n;
            t.Sent += n;
            t.Outstanding++;
            var read = Tlps.MemoryRead(_function.Id, tag, address, n);
            transmitter.Send(in read, _function.Sim.Now, null);
        }
    }

    private void OnTimeout(int tag)
    {
        var t = _parts[tag].Transfer!;
        if (t.Status == CompletionStatus.Successful) t.Status = CompletionStatus.CompleterAbort;
        _function.Errors.Report(PcieError.CompletionTimeout);
        End(t, default);
    }

    /// <summary>One request of a transfer ended; the last one ends the transfer.</summary>
    private void End(Transfer t, ReadOnlySpan<byte> data)
    {
        t.Outstanding--;
        if (t.Outstanding > 0 || t.Sent < t.Length)
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
        public CompletionStatus Status;
        public byte[] Buffer = [];

        public ReadOnlySpan<byte> Data =>
            Outstanding == 1 && Sent == Length && Status == CompletionStatus.Successful ? Buffer.AsSpan(0, Length) : default;

        public void Start(ulong address, int length, int context)
        {
            Address = address;
            Length = length;
            Context = context;
            Sent = Outstanding = 0;
            Status = CompletionStatus.Successful;
        }

        /// <summary>A buffer that holds the transfer, where its data comes in parts.</summary>
        public void MakeRoom()
        {
            if (Buffer.Length < Length) Buffer = new byte[(int)BitOperations.RoundUpToPowerOf2((uint)Length)];
        }
    }

    private struct Part
    {
        public Transfer? Transfer;
        public int Offset;
        public int Remaining;
    }
}
