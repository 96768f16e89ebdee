namespace Sim.Core.Tests;

public sealed class SimulatorTests
{
    [Test]
    public void Events_fire_by_time_and_then_in_the_order_of_scheduling([Values] EventQueueKind kind)
    {
        var sim = new Simulator(queue: kind);
        var fired = new List<string>();
        SimEvent Named(string name) => new(sim, () => fired.Add($"{name}@{sim.Now}"));

        Named("late").ScheduleAt(SimTime.FromNanoseconds(2));
        Named("first").ScheduleAt(SimTime.FromNanoseconds(1));
        Named("second").ScheduleAt(SimTime.FromNanoseconds(1));
        Named("now").ScheduleAfter(SimDuration.Zero);
        sim.Run();

        Assert.That(fired, Is.EqualTo(new[] { "now@0s", "first@1ns", "second@1ns", "late@2ns" }));
        Assert.That(sim.EventsFired, Is.EqualTo(4));
        Assert.That(sim.PendingEvents, Is.Zero);
    }

    [Test]
    public void A_rescheduled_event_queues_behind_its_new_equals([Values] EventQueueKind kind)
    {
        var sim = new Simulator(queue: kind);
        var fired = new List<char>();
        var a = new SimEvent(sim, () => fired.Add('a'));
        var b = new SimEvent(sim, () => fired.Add('b'));
        a.ScheduleAt(SimTime.FromNanoseconds(1));
        b.ScheduleAt(SimTime.FromNanoseconds(1));
        a.RescheduleAt(SimTime.FromNanoseconds(1));
        sim.Run();
        Assert.That(fired, Is.EqualTo("ba"));
    }

    [Test]
    public void A_cancelled_event_does_not_fire_and_can_be_scheduled_again([Values] EventQueueKind kind)
    {
        var sim = new Simulator(queue: kind);
        var fired = new List<SimTime>();
        var e = new SimEvent(sim, () => fired.Add(sim.Now));
        e.ScheduleAt(SimTime.FromNanoseconds(1));
        Assert.That(e.IsPending && e.Due == SimTime.FromNanoseconds(1));
        Assert.That(e.Cancel(), Is.True);
        Assert.That(e.Cancel(), Is.False);
        Assert.That(e.IsPending, Is.False);
        Assert.That(e.Due, Is.EqualTo(SimTime.MaxValue));
        e.ScheduleAt(SimTime.FromNanoseconds(3));
        sim.Run();
        Assert.That(fired, Is.EqualTo(new[] { SimTime.FromNanoseconds(3) }));
    }

    [Test]
    public void Scheduling_into_the_past_names_both_times_and_the_handler()
    {
        var sim = new Simulator();
        var e = new SimEvent(sim, Handler);
        sim.RunUntil(SimTime.FromNanoseconds(5));
        var error = Assert.Throws<InvalidOperationException>(() => e.ScheduleAt(SimTime.FromNanoseconds(4)));
        Assert.That(error!.Message, Does.Contain("4ns").And.Contain("5ns").And.Contain(nameof(Handler)));

        static void Handler() { }
    }

    [Test]
    public void Scheduling_a_pending_event_twice_is_an_error_that_leaves_it_as_it_was()
    {
        var sim = new Simulator();
        var e = new SimEvent(sim, () => { });
        e.ScheduleAt(SimTime.FromNanoseconds(5));
        Assert.Throws<InvalidOperationException>(() => e.ScheduleAt(SimTime.FromNanoseconds(6)));
        Assert.That(e.Due, Is.EqualTo(SimTime.FromNanoseconds(5)));
        Assert.That(sim.PendingEvents, Is.EqualTo(1));
    }

