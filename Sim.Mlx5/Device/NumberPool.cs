namespace Sim.Mlx5.Device;

/// <summary>Numbers without an object behind them: UARs and protection domains.</summary>
internal sealed class NumberPool(int first, int capacity)
{
    private readonly bool[] _used = new bool[capacity];

    public uint? Allocate()
    {
        var slot = Array.IndexOf(_used, false);
        if (slot < 0) return null;
        _used[slot] = true;
        return (uint)(first + slot);
    }

    public bool Contains(uint number) => number - (uint)first < (uint)_used.Length && _used[number - (uint)first];

    public bool Free(uint number)
    {
        if (!Contains(number)) return false;
        _used[number - (uint)first] = false;
        return true;
    }

    public void Clear() => Array.Clear(_used);

    public void Save(BinaryWriter image)
    {
        foreach (var used in _used) image.Write(used);
    }

    public void Load(BinaryReader image)
    {
        for (var i = 0; i < _used.Length; i++) _used[i] = image.ReadBoolean();
    }
}
