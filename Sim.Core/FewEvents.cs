using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sim.Core;

/// <summary>
/// The first pending event and up to sixteen others, which is what a few links have. Neither adding nor taking has a branch that depends on
/// where among the others an event belongs: with so few events, guessing that wrongly costs more than all else.
/// </summary>
/// <remarks>
/// The first is known without looking: what is taken does not wait for what was added last. The others keep their places. Their order is a
/// word of sixteen digits, the place of the earliest lowest: an event's rank is the number of those due no later, which vector compares
/// count, and moving all behind it is a shift.
/// </remarks>
internal struct FewEvents()
{
    /// <summary>The most that it holds.</summary>
    public const int Capacity = Places + 1;

    private const int Places = 16;
    private const int DigitBits = 4;
    private const ulong Ones = 0x1111_1111_1111_1111;
    private const ulong TopBits = 0x8888_8888_8888_8888;

    private long _firstTime;
    private int _firstSlot = EventQueue.Nothing;
    private uint _used;
    private ulong _order;
    private Times _times;
    private Slots _slots;

    /// <summary>When the event was due that was taken last: nothing is added before.</summary>
    public long LastTaken { get; private set; }

    /// <summary>Whether there is room for one more.</summary>
    public readonly bool HasRoom => _used != 0xFFFF;

    /// <summary>Adds an event behind all those that are due no later.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int slot, long time)
    {
        if (_firstSlot == EventQueue.Nothing)
        {
            (_firstSlot, _firstTime) = (slot, time);
            return;
        }

        var shift = 0;
        if (time < _firstTime)
        {
            (slot, _firstSlot) = (_firstSlot, slot);
            (time, _firstTime) = (_firstTime, time);
        }
        else
        {
            shift = DigitBits * BitOperations.PopCount(DueUpTo(time) & _used);
        }

        var place = BitOperations.TrailingZeroCount(~_used) & (Places - 1);
        _times[place] = time;
        _slots[place] = slot;
        _used |= 1u << place;
        var before = (1ul << shift) - 1;
        _order = (_order & before) | (ulong)place << shift | (_order & ~before) << DigitBits;
    }

    /// <summary>Whether the first event is due at <paramref name="limit"/> or before.</summary>
    public readonly bool IsDue(long limit) => _firstSlot != EventQueue.Nothing && _firstTime <= limit;

    /// <summary>Takes the first event out; there is one.</summary>
    /// <returns>Its slot.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Take()
    {
        var taken = _firstSlot;
        LastTaken = _firstTime;
        DropFirst();
        return taken;
    }

    /// <summary>Removes the event of a slot, which it holds.</summary>
    public void Remove(int slot)
    {
        if (slot == _firstSlot)
        {
            DropFirst();
            return;
        }

        var place = 0;
        while (_slots[place] != slot || (_used >> place & 1) == 0) place++;

        // The digit that equals the place: the lowest digit of the difference that is zero.
        var difference = _order ^ (Ones * (ulong)place);
        var shift = BitOperations.TrailingZeroCount((difference - Ones) & ~difference & TopBits) & ~(DigitBits - 1);
        var before = (1ul << shift) - 1;
        _order = (_order & before) | (_order >> DigitBits & ~before);
        _used &= ~(1u << place);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void DropFirst()
    {
        if (_used == 0)
        {
            _firstSlot = EventQueue.Nothing;
            return;
        }

        var place = (int)_order & (Places - 1);
        (_firstSlot, _firstTime) = (_slots[place], _times[place]);
        _order >>= DigitBits;
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

    [InlineArray(Places)]
    private struct Times
    {
        private long _first;
    }

    [InlineArray(Places)]
    private struct Slots
    {
        private int _first;
    }
}
