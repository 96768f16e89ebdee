using Scenarios.Model;
using Scenarios.Output;
using Scenarios.Platforms;
using Scenarios.Results;
using Scenarios.Running;
using Sim.Core;

namespace Scenarios.Tests.Shipped;

/// <summary>The same seed and script give the same bytes, whether anybody looks or not.</summary>
internal sealed class DeterminismTests
{
    private static ScriptFile Some
    {
        get
        {
            var file = Scripts.MainScript();
            bool Chosen(ResolvedScript v) => v.Variant.Name.EndsWith("native-aer / today", StringComparison.Ordinal);
            return file with { Variants = [.. file.Variants.Where(Chosen)] };
        }
    }

    [Test]
    public void Two_runs_leave_the_same_files()
    {
        var (one, two) = (Simulated.Files(Simulated.Run(Some)), Simulated.Files(Simulated.Run(Some)));
        Assert.That(two.Keys, Is.EqualTo(one.Keys));
        foreach (var (name, text) in one) Assert.That(two[name], Is.EqualTo(text), name);
    }

    [Test]
    public void Observing_the_trace_changes_nothing_but_the_trace()
    {
        var (traced, plain) = (Simulated.Run(Some), Simulated.Run(Some, trace: false));
        Assert.That(plain.Variants.Sum(v => v.Result.Tlps.Count), Is.Zero);
        Assert.That(ResultsJson.Of(plain, []).ToString(), Is.EqualTo(ResultsJson.Of(traced, []).ToString()));
        var lines = EventsJson.Of(traced).Split('\n').Where(l => !l.Contains("\"event\":\"tlp\"", StringComparison.Ordinal));
        Assert.That(EventsJson.Of(plain).Split('\n'), Is.EqualTo(lines));
    }

    [Test]
    public void A_trace_is_the_same_beside_the_simulation_and_in_turn_with_it()
    {
        var (inTurn, beside) = (Run(jobs: 1), Run(jobs: 64));
        Assert.That(EventsJson.Of(beside) == EventsJson.Of(inTurn), Is.True);
        Assert.That(beside.Variants.Select(v => v.Result.TlpCount), Is.EqualTo(inTurn.Variants.Select(v => v.Result.TlpCount)));

        static ScenarioResult Run(int jobs) => new ScenarioRunner(new SimulatedVariants(), jobs).Run(Some, CancellationToken.None);
    }

    [TestCaseSource(typeof(Simulated), nameof(Simulated.Names))]
    public void The_reference_heap_gives_every_script_the_same_trace(string name)
    {
        var shipped = Simulated.Shipped(name);
        var reference = Simulated.Run(shipped.File, queue: EventQueueKind.ReferenceHeap);
        Assert.That(EventsJson.Of(reference) == EventsJson.Of(shipped), Is.True, "every TLP, access, error and interrupt at its time");
        Assert.That(ResultsJson.Of(reference, []).ToString(), Is.EqualTo(ResultsJson.Of(shipped, []).ToString()));
    }

    [Test]
    public void The_five_devices_of_the_main_scenario_are_among_them() =>
        Assert.That(Some.Variants.Select(v => v.Variant.Coordinates[0].Value),
            Is.EqualTo(new[] { "mlx5", "ur-without-aer", "ur-with-aer", "harmed", "dma-queue" }));
}
