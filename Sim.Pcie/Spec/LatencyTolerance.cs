using Sim.Core;

namespace Sim.Pcie.Spec;

/// <summary>Snoop and No-Snoop Latency of an LTR Message (§6.18, §2.2.8.8): 16 bits each, value in 9:0, scale in 12:10, requirement in
/// 15.</summary>
/// <param name="Snoop">Snoop Latency as sent.</param>
/// <param name="NoSnoop">No-Snoop Latency as sent.</param>
public readonly record struct LatencyTolerance(ushort Snoop, ushort NoSnoop)
{
    /// <summary>Bytes 12 to 15 of the Message: No-Snoop Latency in bits 31:16.</summary>
    public uint Encoded => (uint)NoSnoop << 16 | Snoop;

    /// <summary>How long a snooped request may wait; null if nothing is required.</summary>
    public SimDuration? SnoopLatency => Decode(Snoop);

    /// <summary>How long a request without snoop may wait; null if nothing is required.</summary>
    public SimDuration? NoSnoopLatency => Decode(NoSnoop);

    /// <summary>What an LTR Message says.</summary>
    public static LatencyTolerance Of(in TlpHeader header) => new((ushort)header.Dw3, (ushort)(header.Dw3 >> 16));

    /// <summary>A tolerance in one unit.</summary>
    /// <param name="value">0 to 1023.</param>
    /// <param name="scale">0 to 5: units of 1, 32, 1024, ... ns.</param>
    public static ushort Encode(int value, int scale) => (ushort)(1 << 15 | (scale & 7) << 10 | value & 0x3FF);

    /// <summary>The stricter of two, for snoop and no-snoop apart.</summary>
    public static LatencyTolerance Least(LatencyTolerance a, LatencyTolerance b) =>
        new(Stricter(a.Snoop, b.Snoop), Stricter(a.NoSnoop, b.NoSnoop));

    private static ushort Stricter(ushort a, ushort b) => (Decode(a), Decode(b)) switch
    {
        (null, _) => b,
        (_, null) => a,
        ({ } x, { } y) => x <= y ? a : b,
    };

    private static SimDuration? Decode(ushort field) => (field >> 15) == 0
        ? null
        : SimDuration.FromNanoseconds((long)(field & 0x3FF) << 5 * Math.Min(field >> 10 & 7, 5));
}
