using System.Threading.Channels;

namespace Sim.Core;

/// <summary>Takes records off a <see cref="TraceChannel{T}"/>, in order, on a thread of its own.</summary>
/// <param name="records">Valid during the call only.</param>
public delegate void TraceConsumer<T>(ReadOnlySpan<T> records);

/// <summary>
/// Carries records from the simulation's thread to a writer on another one. Records travel in batches; when the writer falls behind by the
/// whole capacity, <see cref="Write"/> waits for it, which takes wall-clock time and no simulated time.
/// </summary>
/// <typeparam name="T">The record; a struct, so that nothing is allocated.</typeparam>
public sealed class TraceChannel<T> : IAsyncDisposable
{
    private const int MaxBatch = 4096;

    private readonly Channel<Batch> _full;
    private readonly Channel<Batch> _empty;
    private readonly Task _consumer;
    private Batch _batch;
    private bool _completed;

    /// <summary>Starts the consumer.</summary>
    /// <param name="consumer">Called with one batch after the other; an exception ends the tracing and surfaces from the next call
    /// here.</param>
    /// <param name="capacity">How many records may be under way, at least.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is not positive.</exception>
    public TraceChannel(TraceConsumer<T> consumer, int capacity = 4 * MaxBatch)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        var batchSize = Math.Min(capacity, MaxBatch);
        var batches = (capacity + batchSize - 1) / batchSize + 1;

        // Who hands over wakes the other himself: there are two threads, and each of them may wait in its own place.
        var options = new BoundedChannelOptions(batches) { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true };
        _full = Channel.CreateBounded<Batch>(options);
        _empty = Channel.CreateBounded<Batch>(options);
        for (var i = 1; i < batches; i++)
            _empty.Writer.TryWrite(new(batchSize));
        _batch = new(batchSize);

        // A thread of its own that sleeps until a batch is there: a pool's would look for work all the time between two batches.
        _consumer = Task.Factory.StartNew(
            () => Consume(consumer), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Records written so far.</summary>
    public long Written { get; private set; }

    /// <summary>Sends a record on its way.</summary>
    /// <exception cref="InvalidOperationException">The channel is completed.</exception>
    /// <exception cref="Exception">What the consumer threw.</exception>
    public void Write(in T record)
    {
        if (_completed)
            throw new InvalidOperationException("The trace channel is completed.");
        _batch.Records[_batch.Count++] = record;
        Written++;
        if (_batch.Count == _batch.Records.Length)
            Flush();
    }

    /// <summary>Hands the records written so far to the consumer without waiting for the batch to fill up.</summary>
    /// <exception cref="Exception">What the consumer threw.</exception>
    public void Flush()
    {
        if (_batch.Count == 0)
            return;
        if (!_full.Writer.TryWrite(_batch))
            ThrowConsumerFailure();
        Batch? next;
        while (!_empty.Reader.TryRead(out next))
        {
            // The simulation must not go on meanwhile, and it has no other thread to continue on.
            if (!WaitForBatch(_empty.Reader))
                ThrowConsumerFailure();
        }
        _batch = next;
    }

    /// <summary>Ends the trace and waits until the consumer has taken the last record.</summary>
    /// <exception cref="Exception">What the consumer threw.</exception>
    public Task CompleteAsync()
    {
        if (!_completed)
        {
            _completed = true;
            if (_batch.Count > 0)
                _full.Writer.TryWrite(_batch);
            _full.Writer.TryComplete();
        }
        return _consumer;
    }

    /// <summary>Like <see cref="CompleteAsync"/>.</summary>
    public async ValueTask DisposeAsync() => await CompleteAsync().ConfigureAwait(false);

    private void Consume(TraceConsumer<T> consumer)
    {
        try
        {
            while (WaitForBatch(_full.Reader))
            {
                while (_full.Reader.TryRead(out var batch))
                {
                    consumer(batch.Records.AsSpan(0, batch.Count));
                    batch.Count = 0;
                    _empty.Writer.TryWrite(batch);
                }
            }
        }
        finally
        {
            // Releases a writer that waits, also after a failure.
            _full.Writer.TryComplete();
            _empty.Writer.TryComplete();
        }
    }

    /// <summary>Blocks this thread until a batch is there; false if none will come.</summary>
    private static bool WaitForBatch(ChannelReader<Batch> reader)
    {
        var wait = reader.WaitToReadAsync();
        return wait.IsCompletedSuccessfully ? wait.Result : wait.AsTask().GetAwaiter().GetResult();
    }

    private void ThrowConsumerFailure()
    {
        // The consumer completes the channels just before its task ends.
        _consumer.GetAwaiter().GetResult();
        throw new InvalidOperationException("The trace channel is completed.");
    }

    private sealed class Batch(int size)
    {
        public readonly T[] Records = new T[size];
        public int Count;
    }
}
