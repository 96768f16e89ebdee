using System.Runtime.CompilerServices;
using Sim.Core;

namespace Sim.Pcie.Links;

/// <summary>
/// The transmitter's count of the receiver's free buffer for one flow class (§2.6.1). Credits on their way back are kept with the time
/// from which they count, so that a return costs no event, and taken in when those at hand do not suffice, or are too many to keep.
/// </summary>
internal struct CreditCount
{
    private const int Few = 8;

    // A mask of zero makes a kind infinite: it is neither taken nor given back.
    private readonly int _headerMask;
    private readonly int _dataMask;
    private readonly int _advertisedHeaders;
    private readonly int _advertisedData;
    private int _headers;
    private int _data;

    // Those on their way: [0, _count). At _room it is looked what can be taken in.
    private Returned[] _returns;
    private int _count;
    private int _room;

    /// <summary>A count at flow-control initialisation.</summary>
    /// <param name="headers">Header credits advertised; 0 means infinite.</param>
    /// <param name="data">Data credits advertised; 0 means infinite.</param>
    public CreditCount(int headers, int data)
    {
        _headerMask = headers == 0 ? 0 : ~0;
        _dataMask = data == 0 ? 0 : ~0;
        _advertisedHeaders = headers == 0 ? int.MaxValue : headers;
        _advertisedData = data == 0 ? int.MaxValue : data;
        _room = IsInfinite ? 0 : Few;
        _returns = new Returned[_room];
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
                data += _returns[i].Data;
            }

            return headers == _advertisedHeaders && data == _advertisedData;
        }
    }

    /// <summary>Everything that was advertised is free (§3.4.1).</summary>
    public void Reinitialize()
    {
        _count = 0;
        (_headers, _data) = (_advertisedHeaders, _advertisedData);
    }

    /// <summary>The time from which a TLP has its credits, as far as returns are known: zero if it has them, "never" if they do not
    /// suffice.</summary>
    /// <param name="data">Data credits that it takes.</param>
    /// <param name="free">Nothing leaves before: when the serialiser is free.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SimTime AvailableFrom(int data, SimTime free) => _headers > 0 && _data >= data ? SimTime.Zero : AvailableLater(data, free);

    /// <summary>Takes the credits of a TLP that has left.</summary>
    /// <param name="data">Data credits.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Consume(int data)
    {
        _headers += _headerMask; // -1, or 0 where they are infinite
        _data -= data & _dataMask;
    }

    /// <summary>Credits of one TLP count again from a time on.</summary>
    /// <param name="data">Data credits.</param>
    /// <param name="at">From when on they count.</param>
    /// <param name="free">Nothing leaves before: when the serialiser is free.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Give(int data, SimTime at, SimTime free)
    {
        if (_count == _room) MakeRoom(free);
        ref var r = ref _returns[_count++];
        r.At = at;
        r.Data = data & _dataMask;
    }

    private SimTime AvailableLater(int data, SimTime free)
    {
        TakeIn(free);
        if (_headers > 0 && _data >= data) return SimTime.Zero;

        // Returns by way of different egress ports may mature in another order than they were given.
        var returns = _returns.AsSpan(0, _count);
        returns.Sort(static (a, b) => a.At.CompareTo(b.At));
        var (headers, sum) = (_headers, _data);
        foreach (ref readonly var r in returns)
        {
            headers -= _headerMask;
            sum += r.Data;
            if (headers > 0 && sum >= data) return r.At;
        }

        return SimTime.MaxValue;
    }

    private void TakeIn(SimTime upTo)
    {
        var (kept, data) = (0, 0);
        var returns = _returns.AsSpan(0, _count);
        foreach (ref readonly var r in returns)
        {
            if (r.At <= upTo) data += r.Data;
            else returns[kept++] = r;
        }

        _headers -= _headerMask * (_count - kept);
        _data += data;
        _count = kept;
    }

    // Twice as much as is on its way: taking in is cheap however many there are, and few of them stay within a line or two of the cache.
    private void MakeRoom(SimTime free)
    {
        TakeIn(free);
        _room = Math.Max(Few, 2 * _count);
        if (_room > _returns.Length) Array.Resize(ref _returns, _room);
    }

    private struct Returned
    {
        public SimTime At;
        public int Data;
    }
}
