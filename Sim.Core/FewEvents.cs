using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sim.Core;

/// <summary>
/// Up to sixteen pending events, which is what a few links have. Neither adding nor taking has a branch that depends on where in the order
/// an event belongs: with so few events, guessing that wrongly costs more than all else.
/// </summary>
/// <remarks>
/// An event keeps its place. The order is a word of sixteen digits, the place of the first event lowest: an event's rank is the number of
/// those due no later, which vector compares count, and moving all behind it is a shift.
/// </remarks>
internal struct FewEvents
{
    /// <summary>The most that it holds.</summary>
    public const int Capacity = 16;

    private const int DigitBits = 4;
    private const ulong Ones = 0x1111_1111_1111_1111;
    private const ulong TopBits = 0x8888_8888_8888_8888;

    private Times _times;
    private Slots _slots;
    private ulong _order;
    private uint _used;

    /// <summary>Whether there is room for one more.</summary>
    public readonly bool HasRoom => _used != 0xFFFF;

    /// <summary>Adds an event behind all those that are due no later.</summary>
    /// <returns>Its place, by which it can be removed.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Add(int slot, long time)
    {
        var place = BitOperations.TrailingZeroCount(~_used) & (Capacity - 1);
        var shift = DigitBits * BitOperations.PopCount(DueUpTo(time) & _used);
        _times[place] = time;
        _slots[place] = slot;
        _used |= 1u << place;
        var before = (1ul << shift) - 1;
        _order = (_order & before) | (ulong)place << shift | (_order & ~before) << DigitBits;
        return place;
    }

    /// <summary>Whether the first event is due at <paramref name="limit"/> or before.</summary>
    public readonly bool IsDue(long limit) => _used != 0 && _times[(int)_order & (Capacity - 1)] <= limit;

    /// <summary>Takes the first event out; there is one.</summary>
    /// <returns>Its slot.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Take()
    {
        var place = (int)_order & (Capacity - 1);
        _order >>= DigitBits;
        _used &= ~(1u << place);
        return _slots[place];
    }

    /// <summary>Removes an event from its place.</summary>
    public void Remove(int place)
    {
        // The digit that equals the place: the lowest digit of the difference that is zero.
        var difference = _order ^ (Ones * (ulong)place);
        var shift = BitOperations.TrailingZeroCount((difference - Ones) & ~difference & TopBits) & ~(DigitBits - 1);
        var before = (1ul << shift) - 1;
        _order = (_order & before) | (_order >> DigitBits & ~before);
        _used &= ~(1u << place);
    }

    private readonly uint DueUpTo(long time)
    {
        // Low places are given out first.
        var due = DueUpTo(time, 0);
        return _used < 0x100 ? due : due | DueUpTo(time, 8) << 8;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly uint DueUpTo(long time, nuint first)
    {
        ref var times = ref Unsafe.As<Times, long>(ref Unsafe.AsRef(in _times));
        if (Vector512.IsHardwareAccelerated)
        {
            var eight = Vector512.LoadUnsafe(ref times, first);
            return (uint)Vector512.LessThanOrEqual(eight, Vector512.Create(time)).ExtractMostSignificantBits();
        }

        var limit = Vector256.Create(time);
        return Vector256.LessThanOrEqual(Vector256.LoadUnsafe(ref times, first), limit).ExtractMostSignificantBits()
            | Vector256.LessThanOrEqual(Vector256.LoadUnsafe(ref times, first + 4), limit).ExtractMostSignificantBits() << 4;
    }

    [InlineArray(Capacity)]
    private struct Times
    {
        private long _first;
    }

    [InlineArray(Capacity)]
    private struct Slots
    {
        private int _first;
    }
}
