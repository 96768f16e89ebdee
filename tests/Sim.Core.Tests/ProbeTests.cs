namespace Sim.Core.Tests;

public sealed class ProbeTests
{
    [Test]
    public void A_probe_shows_values_to_its_observers_only_while_they_watch()
    {
        var probe = new Probe<int>();
        var log = new List<string>();
        Assert.That(probe.IsObserved, Is.False);
        probe.Emit(SimTime.Zero, 1);
        var first = probe.Subscribe((SimTime time, in int value) => log.Add($"first {value}@{time}"));
        var second = probe.Subscribe((SimTime time, in int value) => log.Add($"second {value}@{time}"));
        probe.Emit(SimTime.FromNanoseconds(2), 2);
        first.Dispose();
        first.Dispose();
        probe.Emit(SimTime.FromNanoseconds(3), 3);
        second.Dispose();
        Assert.That(probe.IsObserved, Is.False);
        Assert.That(log, Is.EqualTo(new[] { "first 2@2ns", "second 2@2ns", "second 3@3ns" }));
    }
}
