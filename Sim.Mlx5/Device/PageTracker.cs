using System.Numerics;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>The log of one VF's DMA writes: a bit for each page of its ranges. Writes to other addresses are not looked at.</summary>
internal sealed class PageTracker
{
    private readonly Range[] _ranges;
    private readonly int _logPage;

    /// <summary>Begins a log.</summary>
    /// <param name="subject">The VF.</param>
    /// <param name="context">The object as the driver gave it, ranges included, checked.</param>
    public PageTracker(Mlx5VirtualFunction subject, ReadOnlySpan<byte> context)
    {
        Subject = subject;
        Context = context.ToArray();
        _logPage = (int)PageTrack.LogPageSize.Get(context);
        _ranges = new Range[PageTrack.RangeCount.Get(context)];
        for (var i = 0; i < _ranges.Length; i++)
        {
            var at = PageTrack.Ranges + (i * PageTrack.RangeSize);
            _ranges[i] = new Range(new QwordField(at).Get(context), new QwordField(at + 8).Get(context), _logPage);
        }
    }

    public Mlx5VirtualFunction Subject { get; }

    /// <summary>The object's context, kept for queries.</summary>
    public byte[] Context { get; }

    public PageTrackState State
    {
        get => (PageTrackState)PageTrack.State.Get(Context);
        set => PageTrack.State.Set(Context, (uint)value);
    }

    public uint ReportingQp => PageTrack.ReportingQp.Get(Context);

    public int MessageBytes => 1 << (int)PageTrack.LogMessageSize.Get(Context);

    /// <summary>Sends a report; made with the first one.</summary>
    public PageReport? Report { get; set; }

    /// <summary>A DMA write of the VF.</summary>
    public void Record(ulong address, ulong bytes)
    {
        foreach (var range in _ranges) range.Mark(address, bytes, _logPage);
    }

    /// <summary>Takes the lowest logged page of a range that begins at or behind <paramref name="from"/>, and forgets it.</summary>
    public bool TryTake(ulong from, ulong end, out ulong page)
    {
        page = ulong.MaxValue;
        Range? holder = null;
        foreach (var range in _ranges)
        {
            if (range.Find(from, end, _logPage) is { } found && found < page) (page, holder) = (found, range);
        }

        holder?.Clear(page, _logPage);
        return holder is not null;
    }

    private sealed class Range(ulong start, ulong length, int logPage)
    {
        private readonly ulong _first = start >> logPage;
        private readonly ulong _count = ((start + length + (1UL << logPage) - 1) >> logPage) - (start >> logPage);
        private readonly ulong[] _bits = new ulong[((((start + length + (1UL << logPage) - 1) >> logPage) - (start >> logPage)) + 63) / 64];

        public void Mark(ulong address, ulong bytes, int log)
        {
            var last = (address + bytes - 1) >> log;
            for (var page = Math.Max(address >> log, _first); page <= last && page - _first < _count; page++)
                _bits[(page - _first) >> 6] |= 1UL << (int)((page - _first) & 63);
        }

        public ulong? Find(ulong from, ulong end, int log)
        {
            var index = from >> log <= _first ? 0 : (from >> log) - _first;
            while (index < _count)
            {
                var word = _bits[index >> 6] >> (int)(index & 63);
                if (word != 0)
                {
                    var page = (_first + index + (ulong)BitOperations.TrailingZeroCount(word)) << log;
                    return page < end ? page : null;
                }

                index = ((index >> 6) + 1) << 6;
            }

            return null;
        }

        public void Clear(ulong page, int log) => _bits[((page >> log) - _first) >> 6] &= ~(1UL << (int)(((page >> log) - _first) & 63));
    }
}
