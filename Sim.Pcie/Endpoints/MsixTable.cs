using System.Buffers.Binary;

namespace Sim.Pcie.Endpoints;

/// <summary>
/// MSI-X table and Pending Bit Array (§6.1.4.2, §7.7.2) of a function, and the interrupts it raises: a memory write if the vector may be
/// sent, a pending bit if it is masked or held.
/// </summary>
public sealed class MsixTable
{
    /// <summary>Bytes of a table entry: address, upper address, data, vector control (§7.7.2.5).</summary>
    public const int EntrySize = 16;

    private readonly EndpointFunction _function;
    private readonly byte[] _entries;
    private readonly bool[] _pending;
    private bool _held;

    /// <summary>Makes the table; its entries are masked, as after reset.</summary>
    /// <param name="function">Owner, whose MSI-X capability enables it.</param>
    /// <param name="vectors">1 to 2048.</param>
    public MsixTable(EndpointFunction function, int vectors)
    {
        _function = function;
        _entries = new byte[vectors * EntrySize];
        _pending = new bool[vectors];
        Reset();
        if (function.Msix is { } msix) function.Config.OnWrite(msix.Offset, 4, _ => SendPending());
    }

    /// <summary>Bytes of the table.</summary>
    public int Size => _entries.Length;

    /// <summary>Bytes of the Pending Bit Array: whole quadwords.</summary>
    public int PbaSize => (_pending.Length + 63) / 64 * 8;

    /// <summary>While held, nothing is sent and every interrupt becomes pending: a suspended initiator.</summary>
    public bool Held
    {
        get => _held;
        set
        {
            _held = value;
            if (!value) SendPending();
        }
    }

    /// <summary>Raises the interrupt of a vector.</summary>
    public void Raise(int vector)
    {
        if (!MaySend(vector) || !Send(vector)) _pending[vector] = true;
    }

    /// <summary>Whether the vector waits in the Pending Bit Array.</summary>
    public bool IsPending(int vector) => _pending[vector];

    /// <summary>Reads table bytes.</summary>
    public void Read(int offset, Span<byte> destination) => _entries.AsSpan(offset, destination.Length).CopyTo(destination);

    /// <summary>Writes table bytes; unmasking sends what is pending.</summary>
    public void Write(int offset, ReadOnlySpan<byte> data)
    {
        data.CopyTo(_entries.AsSpan(offset));
        SendPending();
    }

    /// <summary>Reads the Pending Bit Array.</summary>
    public void ReadPba(int offset, Span<byte> destination)
    {
        for (var i = 0; i < destination.Length; i++)
        {
            destination[i] = 0;
            for (var bit = 0; bit < 8; bit++)
            {
                var vector = ((offset + i) * 8) + bit;
                if (vector < _pending.Length && _pending[vector]) destination[i] |= (byte)(1 << bit);
            }
        }
    }

    /// <summary>Back to masked entries and no pending bit (§7.7.2.5).</summary>
    public void Reset()
    {
        Array.Clear(_entries);
        for (var v = 0; v < _pending.Length; v++) _entries[(v * EntrySize) + 12] = 1;
        Array.Clear(_pending);
        _held = false;
    }

    /// <summary>Appends table and pending bits to an image.</summary>
    public void Save(BinaryWriter image)
    {
        image.Write(_entries);
        foreach (var p in _pending) image.Write(p);
    }

    /// <summary>Takes table and pending bits from an image.</summary>
    public void Load(BinaryReader image)
    {
        image.ReadExactly(_entries);
        for (var v = 0; v < _pending.Length; v++) _pending[v] = image.ReadBoolean();
    }

    private bool MaySend(int vector) =>
        !_held && _function.Msix is { Enabled: true, FunctionMasked: false } && (_entries[(vector * EntrySize) + 12] & 1) == 0;

    private bool Send(int vector)
    {
        var entry = _entries.AsSpan(vector * EntrySize, EntrySize);
        return _function.Dma.WriteInterrupt(BinaryPrimitives.ReadUInt64LittleEndian(entry), entry.Slice(8, 4));
    }

    private void SendPending()
    {
        for (var v = 0; v < _pending.Length; v++)
        {
            if (_pending[v] && MaySend(v) && Send(v)) _pending[v] = false;
        }
    }
}
