using static Sim.Pcie.Spec.MigrationControlBlock;

namespace Sim.Pcie.Endpoints;

/// <summary>Which pages of a range a function has written since somebody looked: a bit a page.</summary>
internal sealed class WriteLog
{
    private byte[] _bits = [];
    private ulong _first;
    private int _pages;

    public bool IsActive { get; private set; }

    public bool Start(ulong address, int pages)
    {
        if (IsActive || pages is <= 0 or > MaxLogPages || address % LogPageBytes != 0) return false;
        (_first, _pages, IsActive) = (address / LogPageBytes, pages, true);
        if (_bits.Length < (pages + 7) / 8) _bits = new byte[(pages + 7) / 8];
        Array.Clear(_bits);
        return true;
    }

    public void Stop() => IsActive = false;

    public void OnWrite(ulong address, int bytes)
    {
        if (!IsActive || bytes == 0) return;
        for (var page = address / LogPageBytes; page <= (address + (ulong)bytes - 1) / LogPageBytes; page++)
            if (page - _first < (ulong)_pages) _bits[(page - _first) / 8] |= (byte)(1 << (int)((page - _first) % 8));
    }

    /// <summary>Moves the bits of some pages out; a page that is not covered reads as not written.</summary>
    public bool Read(ulong address, int pages, Span<byte> into)
    {
        if (!IsActive || pages < 0 || pages > into.Length * 8) return false;
        into[..((pages + 7) / 8)].Clear();
        for (var i = 0; i < pages; i++)
        {
            var page = address / LogPageBytes + (ulong)i - _first;
            if (page >= (ulong)_pages) continue;
            ref var entry = ref _bits[page / 8];
            var bit = (byte)(1 << (int)(page % 8));
            if ((entry & bit) == 0) continue;
            entry &= (byte)~bit;
            into[i / 8] |= (byte)(1 << (i % 8));
        }

        return true;
    }
}
