using System.Buffers;
using System.Buffers.Binary;

namespace Scenarios.Traces;

/// <summary>The TLPs of a variant as lines of the event log, until what else happened is known and put between them: a few in memory, more
/// in a file.</summary>
internal sealed class EventSpool(string path) : IDisposable
{
    private const int InMemory = 4 << 20;
    private const int Head = sizeof(long) + sizeof(int);

    private readonly byte[] _tail = ArrayPool<byte>.Shared.Rent(InMemory);
    private int _used;
    private FileStream? _file;

    /// <summary>Whether there are more than fit into memory.</summary>
    public bool IsLarge => _file is not null;

    /// <summary>Adds a line.</summary>
    public void Add(long time, ReadOnlySpan<byte> line)
    {
        if (_used + Head + line.Length > _tail.Length)
        {
            _file ??= Open();
            _file.Write(_tail.AsSpan(0, _used));
            _used = 0;
        }

        var record = _tail.AsSpan(_used, Head + line.Length);
        BinaryPrimitives.WriteInt64LittleEndian(record, time);
        BinaryPrimitives.WriteInt32LittleEndian(record[sizeof(long)..], line.Length);
        line.CopyTo(record[Head..]);
        _used += record.Length;
    }

    /// <summary>All lines in the order added. A line is valid until the next is asked for.</summary>
    public IEnumerable<(long Time, ReadOnlyMemory<byte> Line)> Read()
    {
        if (_file is { } file)
        {
            var record = new byte[Head];
            file.Position = 0;
            while (file.Position < file.Length)
            {
                file.ReadExactly(record.AsSpan(0, Head));
                var (time, length) = HeadOf(record);
                if (record.Length < length) Array.Resize(ref record, 2 * length);
                file.ReadExactly(record.AsSpan(0, length));
                yield return (time, record.AsMemory(0, length));
            }
        }

        for (var at = 0; at < _used;)
        {
            var (time, length) = HeadOf(_tail.AsSpan(at));
            yield return (time, _tail.AsMemory(at + Head, length));
            at += Head + length;
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        ArrayPool<byte>.Shared.Return(_tail);
    }

    private FileStream Open()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
    }

    private static (long Time, int Length) HeadOf(ReadOnlySpan<byte> record) =>
        (BinaryPrimitives.ReadInt64LittleEndian(record), BinaryPrimitives.ReadInt32LittleEndian(record[sizeof(long)..]));
}
