namespace Sim.Core.Tests;

public sealed class AllocationTests
{
    [Test]
    public void Nothing_is_allocated_for_events_in_steady_state([Values] EventQueueKind kind, [Values(1, 64, 5000)] int pending)
    {
        var sim = new Simulator(1, kind);
        var random = sim.GetRandomStream("test");
        var latencies = new LatencyHistogram();
        var probe = new Probe<SimDuration>();
        var ring = new RingQueue<SimTime>();
        var timeout = new SimEvent(sim, () => { });
        for (var i = 0; i < pending; i++)
            Component();
        sim.RunUntil(SimTime.FromMicroseconds(3000)); // 150,000 events: rings, wheel and histogram have found their sizes
        latencies.Record(SimDuration.FromSeconds(1));

        var (events, allocated) = (sim.EventsFired, GC.GetAllocatedBytesForCurrentThread());
        sim.RunUntil(SimTime.FromMicroseconds(4000));
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Assert.That(sim.EventsFired - events, Is.GreaterThan(40_000));
        Assert.That(allocated, Is.Zero);

        void Component()
        {
            SimEvent self = null!;
            self = new(sim, () =>
            {
                ring.Enqueue(sim.Now);
                var delay = random.NextExponential(SimDuration.FromNanoseconds(20 * pending));
                latencies.Record(delay);
                if (probe.IsObserved)
                    probe.Emit(sim.Now, delay);
                timeout.RescheduleAfter(SimDuration.FromMicroseconds(random.NextBelow(50)));
                ring.Dequeue();
                self.ScheduleAfter(delay);
            });
            self.ScheduleAt(SimTime.Zero);
        }
    }

    [Test]
    public void A_process_that_pauses_allocates_nothing_for_a_pause()
    {
        var sim = new Simulator();
        var go = true;
        sim.Start("poller", async () =>
        {
            while (go)
                await sim.Delay(SimDuration.FromNanoseconds(100));
        });
        sim.RunUntil(SimTime.FromMicroseconds(100));
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        sim.RunUntil(SimTime.FromMicroseconds(1000));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - allocated, Is.Zero);
        go = false;
        sim.Run();
        Assert.That(sim.RunningProcesses, Is.Empty);
    }
}
