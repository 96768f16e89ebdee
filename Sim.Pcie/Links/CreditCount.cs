using System.Runtime.CompilerServices;
using Sim.Core;

namespace Sim.Pcie.Links;

/// <summary>
/// The transmitter's count of the receiver's free buffer for one flow class (§2.6.1). Credits on their way back are kept with the time
/// from which they count and taken in when something is sent, so that a return costs no event.
/// </summary>
internal struct CreditCount
{
    // A mask of zero makes a kind infinite: it is neither taken nor given back.
    private readonly int _headerMask;
    private readonly int _dataMask;
    private readonly int _advertisedHeaders;
    private readonly int _advertisedData;
    private int _headers;
    private int _data;
    private int _first;
    private int _count;
    private Returned[] _returns;

    /// <summary>A count at flow-control initialisation.</summary>
    /// <param name="headers">Header credits advertised; 0 means infinite.</param>
    /// <param name="data">Data credits advertised; 0 means infinite.</param>
    public CreditCount(int headers, int data)
    {
        _headerMask = headers == 0 ? 0 : ~0;
        _dataMask = data == 0 ? 0 : ~0;
        _advertisedHeaders = headers == 0 ? int.MaxValue : headers;
        _advertisedData = data == 0 ? int.MaxValue : data;
        _returns = new Returned[IsInfinite ? 0 : 8];
        Reinitialize();
    }

    /// <summary>Neither headers nor data are counted.</summary>
    public readonly bool IsInfinite => (_headerMask | _dataMask) == 0;

    /// <summary>Whether what is available and what is on its way back make up all that was advertised.</summary>
    public readonly bool IsWhole
    {
        get
        {
            var (headers, data) = (_headers, _data);
            for (var i = 0; i < _count; i++)
            {
                headers -= _headerMask;
                data += At(i).Data;
            }

            return headers == _advertisedHeaders && data == _advertisedData;
        }
    }

    /// <summary>Everything that was advertised is free (§3.4.1).</summary>
    public void Reinitialize()
    {
        _first = _count = 0;
        (_headers, _data) = (_advertisedHeaders, _advertisedData);
    }

    /// <summary>The time from which a TLP has its credits, as far as returns are known: zero if it has them, "never" if they do not
    /// suffice.</summary>
    /// <param name="data">Data credits that it takes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly SimTime AvailableFrom(int data) => _headers > 0 && _data >= data ? SimTime.Zero : AvailableLater(data);

    /// <summary>Takes the credits of a TLP whose first symbol leaves.</summary>
    /// <param name="data">Data credits.</param>
    /// <param name="at">When it leaves; what came back until then counts.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Consume(int data, SimTime at)
    {
        if (_count > 0 && _returns[_first].At <= at) TakeIn(at);
        _headers += _headerMask; // -1, or 0 where they are infinite
        _data -= data & _dataMask;
    }

    /// <summary>Credits of one TLP count again from a time on.</summary>
    public void Give(int data, SimTime at)
    {
        if (_count == _returns.Length) Grow();
        var i = _count++;

        // Returns by way of different egress ports may mature out of order; the common case appends.
        while (i > 0 && At(i - 1).At > at)
        {
            At(i) = At(i - 1);
            i--;
        }

        At(i) = new Returned { At = at, Data = data & _dataMask };
    }

    private readonly SimTime AvailableLater(int data)
    {
        var (headers, free) = (_headers, _data);
        for (var i = 0; i < _count; i++)
        {
            ref var r = ref At(i);
            headers -= _headerMask;
            free += r.Data;
            if (headers > 0 && free >= data) return r.At;
        }

        return SimTime.MaxValue;
    }

    private void TakeIn(SimTime at)
    {
        var returns = _returns;
        var (first, count) = (_first, _count);
        do
        {
            ref var r = ref returns[first & (returns.Length - 1)];
            if (r.At > at) break;
            _headers -= _headerMask;
            _data += r.Data;
            first++;
            count--;
        }
        while (count > 0);
        _first = count == 0 ? 0 : first & (returns.Length - 1);
        _count = count;
    }

    private readonly ref Returned At(int i) => ref _returns[(_first + i) & (_returns.Length - 1)];

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
        public int Data;
    }
}
