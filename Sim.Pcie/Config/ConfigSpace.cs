using System.Buffers.Binary;

namespace Sim.Pcie.Config;

/// <summary>The configuration space of one Function: an image and, bit for bit, masks that say what software may write, what a written 1
/// clears and what a reset keeps. Software reaches it through <see cref="Read"/> and <see cref="Write"/>, where access classes apply; the
/// Function itself through the <c>Hw</c> members.</summary>
public sealed partial class ConfigSpace
{
    /// <summary>Bytes of PCI-compatible configuration space.</summary>
    public const int ConventionalSize = 256;

    /// <summary>Bytes with PCI Express extended configuration space (§7.2.2).</summary>
    public const int ExtendedSize = 4096;

    private readonly byte[] _image;
    private readonly byte[] _defaults;
    private readonly byte[] _writable;
    private readonly byte[] _clearedByOne;
    private readonly byte[] _sticky;
    private readonly byte[] _survivesFlr;

    // For each byte the register that has it, counted from 1.
    private readonly ushort[] _registerAt;
    private readonly List<RegisterSpec> _registers = [];
    private readonly List<Action<ConfigWrite>>?[] _watchers;

    /// <summary>An empty space: every byte reads 0 until a table is placed.</summary>
    /// <param name="name">The Function's name, for messages and reports.</param>
    /// <param name="extended">False for a Function that has the 256 PCI-compatible bytes only.</param>
    public ConfigSpace(string name, bool extended = true)
    {
        Name = name;
        var size = extended ? ExtendedSize : ConventionalSize;
        (_image, _defaults, _writable, _clearedByOne, _sticky, _survivesFlr) =
            (new byte[size], new byte[size], new byte[size], new byte[size], new byte[size], new byte[size]);
        _registerAt = new ushort[size];
        _watchers = new List<Action<ConfigWrite>>?[size / 4];
    }

    /// <summary>The Function's name.</summary>
    public string Name { get; set; }

    /// <summary>256 or 4096 bytes.</summary>
    public int Size => _image.Length;

    /// <summary>What software would read, all of it: an <c>lspci -xxxx</c> dump.</summary>
    public ReadOnlySpan<byte> Image => _image;

    /// <summary>Software read. Undefined registers, and offsets beyond <see cref="Size"/>, read 0.</summary>
    /// <param name="offset">Byte offset, a multiple of <paramref name="size"/>.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    public uint Read(int offset, int size = 4)
    {
        CheckAccess(offset, size);
        return offset >= Size ? 0 : Load(_image, offset, size);
    }

    /// <summary>Software write of 1, 2 or 4 aligned bytes.</summary>
    /// <param name="offset">Byte offset, a multiple of <paramref name="size"/>.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    /// <param name="value">Value, in the low bytes.</param>
    public void Write(int offset, int size, uint value)
    {
        CheckAccess(offset, size);
        var shift = offset % 4 * 8;
        WriteDword(offset & ~3, value << shift, (1u << size) - 1 << offset % 4);
    }

    /// <summary>Software write of one DW under byte enables, as a Configuration Write Request carries it (§2.2.7).</summary>
    /// <param name="offset">Byte offset, a multiple of 4.</param>
    /// <param name="value">The DW.</param>
    /// <param name="byteEnables">Bit n enables byte n.</param>
    public void WriteDword(int offset, uint value, uint byteEnables = 0xF)
    {
        CheckAccess(offset, 4);
        if (offset >= Size)
            return;

        var bytes = ByteMask(byteEnables);
        var old = Load(_image, offset, 4);
        var writable = Load(_writable, offset, 4) & bytes;
        var cleared = Load(_clearedByOne, offset, 4) & bytes & value;
        var now = (old & ~writable | value & writable) & ~cleared;
        Store(_image, offset, 4, now);

        if (_watchers[offset / 4] is not { } watchers)
            return;
        var write = new ConfigWrite(offset, old, now, value, bytes);
        foreach (var watcher in watchers)
            watcher(write);
    }

    /// <summary>Hardware sets a register, whatever its access class.</summary>
    public void HwSet(int offset, int size, uint value)
    {
        CheckAccess(offset, size);
        Store(_image, offset, size, value);
    }

