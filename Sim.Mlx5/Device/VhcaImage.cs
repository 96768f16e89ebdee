using System.Buffers.Binary;

namespace Sim.Mlx5.Device;

/// <summary>
/// The envelope of a VF's image: magic, version, length, body, checksum. What is inside is nobody's business but the firmware's; the
/// checksum makes
/// it refuse what was damaged on the way.
/// </summary>
internal static class VhcaImage
{
    /// <summary>Largest image that is taken.</summary>
    public const uint MaxSize = 64 << 20;

    private const uint Magic = 0x4D4C_5835;
    private const uint Version = 1;
    private const int HeaderSize = 12;
    private const int TrailerSize = 4;

    public static byte[] Seal(ReadOnlySpan<byte> body)
    {
        var image = new byte[HeaderSize + body.Length + TrailerSize];
        BinaryPrimitives.WriteUInt32LittleEndian(image, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(4), Version);
        BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(8), body.Length);
        body.CopyTo(image.AsSpan(HeaderSize));
        var end = HeaderSize + body.Length;
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(end), Checksum(image.AsSpan(0, end)));
        return image;
    }

    /// <summary>The body of an image; false if it is none. What lies behind the image is padding.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> image, out ReadOnlySpan<byte> body)
    {
        body = default;
        if (image.Length < HeaderSize + TrailerSize || BinaryPrimitives.ReadUInt32LittleEndian(image) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(image[4..]) != Version) return false;
        var length = BinaryPrimitives.ReadInt32LittleEndian(image[8..]);
        if (length < 0 || length > image.Length - HeaderSize - TrailerSize) return false;
        var end = HeaderSize + length;
        if (BinaryPrimitives.ReadUInt32LittleEndian(image[end..]) != Checksum(image[..end])) return false;
        body = image[HeaderSize..end];
        return true;
    }

    /// <summary>FNV-1a.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var hash = 2166136261u;
        foreach (var b in bytes) hash = (hash ^ b) * 16777619;
        return hash;
    }
}
