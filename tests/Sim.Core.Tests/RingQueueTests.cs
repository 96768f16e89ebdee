namespace Sim.Core.Tests;

public sealed class RingQueueTests
{
    [Test]
    public void A_ring_keeps_the_order_through_growth_and_wrapping()
    {
        var ring = new RingQueue<int>(2);
        var judge = new Queue<int>();
        var random = new RandomStream(1, "ring");
        for (var i = 0; i < 10_000; i++)
        {
            if (random.NextBelow(5) < 3 || judge.Count == 0)
            {
                ring.Enqueue(i);
                judge.Enqueue(i);
            }
            else
            {
                Assert.That(ring.Head, Is.EqualTo(judge.Peek()));
                Assert.That(ring.Dequeue(), Is.EqualTo(judge.Dequeue()));
            }
            Assert.That(ring.Count, Is.EqualTo(judge.Count));
        }
        Assert.That(ring[ring.Count - 1], Is.EqualTo(judge.Last()));
        Assert.That(ring.Tail, Is.EqualTo(judge.Last()));
    }

    [Test]
    public void The_head_can_be_changed_in_place_and_an_empty_ring_has_none()
    {
        var ring = new RingQueue<int>();
        Assert.Throws<InvalidOperationException>(() => _ = ring.Head);
        Assert.Throws<InvalidOperationException>(() => ring.Dequeue());
        Assert.That(ring.TryDequeue(out _), Is.False);
        ring.Enqueue(1);
        ring.Head = 5;
        Assert.That(ring.TryDequeue(out var value), Is.True);
        Assert.That(value, Is.EqualTo(5));
    }

    [Test]
    public void What_left_the_ring_is_not_kept_alive()
    {
        var ring = new RingQueue<object>();
        var gone = Pass(ring);
        GC.Collect();
        Assert.That(gone.IsAlive, Is.False);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference Pass(RingQueue<object> ring)
        {
            ring.Enqueue(new());
            return new(ring.Dequeue());
        }
    }
}
