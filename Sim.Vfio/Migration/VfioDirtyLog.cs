using System.Numerics;

namespace Sim.Vfio.Migration;

/// <summary>VFIO_DEVICE_FEATURE_DMA_LOGGING_START, STOP and REPORT of one device: checks what users pass before the driver sees it. The log
/// is independent of the migration state and counts DMA writes only.</summary>
/// <param name="driver">The device's log; null where it keeps none.</param>
public sealed class VfioDirtyLog(IDirtyLogDriver? driver)
{
    /// <summary>Ranges in one call: what fits into a page of the kernel.</summary>
    public const int MaxRanges = 256;

    private const ulong SmallestPage = 4096;

    /// <summary>Whether the device logs its writes.</summary>
    public bool IsSupported => driver is not null;

    /// <summary>START.</summary>
    /// <returns>ENOTTY without a log, EINVAL without ranges or with ranges that overlap or are not aligned to the page size, E2BIG for
    /// more than <see cref="MaxRanges"/>, EOVERFLOW, or the driver's error; and the page size in force.</returns>
    public async Task<(Errno Error, ulong PageBytes)> StartAsync(IReadOnlyList<IovaRange> ranges, ulong pageBytes)
    {
        if (driver is null) return (Errno.ENOTTY, pageBytes);
        var error = Check(ranges, pageBytes);
        return error == Errno.None ? await driver.StartLogAsync(ranges, pageBytes) : (error, pageBytes);
    }

    /// <summary>STOP.</summary>
    public Task<Errno> StopAsync() => driver?.StopLogAsync() ?? Task.FromResult(Errno.ENOTTY);

    /// <summary>REPORT: pages of a range written since the last report, which forgets them.</summary>
    /// <returns>ENOTTY without a log, EINVAL for a page size below 4 KiB or not a power of two, EOVERFLOW, or the driver's error: then all
    /// of the range counts as written.</returns>
    public async Task<(Errno Error, DirtyBitmap? Dirty)> ReportAsync(IovaRange range, ulong pageBytes)
    {
        if (driver is null) return (Errno.ENOTTY, null);
        if (pageBytes < SmallestPage || !BitOperations.IsPow2(pageBytes)) return (Errno.EINVAL, null);
        if (Overflows(range)) return (Errno.EOVERFLOW, null);
        var dirty = new DirtyBitmap(range, pageBytes);
        var error = await driver.ReadAndClearLogAsync(dirty);
        return error == Errno.None ? (error, dirty) : (error, null);
    }

    private static Errno Check(IReadOnlyList<IovaRange> ranges, ulong pageBytes)
    {
        if (ranges.Count == 0) return Errno.EINVAL;
        if (ranges.Count > MaxRanges) return Errno.E2BIG;
        for (var i = 0; i < ranges.Count; i++)
        {
            var range = ranges[i];
            if (((range.Iova | range.Length) & (pageBytes - 1)) != 0) return Errno.EINVAL;
            if (Overflows(range)) return Errno.EOVERFLOW;
            for (var before = 0; before < i; before++)
                if (range.Iova < ranges[before].Iova + ranges[before].Length && ranges[before].Iova < range.Iova + range.Length)
                    return Errno.EINVAL;
        }

        return Errno.None;
    }

    private static bool Overflows(IovaRange range) => range.Iova > ulong.MaxValue - range.Length;
}
