using System.Buffers.Binary;

namespace Sim.Mlx5.Driver;

/// <summary>Header of a record in the driver's migration stream: size of what follows, flags, tag; 16 bytes, little-endian.</summary>
public static class VhcaImageRecord
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderSize = 16;

    /// <summary>Tag: an image by firmware.</summary>
    public const uint FirmwareImage = 0;

    /// <summary>Tag: how large the stop-copy image will be.</summary>
    public const uint StopCopySize = 1;

    /// <summary>Flag: a reader that does not know the tag may skip the record.</summary>
    public const uint Optional = 1;

    /// <summary>Writes a header.</summary>
    public static void Write(Span<byte> header, ulong size, uint flags, uint tag)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(header, size);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], flags);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], tag);
    }

    /// <summary>Reads a header.</summary>
    public static (ulong Size, uint Flags, uint Tag) Read(ReadOnlySpan<byte> header) => (
        BinaryPrimitives.ReadUInt64LittleEndian(header),
        BinaryPrimitives.ReadUInt32LittleEndian(header[8..]),
        BinaryPrimitives.ReadUInt32LittleEndian(header[12..]));
}