    /// <summary>Hardware sets bits of a register and leaves the others.</summary>
    public void HwSetBits(int offset, int size, uint bits) => HwSet(offset, size, Read(offset, size) | bits);

    /// <summary>Hardware clears bits of a register and leaves the others.</summary>
    public void HwClearBits(int offset, int size, uint bits) => HwSet(offset, size, Read(offset, size) & ~bits);

    /// <summary>One bit of the register at <paramref name="offset"/>.</summary>
    /// <param name="offset">Byte offset of the register.</param>
    /// <param name="bit">Bit number, 0 to 31; it may lie in a later byte than the offset.</param>
    public bool Bit(int offset, int bit) => (_image[offset + bit / 8] >> bit % 8 & 1) != 0;

    /// <summary>Calls <paramref name="handler"/> after each software write with an enabled byte in the range.</summary>
    /// <param name="offset">First byte of the range.</param>
    /// <param name="length">Bytes of the range.</param>
    /// <param name="handler">Told once for each DW written.</param>
    public void OnWrite(int offset, int length, Action<ConfigWrite> handler)
    {
        for (var dword = offset / 4; dword <= (offset + length - 1) / 4; dword++)
        {
            var first = Math.Max(offset - dword * 4, 0);
            var last = Math.Min(offset + length - dword * 4, 4);
            var interest = ByteMask((1u << last) - (1u << first));
            (_watchers[dword] ??= []).Add(write =>
            {
                if ((write.ByteMask & interest) != 0)
                    handler(write);
            });
        }
    }

    /// <summary>Told after <see cref="Reset"/> has changed the registers: state kept beside the image follows.</summary>
    public event Action<ResetKind>? OnReset;

    /// <summary>Resets the registers: sticky fields are kept by all kinds but <see cref="ResetKind.Fundamental"/>. Watchers are not
    /// told.</summary>
    public void Reset(ResetKind kind)
    {
        var keepsFlrExempt = kind is ResetKind.FunctionLevel or ResetKind.D3HotToD0;
        for (var at = 0; at < Size; at++)
        {
            var kept = kind == ResetKind.Fundamental ? 0 : _sticky[at] | (keepsFlrExempt ? _survivesFlr[at] : 0);
            _image[at] = (byte)(_image[at] & kept | _defaults[at] & ~kept);
        }
        OnReset?.Invoke(kind);
    }

    /// <summary>A copy of every register value.</summary>
    public byte[] Snapshot() => [.. _image];

    /// <summary>Puts back a <see cref="Snapshot"/>. Watchers are not told.</summary>
    /// <exception cref="ArgumentException">The snapshot is of another size.</exception>
    public void Restore(ReadOnlySpan<byte> snapshot)
    {
        if (snapshot.Length != Size)
            throw new ArgumentException($"{Name}: a snapshot of {snapshot.Length} bytes does not fit a space of {Size}");
        snapshot.CopyTo(_image);
    }

    private static uint ByteMask(uint byteEnables) =>
        (byteEnables & 1) * 0xFFu | (byteEnables >> 1 & 1) * 0xFF00u
        | (byteEnables >> 2 & 1) * 0xFF_0000u | (byteEnables >> 3 & 1) * 0xFF00_0000u;

    private static uint Load(byte[] from, int offset, int size) => size switch
    {
        1 => from[offset],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(from.AsSpan(offset)),
        _ => BinaryPrimitives.ReadUInt32LittleEndian(from.AsSpan(offset)),
    };

    private static void Store(byte[] to, int offset, int size, uint value)
    {
        if (size == 1)
            to[offset] = (byte)value;
        else if (size == 2)
            BinaryPrimitives.WriteUInt16LittleEndian(to.AsSpan(offset), (ushort)value);
        else
            BinaryPrimitives.WriteUInt32LittleEndian(to.AsSpan(offset), value);
    }

    private void CheckAccess(int offset, int size)
    {
        if (size is not (1 or 2 or 4) || offset < 0 || offset >= ExtendedSize || offset % size != 0)
            throw new ArgumentException($"{Name}: an access of {size} bytes at {offset:X3}h is not one configuration access (§7.2.2)");
    }
}
