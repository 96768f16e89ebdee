using System.Numerics;

namespace Sim.Core;

/// <summary>Logarithms in integer arithmetic: the same on every machine, which libm's are not.</summary>
internal static class FixedPointLog
{
    /// <summary>Fraction bits of the results.</summary>
    public const int FractionBits = 32;

    private const int IndexBits = 10;

    // ln 2 in 32 fraction bits.
    private const ulong Ln2 = 0xB17217F8;

    // log2(1 + i/1024) in 32 fraction bits; between two of them a straight line is right to within 2e-7.
    private static readonly ulong[] Log2Table = MakeTable();

    /// <summary>-ln(u / 2^64) for a uniform <paramref name="u"/>, in 32 fraction bits; zero counts as one.</summary>
    public static ulong MinusLn(ulong u)
    {
        u = Math.Max(u, 1);
        var zeros = BitOperations.LeadingZeroCount(u);
        // u / 2^64 is m * 2^-(zeros + 1) with 1 <= m < 2.
        var fraction = (u << zeros) << 1;
        var index = (int)(fraction >> (64 - IndexBits));
        var between = (fraction << IndexBits) >> 32;
        var (low, high) = (Log2Table[index], Log2Table[index + 1]);
        var log2 = low + (((high - low) * between) >> 32);
        var minusLog2 = ((ulong)(zeros + 1) << FractionBits) - log2;
        return (ulong)(((UInt128)minusLog2 * Ln2) >> FractionBits);
    }

    private static ulong[] MakeTable()
    {
        var table = new ulong[(1 << IndexBits) + 1];
        for (var i = 0; i < 1 << IndexBits; i++)
        {
            // The classic bit by bit logarithm: square, and note each time the square reaches 2.
            var m = (1UL << 63) + ((ulong)i << (63 - IndexBits));
            for (var bit = FractionBits - 1; bit >= 0; bit--)
            {
                var square = Math.BigMul(m, m, out _);
                var reaches2 = square >> 63;
                table[i] |= reaches2 << bit;
                m = reaches2 != 0 ? square : square << 1;
            }
        }
        table[^1] = 1UL << FractionBits;
        return table;
    }
}
