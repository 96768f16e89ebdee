using System.Runtime.CompilerServices;
using Sim.Core;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Links;

/// <summary>
/// The transmitter's count of the receiver's free buffer (§2.6.1). Credits on their way back are kept with the time from which they count
/// and taken in when they are needed, so that a return costs no event.
/// </summary>
internal sealed class CreditPool
{
    private readonly FlowControlCredits _advertised;
    private readonly Available[] _available = new Available[3];
    private Returned[] _returns = new Returned[16];
    private int _first;
    private int _count;

    public CreditPool(FlowControlCredits advertised)
    {
        _advertised = advertised;
        AllInfinite = true;
        for (var k = 0; k < 3; k++)
        {
            ref var a = ref _available[k];
            a.HeaderMask = advertised.Headers((FlowClass)k) == 0 ? 0 : ~0;
            a.DataMask = advertised.Data((FlowClass)k) == 0 ? 0 : ~0;
            AllInfinite &= a.IsInfinite;
        }

        Reinitialize();
    }

    public bool AllInfinite { get; }

    /// <summary>When the earliest credit on its way back counts; <see cref="SimTime.MaxValue"/> if none is.</summary>
    public SimTime NextReturn => _count > 0 ? _returns[_first].At : SimTime.MaxValue;

    /// <summary>Whether what is available and what is on its way back make up all that was advertised.</summary>
    public bool Whole
    {
        get
        {
            Span<Available> sum = [.. _available];
            for (var i = 0; i < _count; i++) sum[(int)At(i).Kind].Add(At(i).Data);
            for (var k = 0; k < 3; k++)
            {
                if (sum[k].HeaderMask != 0 && sum[k].Headers != _advertised.Headers((FlowClass)k)) return false;
                if (sum[k].DataMask != 0 && sum[k].Data != _advertised.Data((FlowClass)k)) return false;
            }

            return true;
        }
    }

    /// <summary>Flow-control initialisation: everything that was advertised is free.</summary>
    public void Reinitialize()
    {
        _first = _count = 0;
        for (var k = 0; k < 3; k++)
        {
            ref var a = ref _available[k];
            a.Headers = a.HeaderMask == 0 ? int.MaxValue : _advertised.Headers((FlowClass)k);
            a.Data = a.DataMask == 0 ? int.MaxValue : _advertised.Data((FlowClass)k);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryConsume(FlowClass kind, int data, SimTime now)
    {
        if (!Covers(kind, data, now)) return false;
        ref var a = ref _available[(int)kind];
        a.Headers += a.HeaderMask; // -1, or 0 where they are infinite
        a.Data -= data & a.DataMask;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Covers(FlowClass kind, int data, SimTime now)
    {
        // Taken in as soon as they count, needed or not: the few that remain share a cache line or two.
        if (_count > 0 && _returns[_first].At <= now) TakeIn(now);
        return _available[(int)kind].Covers(data);
    }

    /// <summary>Puts a return in its place by time; false if nothing of this class is counted.</summary>
    public bool Give(FlowClass kind, int data, SimTime at)
    {
        if (_available[(int)kind].IsInfinite) return false;
        if (_count == _returns.Length) Grow();
        var i = _count++;

        // Returns by way of different egress ports may mature out of order; the common case appends.
        while (i > 0 && At(i - 1).At > at)
        {
            At(i) = At(i - 1);
            i--;
        }

        At(i) = new Returned { At = at, Kind = kind, Data = data };
        return true;
    }

    private void TakeIn(SimTime now)
    {
        var returns = _returns;
        var (first, count) = (_first, _count);
        do
        {
            ref var r = ref returns[first & (returns.Length - 1)];
            if (r.At > now) break;
            _available[(int)r.Kind].Add(r.Data);
            first++;
            count--;
        }
        while (count > 0);
        _first = count == 0 ? 0 : first & (returns.Length - 1);
        _count = count;
    }

    private ref Returned At(int i) => ref _returns[(_first + i) & (_returns.Length - 1)];

    private void Grow()
    {
        var bigger = new Returned[_returns.Length * 2];
        for (var i = 0; i < _count; i++) bigger[i] = At(i);
        _returns = bigger;
        _first = 0;
    }

    /// <summary>What is free of one class. A mask of zero makes a kind infinite: it is neither taken nor given back.</summary>
    private struct Available
    {
        public int Headers;
        public int Data;
        public int HeaderMask;
        public int DataMask;

        public readonly bool IsInfinite => (HeaderMask | DataMask) == 0;

        public readonly bool Covers(int data) => Headers > 0 && Data >= data;

        public void Add(int data)
        {
            Headers -= HeaderMask;
            Data += data & DataMask;
        }
    }

    private struct Returned
    {
        public SimTime At;
        public FlowClass Kind;
        public int Data;
    }
}