    [Test]
    public void RunUntil_fires_what_is_due_at_the_limit_and_moves_the_clock_there([Values] EventQueueKind kind)
    {
        var sim = new Simulator(queue: kind);
        var fired = new List<SimTime>();
        foreach (var ns in new[] { 1, 5, 6, 4000 })
            new SimEvent(sim, () => fired.Add(sim.Now)).ScheduleAt(SimTime.FromNanoseconds(ns));

        Assert.That(sim.RunUntil(SimTime.FromNanoseconds(5)), Is.True);
        Assert.That(fired, Is.EqualTo(new[] { SimTime.FromNanoseconds(1), SimTime.FromNanoseconds(5) }));
        Assert.That(sim.RunUntil(SimTime.FromNanoseconds(3000)), Is.True);
        Assert.That(sim.Now, Is.EqualTo(SimTime.FromNanoseconds(3000)));
        new SimEvent(sim, () => fired.Add(sim.Now)).ScheduleAt(SimTime.FromNanoseconds(3001));
        sim.Run();
        Assert.That(fired[^2..], Is.EqualTo(new[] { SimTime.FromNanoseconds(3001), SimTime.FromNanoseconds(4000) }));
    }

    [Test]
    public void Stop_ends_the_run_after_the_present_event_and_the_next_run_goes_on()
    {
        var sim = new Simulator();
        var count = 0;
        for (var i = 0; i < 3; i++)
        {
            new SimEvent(sim, () =>
            {
                count++;
                sim.Stop();
            }).ScheduleAt(SimTime.FromNanoseconds(1));
        }
        Assert.That(sim.RunUntil(SimTime.FromNanoseconds(9)), Is.False);
        Assert.That((count, sim.Now), Is.EqualTo((1, SimTime.FromNanoseconds(1))));
        sim.Run();
        Assert.That(count, Is.EqualTo(2));
    }

    [Test]
    public void Step_fires_exactly_one_event()
    {
        var sim = new Simulator();
        var count = 0;
        for (var i = 0; i < 2; i++)
            new SimEvent(sim, () => count++).ScheduleAt(SimTime.FromNanoseconds(1));
        Assert.That(sim.Step(), Is.True);
        Assert.That(count, Is.EqualTo(1));
        Assert.That(sim.Step(), Is.True);
        Assert.That(sim.Step(), Is.False);
        Assert.That(sim.EventsFired, Is.EqualTo(2));
    }

    [Test]
    public void A_handler_cannot_run_the_simulator_it_runs_in()
    {
        var sim = new Simulator();
        new SimEvent(sim, () => sim.Run()).ScheduleAt(SimTime.Zero);
        Assert.Throws<InvalidOperationException>(() => sim.Run());
        Assert.That(sim.IsRunning, Is.False);
    }

    [Test]
    public void A_cancelled_run_throws_between_two_events_and_can_go_on()
    {
        var sim = new Simulator();
        using var source = new CancellationTokenSource();
        var count = 0;
        SimEvent e = null!;
        e = new SimEvent(sim, () =>
        {
            if (++count == 10)
                source.Cancel();
            if (count < 100_000)
                e.ScheduleAfter(SimDuration.FromNanoseconds(1));
        });
        e.ScheduleAt(SimTime.Zero);
        Assert.Throws<OperationCanceledException>(() => sim.Run(source.Token));
        Assert.That(count, Is.InRange(10, 10_000));
        sim.Run();
        Assert.That(count, Is.EqualTo(100_000));
    }

    [Test]
    public void Progress_of_a_long_run_is_shown_in_steps_and_changes_nothing()
    {
        var sim = new Simulator();
        var seen = new List<SimProgress>();
        SimEvent tick = null!;
        tick = new(sim, () =>
        {
            if (sim.EventsFired < 100_000)
                tick.ScheduleAfter(SimDuration.FromNanoseconds(1));
        });
        tick.ScheduleAt(SimTime.Zero);
        sim.ObserveProgress(20_000, seen.Add);
        sim.Run();
        Assert.That(seen, Has.Count.InRange(4, 5));
        Assert.That(seen[0].EventsFired, Is.InRange(20_000, 20_000 + 4096));
        Assert.That(seen[0].Now, Is.EqualTo(SimTime.FromNanoseconds(seen[0].EventsFired - 1)));
        Assert.That(sim.EventsFired, Is.EqualTo(100_000));
    }
}
