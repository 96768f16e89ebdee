namespace Sim.Mlx5.Device;

/// <summary>
/// Numbered objects of one kind. The lowest free number is given, so that numbers depend on nothing but the order of commands.
/// </summary>
internal sealed class ResourceTable<T>(int first, int capacity)
    where T : class
{
    private readonly T?[] _slots = new T?[capacity];

    public int Capacity => capacity;

    /// <summary>Number of the first slot.</summary>
    public uint First => (uint)first;

    public int Count { get; private set; }

    public T? this[uint number]
    {
        get
        {
            var slot = number - (uint)first;
            return slot < (uint)_slots.Length ? _slots[slot] : null;
        }
    }

    /// <summary>The number of the next object, or null if there is none left.</summary>
    public uint? NextNumber
    {
        get
        {
            var slot = Count == capacity ? -1 : Array.IndexOf(_slots, null);
            return slot < 0 ? null : (uint)(first + slot);
        }
    }

    /// <summary>Every slot, occupied or not, in order of numbers.</summary>
    public ReadOnlySpan<T?> Slots => _slots;

    public void Put(uint number, T value)
    {
        ref var slot = ref _slots[number - (uint)first];
        if (slot is null) Count++;
        slot = value;
    }

    public bool Remove(uint number)
    {
        if (this[number] is null) return false;
        _slots[number - (uint)first] = null;
        Count--;
        return true;
    }

    public void Clear()
    {
        Array.Clear(_slots);
        Count = 0;
    }
}
