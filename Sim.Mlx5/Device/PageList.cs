using System.Buffers.Binary;

namespace Sim.Mlx5.Device;

/// <summary>A buffer of equal pages anywhere in the address space of a function: rings, and regions of memory keys.</summary>
/// <param name="Pages">First addresses.</param>
/// <param name="LogPageSize">log2 of the page size in bytes.</param>
internal readonly record struct PageList(ulong[] Pages, int LogPageSize)
{
    public static PageList Empty => new([], 12);

    public ulong Size => (ulong)Pages.Length << LogPageSize;

    /// <summary>Reads a big-endian list of <paramref name="count"/> addresses; null if the input is shorter.</summary>
    public static PageList? Read(ReadOnlySpan<byte> list, int count, int logPageSize)
    {
        if (logPageSize is < 12 or > 40 || list.Length < count * 8L) return null;
        var pages = new ulong[count];
        for (var i = 0; i < count; i++) pages[i] = BinaryPrimitives.ReadUInt64BigEndian(list[(i * 8)..]);
        return new PageList(pages, logPageSize);
    }

    /// <summary>Reads the list of a ring of <paramref name="bytes"/>, whose page size field counts from 4 KiB.</summary>
    public static PageList? ReadRing(ReadOnlySpan<byte> list, ulong bytes, uint logPages4K)
    {
        var log = 12 + (int)logPages4K;
        return Read(list, (int)((bytes + (1UL << log) - 1) >> log), log);
    }

    public ulong AddressOf(ulong offset) => Pages[(int)(offset >> LogPageSize)] + (offset & ((1UL << LogPageSize) - 1));

    /// <summary>Bytes from an offset to the end of its page.</summary>
    public ulong Contiguous(ulong offset) => (1UL << LogPageSize) - (offset & ((1UL << LogPageSize) - 1));

    public void Save(BinaryWriter image)
    {
        image.Write((byte)LogPageSize);
        image.Write(Pages.Length);
        foreach (var page in Pages) image.Write(page);
    }

    public static PageList Load(BinaryReader image)
    {
        var log = image.ReadByte();
        var pages = new ulong[image.ReadInt32()];
        for (var i = 0; i < pages.Length; i++) pages[i] = image.ReadUInt64();
        return new PageList(pages, log);
    }
}
