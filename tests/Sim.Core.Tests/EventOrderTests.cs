namespace Sim.Core.Tests;

/// <summary>The wheel fires exactly as the reference heap does, whatever is scheduled, moved and cancelled.</summary>
public sealed class EventOrderTests
{
    // Delays of one random script: a few ns apart, all equal, exact bucket borders, microseconds, far beyond any horizon.
    private static readonly Func<RandomStream, long>[] Delays =
    [
        r => r.NextBelow(5_000_000),
        r => 0,
        r => 1_000_000 * r.NextBelow(3),
        r => (long)(1UL << r.NextBelow(45)),
        r => ((1L << 20) * r.NextBelow(10_000)) - r.NextBelow(2),
        r => 1_000_000_000 + r.NextBelow(1_000),
        r => r.NextBelow(1L << r.NextBelow(52) + 1),
        r => 4096L << 20,
    ];

    [Test]
    public void Wheel_and_reference_heap_fire_in_the_same_order([Range(1, 60)] int seed)
    {
        var heap = Run(EventQueueKind.ReferenceHeap, (ulong)seed);
        var wheel = Run(EventQueueKind.Wheel, (ulong)seed);
        Assert.That(wheel, Is.EqualTo(heap), $"seed {seed}: run this test case alone to replay it");
    }

    [Test]
    public void The_reference_heap_fires_in_the_order_of_time_and_scheduling([Range(1, 10)] int seed)
    {
        var sim = new Simulator((ulong)seed, EventQueueKind.ReferenceHeap);
        var random = sim.GetRandomStream("test");
        var expected = new List<(SimTime Due, int Order)>();
        var fired = new List<(SimTime Due, int Order)>();
        for (var i = 0; i < 2000; i++)
        {
            var order = i;
            var due = SimTime.FromPicoseconds(random.NextBelow(300));
            new SimEvent(sim, () => fired.Add((sim.Now, order))).ScheduleAt(due);
            expected.Add((due, order));
        }
        sim.Run();
        expected.Sort();
        Assert.That(fired, Is.EqualTo(expected));
    }

    [Test]
    public void Events_that_become_many_and_few_again_keep_their_order()
    {
        var traces = new List<ulong>();
        var changes = 0;
        foreach (var kind in Enum.GetValues<EventQueueKind>())
        {
            var sim = new Simulator(5, kind);
            var random = sim.GetRandomStream("test");
            var hash = 0UL;
            var few = true;
            var events = new SimEvent[40];
            for (var i = 0; i < events.Length; i++)
            {
                var id = i;
                events[i] = new(sim, () => OnEvent(id));
            }

            events[0].ScheduleAt(SimTime.Zero);
            sim.Run();
            Assert.That(sim.EventsFired, Is.GreaterThanOrEqualTo(100_000));
            traces.Add(hash);

            // Now one, now up to 40 of them: for 10,000 events each, as the wheel looks how many there are every 4096. Times collide often.
            void OnEvent(int id)
            {
                hash = (hash * 0x9E3779B97F4A7C15) ^ (ulong)((sim.Now.Femtoseconds << 12) + id);
                if (sim.Queue is EventWheel wheel && wheel.AreFew != few)
                {
                    few = wheel.AreFew;
                    changes++;
                }

                if (sim.EventsFired >= 100_000) return;
                var wanted = sim.EventsFired / 10_000 % 2 == 0 ? 1 + (int)random.NextBelow(8) : events.Length;
                for (var i = 0; i < events.Length; i++)
                {
                    if (i >= wanted) events[i].Cancel();
                    else if (!events[i].IsPending) events[i].ScheduleAfter(new(random.NextBelow(1000) * random.NextBelow(2) * 1000));
                    else if (random.NextBelow(16) == 0) events[i].RescheduleAfter(new(random.NextBelow(1000) * 1000));
                }
            }
        }

        Assert.That(traces[1], Is.EqualTo(traces[0]));
        Assert.That(changes, Is.GreaterThan(6), "the wheel never stood still again, so this test showed nothing");
    }

    [Test]
    public void Many_events_scheduled_at_the_start_do_not_narrow_the_wheel()
    {
        var sim = new Simulator(7);
        var random = sim.GetRandomStream("test");
        for (var i = 0; i < 20_000; i++)
            new SimEvent(sim, () => { }).ScheduleAt(SimTime.FromPicoseconds(random.NextBelow(20_000_000)));
        sim.Run();
        Assert.That(((EventWheel)sim.Queue).Shift, Is.GreaterThanOrEqualTo(WheelTuning.InitialShift), "a bucket holds one event as it is");
    }

