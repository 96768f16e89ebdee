using Scenarios.Running;
using Sim.Core;

namespace Scenarios.Tests;

public class ProgressMeterTests
{
    [Test]
    public void A_matrix_says_how_many_variants_are_done_how_fast_it_goes_and_what_is_left()
    {
        var meter = new ProgressMeter(40);
        Assert.That(meter.Words(TimeSpan.FromSeconds(2)), Is.EqualTo("0 of 40, 0 k events/s"), "nothing is known of the time left yet");
        meter.Done = 10;
        Assert.That(meter.Words(TimeSpan.FromSeconds(5)), Is.EqualTo("10 of 40, 0 k events/s, 15 s left"));
        meter.Done = 1;
        Assert.That(meter.Words(TimeSpan.FromSeconds(5)), Is.EqualTo("1 of 40, 0 k events/s, 00:03:15 left"));
    }

    [Test]
    public void A_single_run_says_how_far_its_simulated_time_is_and_all_simulations_count()
    {
        var meter = new ProgressMeter(1);
        for (var i = 0; i < 2; i++)
        {
            var sim = new Simulator();
            meter.Watch(sim);
            SimEvent? tick = null;
            tick = new SimEvent(sim, () => tick!.ScheduleAfter(SimDuration.FromNanoseconds(1)));
            tick.ScheduleAfter(SimDuration.FromNanoseconds(1));
            sim.RunUntil(SimTime.Zero + SimDuration.FromMicroseconds(1000));
        }

        Assert.That(meter.Words(TimeSpan.FromSeconds(1)), Does.Match(@"^at 99[0-9]\.\d+us, 2\.0 M events/s$"));
    }
}
