using Sim.Pcie.Config;

namespace Sim.Pcie.Capabilities;

/// <summary>What a Base Address Register decodes (§7.5.1.2.1).</summary>
public enum BarKind
{
    /// <summary>I/O space.</summary>
    Io,

    /// <summary>Memory, 32-bit.</summary>
    Memory32,

    /// <summary>Memory, 32-bit, prefetchable.</summary>
    Memory32Prefetchable,

    /// <summary>Memory, 64-bit: takes two registers.</summary>
    Memory64,

    /// <summary>Memory, 64-bit, prefetchable: takes two registers.</summary>
    Memory64Prefetchable,
}

/// <summary>A Base Address Register asked for: index, kind and size.</summary>
/// <param name="Index">0 to 5 (0 or 1 in a Type 1 header).</param>
/// <param name="Kind">What it decodes.</param>
/// <param name="Size">Bytes, a power of two: memory at least 128 (§7.5.1.2.1), I/O 4 to 256.</param>
public readonly record struct BarSpec(int Index, BarKind Kind, ulong Size);

/// <summary>One Base Address Register in place: software sizes it by the bits that stay 0, because only the address bits above the size
/// are writable (§7.5.1.2.1).</summary>
public sealed class Bar
{
    private readonly ConfigSpace _config;
    private ulong _size;

    /// <summary>Puts a BAR at <paramref name="offset"/>, which is the first BAR's offset plus four times the index.</summary>
    /// <exception cref="ArgumentException">The size is no power of two or too small for its kind.</exception>
    public Bar(ConfigSpace config, int offset, BarSpec spec)
    {
        var name = $"{config.Name} BAR{spec.Index}";
        var (least, most) = spec.Kind == BarKind.Io ? (4UL, 256UL) : (128UL, Is64Bit(spec.Kind) ? 1UL << 63 : 1UL << 31);
        if ((spec.Size & (spec.Size - 1)) != 0 || spec.Size < least || spec.Size > most)
            throw new ArgumentException($"{name}: {spec.Size} bytes; {spec.Kind} takes a power of two from {least} to {most} (§7.5.1.2.1)");
        (_config, Offset, Index, Kind) = (config, offset, spec.Index, spec.Kind);
        Size = spec.Size;
    }

    /// <summary>Offset of the register.</summary>
    public int Offset { get; }

    /// <summary>0 to 5.</summary>
    public int Index { get; }

    /// <summary>What it decodes.</summary>
    public BarKind Kind { get; }

    /// <summary>True if the BAR takes two registers.</summary>
    public bool Is64 => Is64Bit(Kind);

    /// <summary>True for I/O space.</summary>
    public bool IsIo => Kind == BarKind.Io;

    /// <summary>True for prefetchable memory.</summary>
    public bool IsPrefetchable => Kind is BarKind.Memory32Prefetchable or BarKind.Memory64Prefetchable;

    /// <summary>Bytes decoded. A Resizable BAR or a System Page Size changes it; the address bits below become read-only 0.</summary>
    public ulong Size
    {
        get => _size;
        set
        {
            _size = value;
            var writable = ~(value - 1);
            Limit(Offset, (uint)writable & (IsIo ? ~3u : ~15u), TypeBits(Kind));
            if (Is64)
                Limit(Offset + 4, (uint)(writable >> 32), 0);
        }
    }

    /// <summary>The address software gave it.</summary>
    public ulong Address
    {
        get => _config.Read(Offset) & (IsIo ? ~3u : ~15u) | (Is64 ? (ulong)_config.Read(Offset + 4) << 32 : 0);
        set
        {
            _config.HwSet(Offset, 4, (uint)value & ~(uint)(_size - 1) | TypeBits(Kind));
            if (Is64)
                _config.HwSet(Offset + 4, 4, (uint)(value >> 32));
        }
    }

    /// <summary>Whether the address lies in the BAR. Memory Space Enable or I/O Space Enable is the caller's to check.</summary>
    public bool Contains(ulong address) => address - Address < _size;

    private static bool Is64Bit(BarKind kind) => kind is BarKind.Memory64 or BarKind.Memory64Prefetchable;

    private static uint TypeBits(BarKind kind) => kind switch
    {
        BarKind.Io => 1,
        BarKind.Memory32 => 0,
        BarKind.Memory32Prefetchable => 8,
        BarKind.Memory64 => 4,
        _ => 12,
    };

    private void Limit(int offset, uint writable, uint typeBits)
    {
        _config.SetAccess(offset, 4, writable, RegisterAccess.RW);
        _config.SetAccess(offset, 4, ~writable, RegisterAccess.RO);
        _config.HwSet(offset, 4, _config.Read(offset) & writable | typeBits);
        _config.DefineDefault(offset, 4, typeBits);
    }
}
