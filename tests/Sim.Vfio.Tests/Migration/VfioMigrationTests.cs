using NUnit.Framework;
using Sim.Core;
using Sim.Vfio.Migration;
using static Sim.Vfio.Migration.MigrationState;

namespace Sim.Vfio.Tests.Migration;

public sealed class VfioMigrationTests
{
    private const MigrationFeatures AllFeatures = MigrationFeatures.StopCopy | MigrationFeatures.P2P | MigrationFeatures.PreCopy;

    private Simulator _sim = null!;
    private FakeDriver _driver = null!;
    private VfioMigration _migration = null!;

    [SetUp]
    public void SetUp()
    {
        _sim = new();
        _driver = new(_sim);
        _migration = new(_sim, _driver);
    }

    [Test]
    public void The_driver_gets_single_arcs_in_order() => Run(async () =>
    {
        var result = await _migration.SetStateAsync(StopCopy);
        Assert.That(_driver.Arcs, Is.EqualTo(new[] { (Running, RunningP2P), (RunningP2P, Stop), (Stop, StopCopy) }));
        Assert.That(result, Is.EqualTo(new SetStateResult(Errno.None, StopCopy, _driver.File)));
    });

    [Test]
    public void Where_there_is_no_way_nothing_happens() => Run(async () =>
    {
        await _migration.SetStateAsync(StopCopy);
        _driver.Arcs.Clear();
        Assert.That(await _migration.SetStateAsync(PreCopy), Is.EqualTo(new SetStateResult(Errno.EINVAL, StopCopy, null)));
        Assert.That(_driver.Arcs, Is.Empty);
    });

    [Test]
    public void A_failing_arc_leaves_the_state_where_it_began() => Run(async () =>
    {
        _driver.FailOn = (RunningP2P, Stop);
        Assert.That(await _migration.SetStateAsync(StopCopy), Is.EqualTo(new SetStateResult(Errno.EBUSY, RunningP2P, null)));
        Assert.That(_migration.State, Is.EqualTo(RunningP2P));
        _driver.FailOn = null;
        Assert.That((await _migration.SetStateAsync(Running)).State, Is.EqualTo(Running));
    });

    [Test]
    public void Failing_any_arc_of_any_walk_leaves_a_state_on_its_way_or_error() => Run(async () =>
    {
        foreach (var leaves in new MigrationState?[] { null, Error })
            foreach (var from in Enum.GetValues<MigrationState>())
                foreach (var to in Enum.GetValues<MigrationState>())
                {
                    var path = MigrationArcs.Path(from, to, AllFeatures);
                    for (var arc = 0; path is not null && arc < path.Count - 1; arc++)
                    {
                        _driver.FailOn = null;
                        await _migration.ResetDoneAsync();
                        if (MigrationArcs.NextState(Running, from, AllFeatures) is null) continue;
                        await _migration.SetStateAsync(from);
                        (_driver.FailOn, _driver.Leaves) = ((path[arc], path[arc + 1]), leaves);
                        var result = await _migration.SetStateAsync(to);
                        Assert.That(result.State, Is.EqualTo(leaves ?? path[arc]), $"{from} -> {to}, arc {arc}");
                        Assert.That(result.Error, Is.EqualTo(Errno.EBUSY));
                    }
                }
    });

    [Test]
    public void Only_a_reset_leaves_error() => Run(async () =>
    {
        (_driver.FailOn, _driver.Leaves) = ((Running, RunningP2P), Error);
        await _migration.SetStateAsync(Stop);
        Assert.That((await _migration.SetStateAsync(Running)).Error, Is.EqualTo(Errno.EINVAL));
        await _migration.ResetDoneAsync();
        Assert.That(_migration.State, Is.EqualTo(Running));
    });

    [Test]
    public void A_reset_kills_the_data_file() => Run(async () =>
    {
        var file = (await _migration.SetStateAsync(StopCopy)).File!;
        await _migration.ResetDoneAsync();
        Assert.That((await file.ReadAsync(new byte[4])).Error, Is.EqualTo(Errno.ENODEV));
    });

    [Test]
    public void A_reset_during_an_arc_takes_effect_after_it() => Run(async () =>
    {
        List<MigrationState> reached = [];
        using var seen = _migration.Stepped.Subscribe((SimTime _, in MigrationStep step) => reached.Add(step.To));
        var stopping = _migration.SetStateAsync(Stop);
        await _migration.ResetDoneAsync();
        Assert.That(reached, Is.EqualTo(new[] { RunningP2P, Stop, Running }));
        Assert.That((await stopping).State, Is.EqualTo(Stop));
    });

    [Test]
    public void Two_users_do_not_interleave_their_arcs() => Run(async () =>
    {
        var first = _migration.SetStateAsync(Stop);
        var second = _migration.SetStateAsync(Running);
        await first;
        await second;
        Assert.That(_driver.Arcs, Is.EqualTo(new[]
        {
            (Running, RunningP2P), (RunningP2P, Stop), (Stop, RunningP2P), (RunningP2P, Running),
        }));
    });

    [Test]
    public void Hooks_see_every_arc_from_both_sides() => Run(async () =>
    {
        List<string> seen = [];
        _migration.BeforeStep = (from, to) => Note($"before {from}>{to}");
        _migration.AfterStep = (from, to) => Note($"after {from}>{to}");
        await _migration.SetStateAsync(Stop);
        Assert.That(seen, Is.EqualTo(new[]
        {
            "before Running>RunningP2P", "after Running>RunningP2P", "before RunningP2P>Stop", "after RunningP2P>Stop",
        }));

        Task Note(string what)
        {
            seen.Add(what);
            return Task.CompletedTask;
        }
    });

    private void Run(Func<Task> test)
    {
        var done = _sim.Start("test", test);
        _sim.Run();
        Assert.That(done.IsCompletedSuccessfully, Is.True, "the test process did not end");
    }

    private sealed class FakeDriver(Simulator sim) : IVariantDriver
    {
        public string Name => "fake_vfio_pci";

        public MigrationFeatures Features => AllFeatures;

        public List<(MigrationState From, MigrationState To)> Arcs { get; } = [];

        public (MigrationState From, MigrationState To)? FailOn { get; set; }

        public MigrationState? Leaves { get; set; }

        public MigrationFile? File { get; private set; }

        public async Task<MigrationFile?> StepAsync(MigrationState from, MigrationState to)
        {
            Arcs.Add((from, to));
            await sim.Delay(SimDuration.FromMicroseconds(1));
            if (FailOn == (from, to)) throw new MigrationStepException(Errno.EBUSY, Leaves);
            return (from, to) == (Stop, StopCopy) ? File = MigrationFile.ForSaving() : null;
        }

        public void ResetDone() => File?.Disable();
    }
}
