namespace Sim.Iommu.Vtd;

/// <summary>The 4 KiB of registers: what software may write, and what a written 1 clears. Behaviour hangs on <see
/// cref="VtdUnit"/>.</summary>
internal sealed class RegisterFile
{
    private const int Dwords = 1024;

    private readonly uint[] _values = new uint[Dwords];
    private readonly uint[] _writable = new uint[Dwords];
    private readonly uint[] _clears = new uint[Dwords];

    public uint this[int offset]
    {
        get => _values[offset / 4];
        set => _values[offset / 4] = value;
    }

    public ulong Read64(int offset) => this[offset] | (ulong)this[offset + 4] << 32;

    public void Set64(int offset, ulong value) => (this[offset], this[offset + 4]) = ((uint)value, (uint)(value >> 32));

    /// <summary>Declares what software may write.</summary>
    public void Declare(int offset, ulong writable, ulong clears = 0)
    {
        (_writable[offset / 4], _clears[offset / 4]) = ((uint)writable, (uint)clears);
        if (writable >> 32 == 0 && clears >> 32 == 0) return;
        (_writable[offset / 4 + 1], _clears[offset / 4 + 1]) = ((uint)(writable >> 32), (uint)(clears >> 32));
    }

    /// <summary>A write by software.</summary>
    public void Write(int offset, uint value)
    {
        ref var register = ref _values[offset / 4];
        register = (register & ~_writable[offset / 4] | value & _writable[offset / 4]) & ~(value & _clears[offset / 4]);
    }
}
