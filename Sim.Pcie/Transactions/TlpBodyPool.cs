using System.Numerics;

namespace Sim.Pcie.Transactions;

/// <summary>
/// Lends <see cref="TlpBody"/> by size class, so that steady traffic allocates nothing. Single-threaded, like the simulation it serves.
/// </summary>
public sealed class TlpBodyPool
{
    private const int SmallestLog2 = 6;
    private const int LargestLog2 = 12;

    // A stack a size class. What lies above its top stays there: a body that comes back to the place it was taken from is not even written.
    private readonly TlpBody[][] _free = new TlpBody[LargestLog2 - SmallestLog2 + 1][];
    private readonly int[] _tops = new int[LargestLog2 - SmallestLog2 + 1];

    /// <summary>An empty pool.</summary>
    public TlpBodyPool()
    {
        for (int i = 0; i < _free.Length; i++)
            _free[i] = [];
    }

    /// <summary>Bodies out on loan: 0 once every TLP was consumed.</summary>
    public int Rented { get; private set; }

    /// <summary>Whether a body ever carried a TLP Prefix: as long as none did, nobody needs to look for one.</summary>
    public bool HasLentPrefixes { get; internal set; }

    /// <summary>Lends a body whose payload has this many bytes of unspecified content, no prefixes, ECRC 0.</summary>
    /// <param name="bytes">0 to 4096.</param>
    /// <exception cref="ArgumentOutOfRangeException">More than a TLP can carry (§2.2.2).</exception>
    public TlpBody Rent(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, 4096u, nameof(bytes));
        int sizeClass = Math.Max(0, BitOperations.Log2((uint)Math.Max(1, bytes) * 2 - 1) - SmallestLog2);
        ref int top = ref _tops[sizeClass];
        var body = top > 0 ? _free[sizeClass][--top] : new(this, sizeClass, 1 << (sizeClass + SmallestLog2));
        body.Reset(bytes);
        Rented++;
        return body;
    }

    /// <summary>Lends a body that holds a copy of these bytes.</summary>
    /// <inheritdoc cref="Rent(int)"/>
    public TlpBody Rent(ReadOnlySpan<byte> bytes)
    {
        var body = Rent(bytes.Length);
        bytes.CopyTo(body.Bytes);
        return body;
    }

    /// <summary>Lends a body of one DW that holds a register's value.</summary>
    public TlpBody RentDword(uint value)
    {
        var body = Rent(4);
        body.Dword = value;
        return body;
    }

    /// <summary>Takes a body back.</summary>
    /// <exception cref="InvalidOperationException">It was returned before, or belongs to another pool.</exception>
    public void Return(TlpBody body)
    {
        if (!body.IsRented || body.Pool != this)
            ThrowNotOurs(body);
        body.IsRented = false;
        Rented--;
        ref int top = ref _tops[body.SizeClass];
        var free = _free[body.SizeClass];
        if (top == free.Length)
            free = Grow(body.SizeClass);
        if (free[top] != body)
            free[top] = body;
        top++;
    }

    private TlpBody[] Grow(int sizeClass)
    {
        Array.Resize(ref _free[sizeClass], Math.Max(16, _free[sizeClass].Length * 2));
        return _free[sizeClass];
    }

    private void ThrowNotOurs(TlpBody body)
    {
        throw new InvalidOperationException(
            body.Pool != this ? "the TLP body belongs to another pool" : "the TLP body was returned twice");
    }
}
