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
    private readonly int[] _headers = new int[3];
    private readonly int[] _data = new int[3];
    private readonly bool[] _infiniteHeaders = new bool[3];
    private readonly bool[] _infiniteData = new bool[3];
    private Returned[] _returns = new Returned[16];
    private int _first;
    private int _count;

    public CreditPool(FlowControlCredits advertised)
    {
        _advertised = advertised;
        AllInfinite = true;
        for (var k = 0; k < 3; k++)
        {
            _infiniteHeaders[k] = advertised.Headers((FlowClass)k) == 0;
            _infiniteData[k] = advertised.Data((FlowClass)k) == 0;
            AllInfinite &= _infiniteHeaders[k] && _infiniteData[k];
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
            Span<int> headers = [_headers[0], _headers[1], _headers[2]];
            Span<int> data = [_data[0], _data[1], _data[2]];
            for (var i = 0; i < _count; i++)
            {
                ref var r = ref At(i);
                headers[(int)r.Kind]++;
                data[(int)r.Kind] += r.Data;
            }

            for (var k = 0; k < 3; k++)
            {
                if (!_infiniteHeaders[k] && headers[k] != _advertised.Headers((FlowClass)k)) return false;
                if (!_infiniteData[k] && data[k] != _advertised.Data((FlowClass)k)) return false;
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
            _headers[k] = _infiniteHeaders[k] ? int.MaxValue : _advertised.Headers((FlowClass)k);
            _data[k] = _infiniteData[k] ? int.MaxValue : _advertised.Data((FlowClass)k);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryConsume(FlowClass kind, int data, SimTime now)
    {
        var k = (int)kind;
        if ((_headers[k] <= 0 || _data[k] < data) && !Covers(kind, data, now)) return false;
        if (!_infiniteHeaders[k]) _headers[k]--;
        if (!_infiniteData[k]) _data[k] -= data;
        return true;
    }

    public bool Covers(FlowClass kind, int data, SimTime now)
    {
        var k = (int)kind;
        while ((_headers[k] <= 0 || _data[k] < data) && _count > 0 && _returns[_first].At <= now)
        {
            ref var r = ref _returns[_first];
            if (!_infiniteHeaders[(int)r.Kind]) _headers[(int)r.Kind]++;
            if (!_infiniteData[(int)r.Kind]) _data[(int)r.Kind] += r.Data;
            _first = (_first + 1) & (_returns.Length - 1);
            _count--;
        }

        return _headers[k] > 0 && _data[k] >= data;
    }

    /// <summary>Puts a return in its place by time; false if nothing of this class is counted.</summary>
    public bool Give(FlowClass kind, int data, SimTime at)
    {
        if (_infiniteHeaders[(int)kind] && _infiniteData[(int)kind]) return false;
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

    private ref Returned At(int i) => ref _returns[(_first + i) & (_returns.Length - 1)];

    private void Grow()
    {
        var bigger = new Returned[_returns.Length * 2];
        for (var i = 0; i < _count; i++) bigger[i] = At(i);
        _returns = bigger;
        _first = 0;
    }

    private struct Returned
    {
        public SimTime At;
        public FlowClass Kind;
        public int Data;
    }
}
