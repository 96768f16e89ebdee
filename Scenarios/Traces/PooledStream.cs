using System.Buffers;

namespace Scenarios.Traces;

/// <summary>A stream in memory that the next one uses again: a run makes one for each variant.</summary>
internal sealed class PooledStream : Stream
{
    private const int AtFirst = 1 << 20;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(AtFirst);
    private int _length;
    private int _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => true;

    public override long Length => _length;

    public override long Position
    {
        get => _position;
        set => _position = (int)value;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_position + buffer.Length > _bytes.Length) Grow(_position + buffer.Length);
        buffer.CopyTo(_bytes.AsSpan(_position));
        _position += buffer.Length;
        _length = Math.Max(_length, _position);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void WriteByte(byte value) => Write([value]);

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = Math.Min(count, _length - _position);
        _bytes.AsSpan(_position, read).CopyTo(buffer.AsSpan(offset));
        _position += read;
        return read;
    }

    /// <summary>Writes all that is left in one piece.</summary>
    public override void CopyTo(Stream destination, int bufferSize)
    {
        destination.Write(_bytes, _position, _length - _position);
        _position = _length;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && _bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        base.Dispose(disposing);
    }

    private void Grow(int least)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(least, 2 * _bytes.Length));
        _bytes.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
