namespace Sim.Core.Tests;

public sealed class TraceChannelTests
{
    [Test]
    public async Task Every_record_arrives_once_and_in_order([Values(1, 7, 256, 5000)] int capacity)
    {
        var received = new List<int>();
        var thread = Environment.CurrentManagedThreadId;
        var elsewhere = true;
        await using var channel = new TraceChannel<int>(
            records =>
            {
                elsewhere &= Environment.CurrentManagedThreadId != thread;
                foreach (var record in records)
                    received.Add(record);
            },
            capacity);
        WriteAll(channel, 20_000);
        await channel.CompleteAsync();
        Assert.That(received, Is.EqualTo(Enumerable.Range(0, 20_000)));
        Assert.That(elsewhere, Is.True);

        static void WriteAll(TraceChannel<int> channel, int count)
        {
            for (var i = 0; i < count; i++)
                channel.Write(i);
        }
    }

    [Test]
    public async Task A_writer_that_is_too_fast_waits_for_the_consumer()
    {
        using var gate = new SemaphoreSlim(0);
        var consumed = 0;
        var channel = new TraceChannel<int>(
            records =>
            {
                gate.Wait();
                consumed += records.Length;
            },
            capacity: 4);
        var written = 0;
        var writer = new Thread(() =>
        {
            for (; written < 100; Volatile.Write(ref written, written + 1))
                channel.Write(written);
        });
        writer.Start();
        Assert.That(writer.Join(100), Is.False, "nobody consumes, so the writer must wait");
        Assert.That(Volatile.Read(ref written), Is.LessThan(16));
        gate.Release(1000);
        writer.Join();
        await channel.CompleteAsync();
        Assert.That(consumed, Is.EqualTo(100));
    }

    [Test]
    public void An_exception_of_the_consumer_surfaces_from_Write_and_from_Complete()
    {
        var channel = new TraceChannel<int>(_ => throw new IOException("disk full"), capacity: 4);
        var error = Assert.Throws<IOException>(() =>
        {
            for (var i = 0; i < 1000; i++)
                channel.Write(i);
        });
        Assert.That(error!.Message, Is.EqualTo("disk full"));
        Assert.ThrowsAsync<IOException>(channel.CompleteAsync);
    }

    [Test]
    public void A_full_channel_stops_the_simulation_in_wall_clock_time_only()
    {
        var sim = new Simulator();
        var received = new List<SimTime>();
        var channel = new TraceChannel<SimTime>(
            records =>
            {
                Thread.Sleep(1);
                received.AddRange(records);
            },
            capacity: 8);
        SimEvent tick = null!;
        tick = new(sim, () =>
        {
            channel.Write(sim.Now);
            if (sim.EventsFired < 200)
                tick.ScheduleAfter(SimDuration.FromNanoseconds(1));
        });
        tick.ScheduleAt(SimTime.Zero);
        sim.Run();
        channel.CompleteAsync().GetAwaiter().GetResult();
        Assert.That(received, Is.EqualTo(Enumerable.Range(0, 200).Select(i => SimTime.FromNanoseconds(i))));
    }
}
