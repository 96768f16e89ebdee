using System.Buffers.Binary;

namespace Sim.Mlx5.Spec;

/// <summary>
/// A field of a big-endian structure, named as the adapter's programming manuals name it: byte offset of its DW, highest and lowest bit.
/// </summary>
/// <param name="Offset">Byte offset of the DW, a multiple of 4.</param>
/// <param name="High">Highest bit, 0 to 31.</param>
/// <param name="Low">Lowest bit, 0 to <paramref name="High"/>.</param>
public readonly record struct BitField(int Offset, int High, int Low)
{
    private uint Mask => uint.MaxValue >> (31 - High + Low);

    /// <summary>The field's value in a structure that begins at the first byte of <paramref name="structure"/>.</summary>
    public uint Get(ReadOnlySpan<byte> structure) => (BinaryPrimitives.ReadUInt32BigEndian(structure[Offset..]) >> Low) & Mask;

    /// <summary>Sets the field and leaves its neighbours; bits of <paramref name="value"/> above the field are dropped.</summary>
    public void Set(Span<byte> structure, uint value)
    {
        var dword = structure[Offset..];
        var others = BinaryPrimitives.ReadUInt32BigEndian(dword) & ~(Mask << Low);
        BinaryPrimitives.WriteUInt32BigEndian(dword, others | ((value & Mask) << Low));
    }

    /// <summary>Whether a one-bit field is set.</summary>
    public bool IsSet(ReadOnlySpan<byte> structure) => Get(structure) != 0;
}
