using System.Numerics;
using System.Runtime.CompilerServices;
using Sim.Core;

namespace Sim.Pcie.Transactions;

/// <summary>
/// Lends <see cref="TlpBody"/> by size class, so that steady traffic allocates nothing. Single-threaded, like the simulation it serves.
/// </summary>
public sealed class TlpBodyPool
{
    private const int SmallestLog2 = 6;
    private const int LargestLog2 = 12;

    private readonly Stack[] _free = new Stack[LargestLog2 - SmallestLog2 + 1];

    /// <summary>An empty pool.</summary>
    public TlpBodyPool()
    {
        for (int i = 0; i < _free.Length; i++)
            _free[i].Bodies = [];
    }

    /// <summary>Bodies out on loan: 0 once every TLP was consumed.</summary>
    public int Rented { get; private set; }

    /// <summary>Whether TLPs may be about that want a closer look: a body ever carried a TLP Prefix, or a crafted TLP was sent.</summary>
    public bool NeedCare { get; internal set; }

    /// <summary>The one of a simulation.</summary>
    public static TlpBodyPool Of(Simulator sim) => sim.Shared(static _ => new TlpBodyPool());

    /// <summary>Lends a body whose payload has this many bytes of unspecified content, no prefixes, ECRC 0.</summary>
    /// <param name="bytes">0 to 4096.</param>
    /// <exception cref="ArgumentOutOfRangeException">More than a TLP can carry (§2.2.2).</exception>
    public TlpBody Rent(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, 4096u, nameof(bytes));
        int sizeClass = BitOperations.Log2((uint)Math.Max(0, bytes - 1) | (1 << SmallestLog2) - 1) - (SmallestLog2 - 1);
        ref var free = ref _free[sizeClass];
        var body = free.Top > 0 ? free.Bodies[--free.Top] : new(this, sizeClass, 1 << (sizeClass + SmallestLog2));
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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Return(TlpBody body)
    {
        if (!body.IsRented || body.Pool != this)
            ThrowNotOurs(body);
        body.IsRented = false;
        Rented--;
        ref var free = ref _free[body.SizeClass];
        if (free.Top == free.Bodies.Length)
            free.Grow();
        ref var place = ref free.Bodies[free.Top++];
        if (place != body)
            place = body;
    }

    private void ThrowNotOurs(TlpBody body)
    {
        throw new InvalidOperationException(
            body.Pool != this ? "the TLP body belongs to another pool" : "the TLP body was returned twice");
    }

    /// <summary>The bodies of a size class. What lies above the top stays there: a body that comes back to the place it was taken from is
    /// not even written.</summary>
    private struct Stack
    {
        public TlpBody[] Bodies;
        public int Top;

        public void Grow() => Array.Resize(ref Bodies, Math.Max(16, Top * 2));
    }
}
