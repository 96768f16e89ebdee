using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Sim.Pcie.Transactions;

/// <summary>
/// What travels with a header: payload bytes, prefixes, ECRC. Rented from a <see cref="TlpBodyPool"/>; whoever consumes the TLP returns it.
/// The payload begins with the first enabled byte and ends with the last one: the bytes that fill up the wire's DWs are not stored.
/// Configuration, I/O and AtomicOp payloads are whole DWs.
/// </summary>
public sealed class TlpBody
{
    internal TlpBody(TlpBodyPool pool, int sizeClass, int capacity) => (Pool, SizeClass, Data) = (pool, sizeClass, new byte[capacity]);

    internal int SizeClass { get; }

    internal bool IsRented { get; set; }

    /// <summary>The pool that lent this body.</summary>
    public TlpBodyPool Pool { get; }

    /// <summary>The buffer, at least <see cref="Length"/> bytes.</summary>
    public byte[] Data { get; }

    /// <summary>Payload bytes in use, 0 to 4096; 0 where only prefixes or an ECRC travel.</summary>
    public int Length { get; internal set; }

    /// <summary>The payload, in address order.</summary>
    public Span<byte> Bytes => Data.AsSpan(0, Length);

    /// <summary>The TLP prefixes, 0 to 8, in wire order.</summary>
    public ReadOnlySpan<uint> Prefixes => ((ReadOnlySpan<uint>)_prefixes)[..PrefixCount];

    /// <summary>Number of prefixes, each one DW on the wire.</summary>
    public int PrefixCount { get; private set; }

    /// <summary>The ECRC that was sent, meaningful where the header has TD; 0 as long as nobody computed it.</summary>
    public uint Ecrc { get; set; }

    /// <summary>The first four payload bytes as a little-endian number: a register's value.</summary>
    public uint Dword
    {
        get => BinaryPrimitives.ReadUInt32LittleEndian(Data);
        set => BinaryPrimitives.WriteUInt32LittleEndian(Data, value);
    }

    /// <summary>Appends a prefix.</summary>
    /// <exception cref="InvalidOperationException">There are eight already.</exception>
    public void AddPrefix(uint prefix)
    {
        if (PrefixCount == TlpPrefixes.Capacity)
            throw new InvalidOperationException($"a TLP body holds at most {TlpPrefixes.Capacity} prefixes");
        _prefixes[PrefixCount++] = prefix;
        Pool.NeedCare = true;
    }

    /// <summary>Gives the body back to its pool.</summary>
    public void Return() => Pool.Return(this);

    internal void Reset(int length) => (Length, PrefixCount, Ecrc, IsRented) = (length, 0, 0, true);

    private TlpPrefixes _prefixes;

    [InlineArray(Capacity)]
    private struct TlpPrefixes
    {
        public const int Capacity = 8;
        private uint _first;
    }
}
