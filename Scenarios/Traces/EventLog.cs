using System.IO.Compression;
using Scenarios.Output;

namespace Scenarios.Traces;

/// <summary>
/// The event log of a run, put together while its variants run, in their order: a variant that is done writes into the file if every one
/// before it is there. If not, its part waits in memory, or in a file of its own where it is large or many wait.
/// </summary>
/// <param name="path">The log.</param>
/// <param name="parts">The folder for parts that wait in files; it need not exist.</param>
internal sealed class EventLog(string path, string parts) : IDisposable
{
    private const int MostInMemory = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, Stream> _waiting = [];
    private readonly Dictionary<int, Stream> _cut = [];
    private FileStream? _file;
    private bool _writing;
    private int _next;

    private bool IsCompressed => path.EndsWith(OutputFile.Compressed, StringComparison.Ordinal);

    /// <summary>A file that may be used for a variant while it runs.</summary>
    public string PlaceOf(int number) => Path.Combine(parts, $"{number}");

    /// <summary>Adds the part of a variant that is done. Variants call it from several threads.</summary>
    /// <param name="number">The variant's, from 0.</param>
    /// <param name="isLarge">Whether the part is too large for memory.</param>
    /// <param name="write">Writes the part, at once.</param>
    public void Add(int number, bool isLarge, Action<Stream> write)
    {
        if (TakeTurn(number))
        {
            try
            {
                Write(write, Whole());
            }
            finally
            {
                EndTurn();
            }
        }
        else
        {
            var part = Part(number, isLarge, write);
            lock (_gate) _waiting.Add(number, part);
        }

        while (TakeTurn() is { } next)
        {
            Append(next);
            EndTurn();
        }
    }

    /// <summary>Keeps the part of a variant that did not come to its end: <see cref="Finish"/> decides whether it counts.</summary>
    public void Keep(int number, bool isLarge, Action<Stream> write)
    {
        var part = Part(number, isLarge, write);
        lock (_gate) _cut.Add(number, part);
    }

    /// <summary>Adds what has not been added: of each of the variants, in order, its part; it is written now if there is none.</summary>
    public void Finish(IEnumerable<(int Number, Action<Stream> Write)> variants)
    {
        foreach (var (number, write) in variants.Where(v => v.Number >= _next))
        {
            if (_waiting.Remove(number, out var part) || _cut.Remove(number, out part)) Append(part);
            else Write(write, Whole());
        }

        Dispose();
    }

    /// <summary>Closes the log; parts that still wait are lost.</summary>
    public void Dispose()
    {
        _file?.Dispose();
        foreach (var part in _waiting.Values.Concat(_cut.Values)) part.Dispose();
        _waiting.Clear();
        _cut.Clear();
        if (Directory.Exists(parts)) Directory.Delete(parts, recursive: true);
    }

    private bool TakeTurn(int number)
    {
        lock (_gate) return !_writing && number == _next && (_writing = true);
    }

    private Stream? TakeTurn()
    {
        lock (_gate)
        {
            if (_writing || !_waiting.Remove(_next, out var part)) return null;
            _writing = true;
            return part;
        }
    }

    private void EndTurn()
    {
        lock (_gate) (_writing, _next) = (false, _next + 1);
    }

    private FileStream Whole() => _file ??= OutputFile.Raw(path, FileAccess.Write);

    private Stream Part(int number, bool isLarge, Action<Stream> write)
    {
        bool isFull;
        lock (_gate) isFull = _waiting.Count >= MostInMemory;
        Stream part = isLarge || isFull ? OutputFile.Raw(PlaceOf(number), FileAccess.ReadWrite) : new PooledStream();
        Write(write, part);
        return part;
    }

    private void Write(Action<Stream> write, Stream output)
    {
        if (!IsCompressed)
        {
            write(output);
            return;
        }

        // Compressed part by part, on the threads of the variants: parts behind each other are one file for gunzip.
        using var compressed = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true);
        write(compressed);
    }

    private void Append(Stream part)
    {
        part.Position = 0;
        part.CopyTo(Whole());
        part.Dispose();
    }
}