    [Test]
    public void A_wheel_that_changes_its_width_loses_and_reorders_nothing()
    {
        // Phases of very different density, long enough for the tuning to act.
        var traces = new List<ulong>();
        var shifts = new HashSet<int>();
        foreach (var kind in Enum.GetValues<EventQueueKind>())
        {
            var sim = new Simulator(3, kind);
            var random = sim.GetRandomStream("test");
            var hash = 0UL;
            long[] means = [2_000, 500_000_000, 3_000_000, 1];
            var events = new SimEvent[3000];
            for (var i = 0; i < events.Length; i++)
            {
                var id = i;
                events[i] = new(sim, () =>
                {
                    hash = (hash * 0x9E3779B97F4A7C15) ^ (ulong)((sim.Now.Femtoseconds << 12) + id);
                    if (sim.EventsFired < 400_000)
                        events[id].ScheduleAfter(new(random.NextBelow(2 * means[sim.EventsFired / 100_000])));
                    if (sim.Queue is EventWheel wheel)
                        shifts.Add(wheel.Shift);
                });
                events[i].ScheduleAt(SimTime.Zero);
            }
            sim.Run();
            Assert.That(sim.EventsFired, Is.GreaterThan(400_000));
            traces.Add(hash);
        }
        Assert.That(traces[1], Is.EqualTo(traces[0]));
        Assert.That(shifts, Has.Count.GreaterThan(3), "the tuning never acted, so this test showed nothing");
    }

    [Test]
    public void Many_equal_times_cost_no_more_than_other_times([Values] EventQueueKind kind)
    {
        // 200,000 events at two instants, each of which schedules another at Now: quadratic behaviour would take minutes.
        var sim = new Simulator(queue: kind);
        var fired = new List<int>();
        for (var i = 0; i < 200_000; i++)
        {
            var id = i;
            var again = new SimEvent(sim, () => fired.Add(-id));
            var first = new SimEvent(sim, () =>
            {
                fired.Add(id);
                again.ScheduleAfter(SimDuration.Zero);
            });
            first.ScheduleAt(SimTime.FromNanoseconds(id % 2));
        }
        sim.Run();
        var evens = Enumerable.Range(0, 100_000).Select(i => 2 * i).ToArray();
        var expected = evens.Concat(evens.Select(i => -i)).Concat(evens.Select(i => i + 1)).Concat(evens.Select(i => -i - 1));
        Assert.That(fired.SequenceEqual(expected), Is.True);
    }

    [Test]
    public void Endless_rescheduling_does_not_pile_up_stale_entries([Values] EventQueueKind kind, [Values(0, 10, 100_000_000)] long delayNs)
    {
        var sim = new Simulator(queue: kind);
        var other = new SimEvent(sim, () => { });
        other.ScheduleAt(SimTime.FromMilliseconds(200));
        var timeout = new SimEvent(sim, () => { });
        timeout.ScheduleAfter(SimDuration.FromNanoseconds(delayNs));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000_000; i++)
            timeout.RescheduleAfter(SimDuration.FromNanoseconds(delayNs));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(100_000));
        Assert.That(sim.PendingEvents, Is.EqualTo(2));
    }

    private static List<(long Time, int Id)> Run(EventQueueKind kind, ulong seed)
    {
        var sim = new Simulator(seed, kind);
        var random = sim.GetRandomStream("test");
        var fired = new List<(long, int)>();
        var events = new SimEvent[random.NextBelow(10) == 0 ? 2000 : 1 + random.NextBelow(200)];
        var total = 6000 + (2 * events.Length);
        var main = random.NextBelow(Delays.Length);
        SimDuration Delay() => new(Math.Max(0, Delays[random.NextBelow(2) == 0 ? main : random.NextBelow(Delays.Length)](random)));

        void Fire(int id)
        {
            fired.Add((sim.Now.Femtoseconds, id));
            if (fired.Count >= total)
                return;
            for (var actions = random.NextBelow(4); actions > 0; actions--)
            {
                var other = events[random.NextBelow(events.Length)];
                switch (random.NextBelow(8))
                {
                    case 0:
                        other.Cancel();
                        break;
                    case < 3:
                        other.RescheduleAfter(Delay());
                        break;
                    default:
                        if (!other.IsPending)
                            other.ScheduleAfter(Delay());
                        break;
                }
            }
            if (!events[id].IsPending && random.NextBelow(10) != 0)
                events[id].ScheduleAfter(Delay());
        }

        for (var i = 0; i < events.Length; i++)
        {
            var id = i;
            events[i] = new(sim, () => Fire(id));
            events[i].ScheduleAfter(Delay());
        }
        // Half of the scripts run in pieces, with scheduling from outside between them.
        for (var piece = 0; piece < 50 && seed % 2 == 0; piece++)
        {
            sim.RunUntil(sim.Now + Delay());
            events[0].RescheduleAfter(Delay());
            fired.Add((sim.Now.Femtoseconds, -sim.PendingEvents));
        }
        sim.Run();
        fired.Add((sim.Now.Femtoseconds, sim.PendingEvents));
        return fired;
    }
}
