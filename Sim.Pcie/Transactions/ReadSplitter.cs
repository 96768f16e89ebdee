namespace Sim.Pcie.Transactions;

/// <summary>
/// How one transfer becomes several TLPs: reads and writes by MRRS, MPS and 4 KiB, Completions by MPS and RCB (§2.2.7, §2.3.1.1).
/// </summary>
public static class ReadSplitter
{
    /// <summary>
    /// Bytes of the next Request of a longer transfer: up to the limit, ending on the limit's alignment, never across 4 KiB.
    /// </summary>
    /// <param name="address">Byte address where the Request begins.</param>
    /// <param name="remaining">Bytes still to transfer, at least 1.</param>
    /// <param name="limit">MRRS for reads, MPS for writes: a power of two, 128 to 4096.</param>
    public static int NextRequestBytes(ulong address, long remaining, int limit) =>
        (int)Math.Min(remaining, limit - (int)(address & (uint)(limit - 1)));

    /// <summary>Requests that a transfer takes.</summary>
    /// <inheritdoc cref="NextRequestBytes"/>
    public static long RequestCount(ulong address, long remaining, int limit)
    {
        if (remaining <= 0)
            return 0;
        int intoFirst = (int)(address & (uint)(limit - 1));
        return (intoFirst + remaining + limit - 1) / limit;
    }

    /// <summary>
    /// Bytes in the next Completion of a read: as many whole RCB blocks as the MPS holds;
    /// only the last ends off an RCB boundary (§2.3.1.1).
    /// </summary>
    /// <param name="address">Byte address of the next byte to return.</param>
    /// <param name="remaining">Byte Count of this Completion: bytes still owed, at least 1.</param>
    /// <param name="maxPayload">MPS of the Completer, a power of two, 128 to 4096.</param>
    /// <param name="readCompletionBoundary">64 or 128.</param>
    public static int NextCompletionBytes(ulong address, int remaining, int maxPayload, int readCompletionBoundary)
    {
        // The payload carries whole DWs: bytes in front of an unaligned start count against the MPS (§2.2.2).
        ulong end = (address & ~3ul) + (uint)maxPayload & ~(ulong)(uint)(readCompletionBoundary - 1);
        return (int)Math.Min((ulong)remaining, end - address);
    }

    /// <summary>Completions that a read takes.</summary>
    /// <inheritdoc cref="NextCompletionBytes"/>
    public static int CompletionCount(ulong address, int remaining, int maxPayload, int readCompletionBoundary)
    {
        int count = 0;
        for (; remaining > 0; count++)
        {
            int bytes = NextCompletionBytes(address, remaining, maxPayload, readCompletionBoundary);
            address += (uint)bytes;
            remaining -= bytes;
        }
        return count;
    }
}
