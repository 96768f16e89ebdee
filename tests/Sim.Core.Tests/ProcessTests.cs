namespace Sim.Core.Tests;

public sealed class ProcessTests
{
    [Test]
    public void A_process_sees_simulated_time_pass()
    {
        var sim = new Simulator();
        var seen = new List<SimTime>();
        sim.Start("driver", async () =>
        {
            seen.Add(sim.Now);
            await sim.Delay(SimDuration.FromNanoseconds(10));
            seen.Add(sim.Now);
            await sim.Until(SimTime.FromMicroseconds(1));
            seen.Add(sim.Now);
        });
        Assert.That(seen, Is.Empty, "the body runs in an event of its own");
        sim.Run();
        Assert.That(seen, Is.EqualTo(new[] { SimTime.Zero, SimTime.FromNanoseconds(10), SimTime.FromMicroseconds(1) }));
        Assert.That(sim.RunningProcesses, Is.Empty);
    }

    [Test]
    public void Processes_that_await_each_other_never_leave_the_thread()
    {
        var sim = new Simulator();
        var threads = new HashSet<int>();
        void Here() => threads.Add(Environment.CurrentManagedThreadId);

        async Task<int> Inner(int n)
        {
            Here();
            await sim.Delay(SimDuration.FromNanoseconds(n));
            Here();
            if (n > 0)
                n += await Inner(n - 1);
            Here();
            return n;
        }

        var sums = new List<int>();
        for (var i = 0; i < 8; i++)
        {
            var n = i;
            sim.Start($"p{i}", async () =>
            {
                var both = await Task.WhenAll(Inner(n), Inner(n + 1));
                Here();
                await Task.Yield();
                Here();
                sums.Add(both[0] + both[1]);
            });
        }
        sim.Run();
        Assert.That(sums, Is.EqualTo(new[] { 1, 4, 9, 16, 25, 36, 49, 64 }));
        Assert.That(threads, Is.EqualTo(new[] { Environment.CurrentManagedThreadId }));
    }

    [Test]
    public void An_exception_in_a_process_surfaces_from_Run_with_its_name_and_time([Values] bool inNestedCall)
    {
        var sim = new Simulator();
        async Task Fail()
        {
            await sim.Delay(SimDuration.FromNanoseconds(3));
            throw new FormatException("bad reply");
        }
        sim.Start("vfio driver", inNestedCall ? (async () => await Fail()) : Fail);
        var error = Assert.Throws<SimProcessException>(() => sim.Run());
        Assert.That(error!.ProcessName, Is.EqualTo("vfio driver"));
        Assert.That(error.Time, Is.EqualTo(SimTime.FromNanoseconds(3)));
        Assert.That(error.InnerException, Is.TypeOf<FormatException>());
        Assert.That(error.Message, Does.Contain("vfio driver").And.Contain("3ns").And.Contain("bad reply"));
    }

    [Test]
    public void An_exception_before_the_first_await_surfaces_too()
    {
        var sim = new Simulator();
        sim.Start("hasty", () => throw new FormatException());
        Assert.Throws<SimProcessException>(() => sim.Run());
    }

    [Test]
    public void A_process_that_never_ends_is_listed_by_name()
    {
        var sim = new Simulator();
        var never = new SimCompletion<int>();
        sim.Start("waits for a reply", async () => await never);
        sim.Start("ends", async () => await sim.Delay(SimDuration.Zero));
        sim.Run();
        Assert.That(sim.RunningProcesses, Is.EqualTo(new[] { "waits for a reply" }));
    }

    [Test]
    public void A_completion_resumes_its_process_inside_Set()
    {
        var sim = new Simulator();
        var done = new SimCompletion<string>();
        var log = new List<string>();
        sim.Start("driver", async () => log.Add(await done));
        new SimEvent(sim, () =>
        {
            done.Set("reply");
            log.Add("after set");
        }).ScheduleAt(SimTime.FromNanoseconds(7));
        sim.Run();
        Assert.That(log, Is.EqualTo(new[] { "reply", "after set" }));
        Assert.Throws<InvalidOperationException>(() => done.Set("again"));
        done.Reset();
        Assert.That(done.IsSet, Is.False);
    }

    [Test]
    public void A_second_process_waiting_for_one_completion_is_told_so()
    {
        var sim = new Simulator();
        var done = new SimCompletion<int>();
        sim.Start("first", async () => await done);
        sim.Start("second", async () => await done);
        var error = Assert.Throws<SimProcessException>(() => sim.Run());
        Assert.That(error!.ProcessName, Is.EqualTo("second"));
    }

    [TestCase(5, true)]
    [TestCase(20, false)]
    public void A_wait_with_a_timeout_ends_by_whichever_comes_first(int replyAt, bool expected)
    {
        var sim = new Simulator();
        var done = new SimCompletion<int>();
        var results = new List<(bool, SimTime)>();
        sim.Start("driver", async () => results.Add((await done.Within(sim, SimDuration.FromNanoseconds(10)), sim.Now)));
        new SimEvent(sim, () => done.Set(1)).ScheduleAt(SimTime.FromNanoseconds(replyAt));
        sim.Run();
        Assert.That(results, Is.EqualTo(new[] { (expected, SimTime.FromNanoseconds(expected ? 5 : 10)) }));
        Assert.That(sim.Now, Is.EqualTo(SimTime.FromNanoseconds(replyAt)), "a timeout that was not needed holds nothing up");
    }

    [Test]
    public void A_signal_releases_all_who_wait_and_nobody_twice()
    {
        var sim = new Simulator();
        var signal = new SimSignal();
        var log = new List<string>();
        foreach (var name in new[] { "a", "b" })
        {
            sim.Start(name, async () =>
            {
                await signal;
                log.Add(name + 1);
                await signal;
                log.Add(name + 2);
            });
        }
        new SimEvent(sim, signal.Release).ScheduleAt(SimTime.FromNanoseconds(1));
        sim.RunUntil(SimTime.FromNanoseconds(2));
        Assert.That(log, Is.EqualTo(new[] { "a1", "b1" }));
        Assert.That(signal.WaiterCount, Is.EqualTo(2));
    }

    [Test]
    public void Awaiting_something_from_another_thread_is_an_error_and_not_a_race()
    {
        var sim = new Simulator();
        var foreign = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        sim.Start("confused", async () => await foreign.Task);
        SimEvent tick = null!;
        tick = new SimEvent(sim, () => tick.ScheduleAfter(SimDuration.FromNanoseconds(1)));
        tick.ScheduleAt(SimTime.Zero);
        var other = new Thread(() => foreign.SetResult());
        new SimEvent(sim, other.Start).ScheduleAt(SimTime.FromNanoseconds(1));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Assert.Throws<InvalidOperationException>(() => sim.Run(limit.Token));
        other.Join();
    }
}
