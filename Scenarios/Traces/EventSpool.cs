using System.Buffers;
using System.Buffers.Binary;

namespace Scenarios.Traces;

/// <summary>The TLPs of a variant as lines of the event log, until what else happened is known and put between them: a few in memory, more
/// in a file.</summary>
internal sealed class EventSpool(string path) : IDisposable
{
    private const int InMemory = 4 << 20;
    private const int Head = sizeof(long) + sizeof(int);

    private readonly ArrayBufferWriter<byte> _tail = new();
    private FileStream? _file;

    /// <summary>Adds a line.</summary>
    public void Add(long time, ReadOnlySpan<byte> line)
    {
        var room = _tail.GetSpan(Head + line.Length);
        BinaryPrimitives.WriteInt64LittleEndian(room, time);
        BinaryPrimitives.WriteInt32LittleEndian(room[sizeof(long)..], line.Length);
        line.CopyTo(room[Head..]);
        _tail.Advance(Head + line.Length);
        if (_tail.WrittenCount < InMemory) return;
        _file ??= new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, InMemory, FileOptions.DeleteOnClose);
        _file.Write(_tail.WrittenSpan);
        _tail.ResetWrittenCount();
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

        for (var rest = _tail.WrittenMemory; rest.Length > 0;)
        {
            var (time, length) = HeadOf(rest.Span);
            yield return (time, rest.Slice(Head, length));
            rest = rest[(Head + length)..];
        }
    }

    public void Dispose() => _file?.Dispose();

    private static (long Time, int Length) HeadOf(ReadOnlySpan<byte> record) =>
        (BinaryPrimitives.ReadInt64LittleEndian(record), BinaryPrimitives.ReadInt32LittleEndian(record[sizeof(long)..]));
}
