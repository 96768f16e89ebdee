using System.Buffers.Binary;

namespace Sim.Mlx5.Spec;

/// <summary>A 64-bit field of a big-endian structure.</summary>
/// <param name="Offset">Byte offset, a multiple of 4.</param>
public readonly record struct QwordField(int Offset)
{
    /// <summary>The field's value in a structure that begins at the first byte of <paramref name="structure"/>.</summary>
    public ulong Get(ReadOnlySpan<byte> structure) => BinaryPrimitives.ReadUInt64BigEndian(structure[Offset..]);

    /// <summary>Sets the field.</summary>
    public void Set(Span<byte> structure, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(structure[Offset..], value);
}
