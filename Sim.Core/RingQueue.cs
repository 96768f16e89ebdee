using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sim.Core;

/// <summary>A first-in, first-out queue in a ring of a power of two, which grows when full and is never copied otherwise.</summary>
/// <typeparam name="T">The element; large structs are passed by reference.</typeparam>
public sealed class RingQueue<T>
{
    private T[] _ring;
    private int _head;
    private int _count;

    /// <summary>Makes an empty queue.</summary>
    /// <param name="capacity">Elements to make room for at once; rounded up to a power of two.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is not positive.</exception>
    public RingQueue(int capacity = 16)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        _ring = new T[BitOperations.RoundUpToPowerOf2((uint)capacity)];
    }

    /// <summary>The number of elements.</summary>
    public int Count => _count;

    /// <summary>The oldest element, in place.</summary>
    /// <exception cref="InvalidOperationException">The queue is empty.</exception>
    public ref T Head
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if (_count == 0)
                ThrowNone(0);
            return ref _ring[_head & (_ring.Length - 1)];
        }
    }

    /// <summary>The youngest element, in place.</summary>
    /// <exception cref="InvalidOperationException">The queue is empty.</exception>
    public ref T Tail => ref this[_count - 1];

    /// <summary>The element at a distance from the oldest, in place.</summary>
    /// <param name="index">0 (oldest) to Count - 1.</param>
    /// <exception cref="InvalidOperationException">There is no such element.</exception>
    public ref T this[int index]
    {
        get
        {
            if ((uint)index >= (uint)_count)
                ThrowNone(index);
            return ref _ring[(_head + index) & (_ring.Length - 1)];
        }
    }

    /// <summary>Adds an element behind the others.</summary>
    public void Enqueue(in T item)
    {
        if (_count == _ring.Length)
            Grow();
        _ring[(_head + _count++) & (_ring.Length - 1)] = item;
    }

    /// <summary>Takes the oldest element out.</summary>
    /// <exception cref="InvalidOperationException">The queue is empty.</exception>
    public T Dequeue()
    {
        ref var slot = ref Head;
        var item = slot;
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
            slot = default!;
        Advance();
        return item;
    }

    /// <summary>
    /// Takes the oldest element out without looking at it. Its slot keeps what it held until it is used again: nothing for elements that
    /// would keep garbage alive.
    /// </summary>
    /// <exception cref="InvalidOperationException">The queue is empty.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void DropHead()
    {
        if (_count == 0)
            ThrowNone(0);
        Advance();
    }

    /// <summary>Takes the oldest element out, if there is one.</summary>
    /// <returns>False when the queue is empty.</returns>
    public bool TryDequeue([MaybeNullWhen(false)] out T item)
    {
        var any = _count > 0;
        item = any ? Dequeue() : default;
        return any;
    }

    /// <summary>Takes everything out; keeps the room.</summary>
    public void Clear()
    {
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
            Array.Clear(_ring);
        _head = _count = 0;
    }

    /// <summary>A queue that runs empty begins anew at the front: one that holds little touches few cache lines, however large.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Advance() => _head = --_count == 0 ? 0 : (_head + 1) & (_ring.Length - 1);

    [DoesNotReturn]
    private void ThrowNone(int index) =>
        throw new InvalidOperationException($"The queue holds {_count} elements; there is none at {index}.");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow()
    {
        var ring = new T[_ring.Length * 2];
        for (var i = 0; i < _count; i++)
            ring[i] = this[i];
        _ring = ring;
        _head = 0;
    }
}
