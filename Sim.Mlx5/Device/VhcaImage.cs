using System.Buffers.Binary;

namespace Sim.Mlx5.Device;

/// <summary>
/// The envelope of a VF's image: magic, version, place in its series, length, records, checksum. Image 0 of a series is whole, the others
/// have what changed since the one before. What is inside is nobody's business but the firmware's; the checksum makes it refuse what was
/// damaged on the way.
/// </summary>
internal static class VhcaImage
{
    /// <summary>Largest image that is taken.</summary>
    public const uint MaxSize = 64 << 20;

    private const uint Magic = 0x4D4C_5835;
    private const uint Version = 2;
    private const int HeaderSize = 16;
    private const int RecordHeader = 9;
    private const int Removed = -1;
    private const int TrailerSize = 4;

    public static byte[] Seal(int series, IEnumerable<((ImageRecord Kind, uint Number) Key, byte[]? Bytes)> records)
    {
        using var body = new MemoryStream();
        using var to = new BinaryWriter(body);
        to.Write(Magic);
        to.Write(Version);
        to.Write(series);
        to.Write(0);
        foreach (var (key, bytes) in records)
        {
            to.Write((byte)key.Kind);
            to.Write(key.Number);
            to.Write(bytes?.Length ?? Removed);
            if (bytes is not null) to.Write(bytes);
        }

        to.Flush();
        var end = (int)body.Length;
        var image = new byte[end + TrailerSize];
        body.GetBuffer().AsSpan(0, end).CopyTo(image);
        BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(12), end - HeaderSize);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(end), Checksum(image.AsSpan(0, end)));
        return image;
    }

    /// <summary>How long the image is that begins so; null if no image begins so.</summary>
    public static int? LengthOf(ReadOnlySpan<byte> beginning)
    {
        if (beginning.Length < HeaderSize || BinaryPrimitives.ReadUInt32LittleEndian(beginning) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(beginning[4..]) != Version) return null;
        var length = BinaryPrimitives.ReadInt32LittleEndian(beginning[12..]);
        return length is < 0 or > (int)MaxSize ? null : HeaderSize + length + TrailerSize;
    }

    /// <summary>The records of an image; false if it is none. What lies behind the image is padding.</summary>
    public static bool TryOpen(
        ReadOnlySpan<byte> image, out int series, out List<((ImageRecord Kind, uint Number) Key, byte[]? Bytes)> records)
    {
        (series, records) = (0, []);
        if (image.Length < HeaderSize + TrailerSize || BinaryPrimitives.ReadUInt32LittleEndian(image) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(image[4..]) != Version) return false;
        series = BinaryPrimitives.ReadInt32LittleEndian(image[8..]);
        var length = BinaryPrimitives.ReadInt32LittleEndian(image[12..]);
        if (length < 0 || length > image.Length - HeaderSize - TrailerSize) return false;
        var end = HeaderSize + length;
        if (BinaryPrimitives.ReadUInt32LittleEndian(image[end..]) != Checksum(image[..end])) return false;
        for (var at = HeaderSize; at < end;)
        {
            if (end - at < RecordHeader) return false;
            var key = ((ImageRecord)image[at], BinaryPrimitives.ReadUInt32LittleEndian(image[(at + 1)..]));
            var bytes = BinaryPrimitives.ReadInt32LittleEndian(image[(at + 5)..]);
            at += RecordHeader;
            if (bytes > end - at || bytes < Removed) return false;
            records.Add((key, bytes == Removed ? null : image.Slice(at, bytes).ToArray()));
            at += Math.Max(bytes, 0);
        }

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
