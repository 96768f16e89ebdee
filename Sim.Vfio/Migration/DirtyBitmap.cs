using System.Numerics;

namespace Sim.Vfio.Migration;

/// <summary>One bit for each page of a range of IO virtual addresses: set, it was written.</summary>
public sealed class DirtyBitmap
{
    private readonly ulong[] _bits;

    /// <summary>A bitmap without any bit set.</summary>
    /// <param name="range">What it covers; its last page may stand out.</param>
    /// <param name="pageBytes">What a bit stands for: a power of two.</param>
    /// <exception cref="ArgumentException">Not a power of two.</exception>
    public DirtyBitmap(IovaRange range, ulong pageBytes)
    {
        if (!BitOperations.IsPow2(pageBytes)) throw new ArgumentException("A page is a power of two.", nameof(pageBytes));
        (Range, PageBytes) = (range, pageBytes);
        _bits = new ulong[(range.Length / pageBytes + 64) / 64];
    }

    /// <summary>What it covers.</summary>
    public IovaRange Range { get; }

    /// <summary>Bytes a bit stands for.</summary>
    public ulong PageBytes { get; }

    /// <summary>Bits set.</summary>
    public int Count => _bits.Sum(BitOperations.PopCount);

    /// <summary>Sets the bit of every page that <paramref name="length"/> bytes from <paramref name="iova"/> on touch; what lies outside is
    /// left out.</summary>
    public void Set(ulong iova, ulong length)
    {
        var (start, end) = (Math.Max(iova, Range.Iova), Math.Min(iova + length, Range.Iova + Range.Length));
        if (start >= end) return;
        for (var page = (start - Range.Iova) / PageBytes; page <= (end - 1 - Range.Iova) / PageBytes; page++)
            _bits[page / 64] |= 1UL << (int)(page % 64);
    }

    /// <summary>Whether the page with <paramref name="iova"/> was written.</summary>
    public bool this[ulong iova]
    {
        get
        {
            var page = (iova - Range.Iova) / PageBytes;
            return iova >= Range.Iova && iova - Range.Iova < Range.Length && (_bits[page / 64] >> (int)(page % 64) & 1) != 0;
        }
    }

    /// <summary>First addresses of the written pages, in order.</summary>
    public IEnumerable<ulong> Pages()
    {
        for (ulong page = 0; page * PageBytes < Range.Length; page++)
            if ((_bits[page / 64] >> (int)(page % 64) & 1) != 0) yield return Range.Iova + page * PageBytes;
    }
}
