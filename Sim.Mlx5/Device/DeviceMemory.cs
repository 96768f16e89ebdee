using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>
/// Device memory (MEMIC) of a function: a window of the BAR that is plain memory where a driver allocated it. What a peer writes there
/// arrives in the device and not in a host page.
/// </summary>
internal sealed class DeviceMemory
{
    /// <summary>log2 of the smallest piece, and of what an image has or has not.</summary>
    public const int LogPage = 12;

    /// <summary>log2 of the largest alignment.</summary>
    public const int LogMaxAlignment = 16;

    private const int PageBytes = 1 << LogPage;

    // Made when a driver first takes some: most never do.
    private byte[] _bytes = [];
    private readonly bool[] _allocated = new bool[BarLayout.DeviceMemorySize / PageBytes];

    public int Pages => _allocated.Length;

    /// <summary>Takes pages in one piece.</summary>
    /// <returns>Offset from the beginning of device memory; null if there is no room.</returns>
    public int? Allocate(uint bytes, int logAlignment)
    {
        var pages = PagesOf(bytes);
        var step = Math.Max(1, (1 << logAlignment) / PageBytes);
        for (var first = 0; first + pages <= _allocated.Length; first += step)
        {
            if (_allocated.AsSpan(first, pages).Contains(true)) continue;
            _allocated.AsSpan(first, pages).Fill(true);
            Make();
            return first * PageBytes;
        }

        return null;
    }

    /// <summary>Gives pages back, all of which must be taken.</summary>
    public bool Free(ulong offset, uint bytes)
    {
        var (first, pages) = ((int)Math.Min(offset / PageBytes, int.MaxValue), PagesOf(bytes));
        if (offset % PageBytes != 0 || pages == 0 || first + pages > _allocated.Length) return false;
        var piece = _allocated.AsSpan(first, pages);
        if (piece.Contains(false)) return false;
        piece.Clear();
        _bytes.AsSpan(first * PageBytes, pages * PageBytes).Clear();
        return true;
    }

    public void Read(int offset, Span<byte> destination)
    {
        destination.Clear();
        if (IsAllocated(offset, destination.Length)) _bytes.AsSpan(offset, destination.Length).CopyTo(destination);
    }

    public void Write(int offset, ReadOnlySpan<byte> data)
    {
        if (IsAllocated(offset, data.Length)) data.CopyTo(_bytes.AsSpan(offset));
    }

    public void Reset()
    {
        Array.Clear(_bytes);
        Array.Clear(_allocated);
    }

    public void SaveAllocation(BinaryWriter image)
    {
        foreach (var page in _allocated) image.Write(page);
    }

    public void LoadAllocation(BinaryReader image)
    {
        for (var i = 0; i < _allocated.Length; i++) _allocated[i] = image.ReadBoolean();
        if (_allocated.Contains(true)) Make();
    }

    /// <summary>Contents of a page; empty if it is all zero.</summary>
    public ReadOnlySpan<byte> Page(int page)
    {
        if (_bytes.Length == 0) return default;
        var bytes = _bytes.AsSpan(page * PageBytes, PageBytes);
        return bytes.ContainsAnyExcept((byte)0) ? bytes : default;
    }

    public void LoadPage(int page, ReadOnlySpan<byte> contents)
    {
        Make();
        contents.CopyTo(_bytes.AsSpan(page * PageBytes, PageBytes));
    }

    private void Make()
    {
        if (_bytes.Length == 0) _bytes = new byte[BarLayout.DeviceMemorySize];
    }

    private static int PagesOf(uint bytes) => (int)((bytes + (ulong)PageBytes - 1) >> LogPage);

    private bool IsAllocated(int offset, int bytes) =>
        offset + bytes <= _bytes.Length && _allocated[offset / PageBytes] && _allocated[(offset + bytes - 1) / PageBytes];
}
