namespace Scenarios.Tlp;

/// <summary>
/// Lines of a stream as UTF-8 spans, in constant memory: a line beyond the limit is cut, its rest skipped.
/// Before it waits for input it lets the caller flush what was written, so that a pipe stays live.
/// </summary>
internal sealed class LineReader(Stream input, Action beforeWait)
{
    /// <summary>Longest line kept, bytes: the longest TLP takes some 9 KiB of hex, its JSON object little more.</summary>
    public const int MaxLine = 32 * 1024;

    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;
    private bool _ended;

    /// <summary>Number of the line last read, from 1.</summary>
    public long LineNumber { get; private set; }

    /// <summary>The next line without its line end; false at the end of input. The span is valid until the next call.</summary>
    public bool TryRead(out ReadOnlySpan<byte> line, out bool cut)
    {
        cut = false;
        while (true)
        {
            int newline = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                line = Trim(_buffer.AsSpan(_start, newline));
                _start += newline + 1;
                break;
            }
            if (_end - _start > MaxLine)
            {
                cut = true;
                line = SkipRest();
                break;
            }
            if (!Fill())
            {
                line = Trim(_buffer.AsSpan(_start, _end - _start));
                _start = _end;
                if (line.IsEmpty)
                    return false;
                break;
            }
        }
        LineNumber++;
        if (line.Length > MaxLine)
        {
            cut = true;
            line = line[..MaxLine];
        }
        return true;
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> line) => line.TrimEnd((byte)'\r');

    // Keeps the head of an endless line at the front of the buffer and reads the rest into the space behind it.
    private ReadOnlySpan<byte> SkipRest()
    {
        _buffer.AsSpan(_start, MaxLine).CopyTo(_buffer);
        _start = _end = MaxLine;
        while (Fill())
        {
            int newline = _buffer.AsSpan(MaxLine, _end - MaxLine).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                _start = MaxLine + newline + 1;
                break;
            }
            _start = _end = MaxLine;
        }
        return _buffer.AsSpan(0, MaxLine);
    }

    private bool Fill()
    {
        if (_ended)
            return false;
        bool skipping = _start == MaxLine && _end == MaxLine;
        if (!skipping && _start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        beforeWait();
        int read = input.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        _ended = read == 0;
        return read > 0;
    }
}
