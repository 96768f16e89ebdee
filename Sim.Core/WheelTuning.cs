using System.Numerics;

namespace Sim.Core;

/// <summary>
/// Chooses a wheel's bucket width and number from counts taken while it works. It changes the speed only, never the order, and looks at
/// nothing but the simulation itself: runs stay repeatable.
/// </summary>
internal struct WheelTuning
{
    /// <summary>About 1 ns: the distance of events on a fabric of a few links.</summary>
    public const int InitialShift = 20;

    /// <summary>The smallest wheel: its heads fit the first-level cache.</summary>
    public const int MinBuckets = 4096;

    private const int MaxBuckets = 1 << 20;
    private const int MaxShift = 56;
    private const int MinPeriod = 4096;

    // Sorting more entries at a time than this costs more than walking through more buckets.
    private const int CrowdedBucket = 8;
    private const int SparseBucket = 4;

    private long _period = MinPeriod;
    private int _unrest;

    public WheelTuning() => TakesLeft = MinPeriod;

    /// <summary>Events to take until <see cref="Choose"/> is due.</summary>
    public long TakesLeft;

    /// <summary>Buckets loaded, and the entries found in them.</summary>
    public long Loads, Loaded;

    /// <summary>Steps made to insert late entries into the near ones.</summary>
    public long NearMoves;

    /// <summary>Events added beyond the horizon, and how many horizons away they were (log2, summed).</summary>
    public long FarAdds, FarOctaves;

    /// <summary>Judges the period that has passed and begins the next one.</summary>
    /// <param name="pending">The number of pending events.</param>
    /// <param name="shift">Log2 of the bucket width, before and after.</param>
    /// <param name="buckets">The number of buckets, before and after.</param>
    /// <returns>Whether to rebuild the wheel.</returns>
    public bool Choose(int pending, ref int shift, ref int buckets)
    {
        var (oldShift, oldBuckets) = (shift, buckets);
        var crowd = Math.Max(Loaded / Math.Max(Loads, 1), NearMoves / _period);
        if (crowd > CrowdedBucket)
            shift = Math.Max(shift - BitOperations.Log2((ulong)crowd / SparseBucket), 0);
        else if (FarAdds > _period / 32 && crowd < SparseBucket)
            shift = Math.Min(shift + 1 + (int)(FarOctaves / FarAdds), MaxShift);

        var wanted = (int)Math.Clamp(BitOperations.RoundUpToPowerOf2((uint)pending), MinBuckets, MaxBuckets);
        if (wanted > buckets || wanted < buckets / 8)
            buckets = wanted;

        // Each rebuild makes the next period longer: a load that suits no width must not cause one rebuild after the other.
        var change = shift != oldShift || buckets != oldBuckets;
        _unrest = Math.Clamp(_unrest + (change ? 1 : -1), 0, 8);
        TakesLeft = _period = (long)Math.Max(MinPeriod, pending) << Math.Max(_unrest - 4, 0);
        Forget();
        return change;
    }

    /// <summary>Drops what was counted: it does not count for the next period.</summary>
    public void Forget() => Loads = Loaded = NearMoves = FarAdds = FarOctaves = 0;
}
