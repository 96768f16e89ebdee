using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sim.Pcie.Transactions;

/// <summary>Address and byte count to Length and byte enables, and back to Byte Count and Lower Address (§2.2.5, §2.3.1.1).</summary>
public static class ByteEnables
{
    /// <summary>Length in DWs that covers the bytes; 1 for zero bytes (a zero-length Request).</summary>
    /// <param name="address">Byte address of the first byte.</param>
    /// <param name="byteCount">0 to 4096.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LengthDw(ulong address, int byteCount) => Math.Max(1, ((int)(address & 3) + byteCount + 3) >> 2);

    /// <summary>First DW Byte Enables of a contiguous range; 0 for zero bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int First(ulong address, int byteCount)
    {
        int offset = (int)(address & 3);
        int end = Math.Min(offset + byteCount, 4);
        return (1 << end) - (1 << offset);
    }

    /// <summary>Last DW Byte Enables of a contiguous range; 0 if it lies within one DW.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Last(ulong address, int byteCount)
    {
        int end = (int)(address & 3) + byteCount;
        return end <= 4 ? 0 : 0xF >> (-end & 3);
    }

    /// <summary>
    /// Bytes from the first to the last enabled one, as the Byte Count of a Completion counts them (Table 2-40); 0 if none is enabled.
    /// </summary>
    /// <param name="first">First DW Byte Enables.</param>
    /// <param name="last">Last DW Byte Enables, 0 for one DW.</param>
    /// <param name="lengthDw">1 to 1024.</param>
    public static int ByteCount(int first, int last, int lengthDw)
    {
        int skippedFront = BitOperations.TrailingZeroCount(first | 0x10) & 3;
        if (last == 0)
            return first == 0 ? 0 : BitOperations.Log2((uint)first) + 1 - skippedFront;
        return lengthDw * 4 - skippedFront - (3 - BitOperations.Log2((uint)last));
    }

    /// <summary>Which bytes of a request of one or two DWs are enabled, from the first enabled one on: bit 0 is that byte.</summary>
    public static uint OfQuadword(in Spec.TlpHeader header) => (uint)(header.FirstBe | header.LastBe << 4) switch
    {
        0 => 0,
        var enables => enables >> BitOperations.TrailingZeroCount(enables),
    };

    /// <summary>
    /// Byte Count a Completer returns for a memory read: that of the enabled bytes, and 1 for a zero-length read (Table 2-40).
    /// </summary>
    public static int CompletionByteCount(int first, int last, int lengthDw) => Math.Max(1, ByteCount(first, last, lengthDw));

    /// <summary>
    /// Lower Address of the first Completion of a memory read (Table 2-41): 7 bits; 0 in bits 1:0 for a zero-length read.
    /// </summary>
    public static int LowerAddress(ulong dwAddress, int first) =>
        (int)(dwAddress & 0x7C) | BitOperations.TrailingZeroCount(first | 0x10) & 3;

    /// <summary>Flow-control data credits, units of 16 bytes rounded up (§2.6.1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int DataCredits(int payloadBytes) => (payloadBytes + 15) >> 4;
}
