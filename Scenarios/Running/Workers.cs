using System.Threading.Channels;

namespace Scenarios.Running;

/// <summary>Threads that take numbered pieces of work from a channel. Results are kept by number: how many there are changes
/// nothing.</summary>
internal static class Workers
{
    /// <summary>Does <paramref name="work"/> for 0 to <paramref name="count"/> - 1 on as many threads, and waits for them.</summary>
    /// <exception cref="AggregateException">Some work threw; the others were done all the same.</exception>
    public static void Each(int threads, int count, Action<int> work)
    {
        var numbers = Channel.CreateUnbounded<int>(new UnboundedChannelOptions { SingleWriter = true });
        for (var i = 0; i < count; i++) numbers.Writer.TryWrite(i);
        numbers.Writer.Complete();
        var faults = new Exception?[count];
        var workers = Enumerable.Range(0, Math.Clamp(threads, 1, Math.Max(1, count)))
            .Select(n => new Thread(Take) { Name = $"worker {n}" }).ToList();
        workers.ForEach(w => w.Start());
        workers.ForEach(w => w.Join());
        if (faults.OfType<Exception>().ToList() is { Count: > 0 } thrown) throw new AggregateException(thrown);

        void Take()
        {
            while (numbers.Reader.TryRead(out var i))
            {
                try
                {
                    work(i);
                }
                catch (Exception e)
                {
                    faults[i] = e;
                }
            }
        }
    }
}
