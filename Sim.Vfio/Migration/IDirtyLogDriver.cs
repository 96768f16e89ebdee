namespace Sim.Vfio.Migration;

/// <summary>A range of IO virtual addresses.</summary>
/// <param name="Iova">Where it begins.</param>
/// <param name="Length">Bytes.</param>
public readonly record struct IovaRange(ulong Iova, ulong Length);

/// <summary>The driver's side of a device's DMA write log. <see cref="VfioDirtyLog"/> has checked what users pass.</summary>
public interface IDirtyLogDriver
{
    /// <summary>Begins to log writes to <paramref name="ranges"/>, which are aligned and do not overlap.</summary>
    /// <param name="ranges">1 to 256 ranges.</param>
    /// <param name="pageBytes">What one entry of the log should stand for; a hint.</param>
    /// <returns>An error, EINVAL while the log runs; and what one entry stands for.</returns>
    Task<(Errno Error, ulong PageBytes)> StartLogAsync(IReadOnlyList<IovaRange> ranges, ulong pageBytes);

    /// <summary>Ends logging; without an error where nothing is logged.</summary>
    Task<Errno> StopLogAsync();

    /// <summary>Adds every page written since the last call to <paramref name="dirty"/> and forgets it.</summary>
    /// <returns>EINVAL where nothing is logged. After any error all memory counts as written.</returns>
    Task<Errno> ReadAndClearLogAsync(DirtyBitmap dirty);
}
