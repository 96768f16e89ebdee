using NUnit.Framework;
using Sim.Vfio.Migration;
using static Sim.Vfio.Migration.MigrationState;

namespace Sim.Vfio.Tests.Migration;

public sealed class MigrationArcsTests
{
    private const MigrationFeatures AllFeatures = MigrationFeatures.StopCopy | MigrationFeatures.P2P | MigrationFeatures.PreCopy;

    private static readonly MigrationFeatures[] FeatureSets =
    [
        MigrationFeatures.None, MigrationFeatures.StopCopy, MigrationFeatures.StopCopy | MigrationFeatures.P2P,
        MigrationFeatures.StopCopy | MigrationFeatures.PreCopy, AllFeatures,
    ];

    private static readonly MigrationState[] States = Enum.GetValues<MigrationState>();

    private static readonly MigrationState[] SavingGroup = [StopCopy, PreCopy, PreCopyP2P];

    [TestCase("PreCopy Running RunningP2P Stop")]
    [TestCase("PreCopy PreCopyP2P StopCopy")]
    [TestCase("PreCopy Running RunningP2P Stop Resuming")]
    [TestCase("Running RunningP2P Stop StopCopy")]
    [TestCase("Resuming Stop RunningP2P Running")]
    [TestCase("Resuming Stop RunningP2P PreCopyP2P")]
    [TestCase("Stop RunningP2P Running PreCopy")]
    [TestCase("StopCopy Stop RunningP2P Running")]
    [TestCase("RunningP2P Running PreCopy")]
    [TestCase("PreCopy Running RunningP2P")]
    public void With_every_feature_the_way_is_the_one_the_uAPI_names(string path)
    {
        var expected = path.Split(' ').Select(Enum.Parse<MigrationState>).ToArray();
        Assert.That(MigrationArcs.Path(expected[0], expected[^1], AllFeatures), Is.EqualTo(expected));
    }

    [TestCase("Running Stop", MigrationFeatures.StopCopy)]
    [TestCase("Running Stop StopCopy", MigrationFeatures.StopCopy)]
    [TestCase("Resuming Stop Running", MigrationFeatures.StopCopy)]
    [TestCase("PreCopy StopCopy", MigrationFeatures.StopCopy | MigrationFeatures.PreCopy)]
    [TestCase("PreCopy Running Stop", MigrationFeatures.StopCopy | MigrationFeatures.PreCopy)]
    [TestCase("Stop Running PreCopy", MigrationFeatures.StopCopy | MigrationFeatures.PreCopy)]
    [TestCase("Running RunningP2P Stop", MigrationFeatures.StopCopy | MigrationFeatures.P2P)]
    public void States_the_device_lacks_are_skipped(string path, MigrationFeatures features)
    {
        var expected = path.Split(' ').Select(Enum.Parse<MigrationState>).ToArray();
        Assert.That(MigrationArcs.Path(expected[0], expected[^1], features), Is.EqualTo(expected));
    }

    [Test]
    public void Nothing_leads_from_stop_copy_back_to_pre_copy() => Assert.Multiple(() =>
    {
        Assert.That(MigrationArcs.NextState(StopCopy, PreCopy, AllFeatures), Is.Null);
        Assert.That(MigrationArcs.NextState(StopCopy, PreCopyP2P, AllFeatures), Is.Null);
    });

    [Test]
    public void Error_is_neither_a_target_nor_left_by_any_arc() => Assert.Multiple(() =>
    {
        foreach (var state in States)
        {
            Assert.That(MigrationArcs.NextState(Error, state, AllFeatures), Is.Null, $"ERROR -> {state}");
            Assert.That(MigrationArcs.NextState(state, Error, AllFeatures), Is.Null, $"{state} -> ERROR");
        }
    });

    /// <summary>The whole table, all pairs and feature sets, against the uAPI's rules applied by search instead of by table.</summary>
    [TestCaseSource(nameof(FeatureSets))]
    public void Every_pair_of_states_goes_the_way_the_rules_give(MigrationFeatures features) => Assert.Multiple(() =>
    {
        foreach (var from in States)
            foreach (var to in States)
                Assert.That(MigrationArcs.Path(from, to, features), Is.EqualTo(ByRules(from, to, features)), $"{from} -> {to}, {features}");
    });

    /// <summary>
    /// The uAPI's rules: direct arcs; a combination takes the shortest path; no saving-group state inside it, except on a path that stays
    /// in the saving group; nothing from STOP_COPY back to pre-copy; an optional state the device lacks is left out of the path found
    /// with every feature.
    /// </summary>
    private static MigrationState[]? ByRules(MigrationState from, MigrationState to, MigrationFeatures features)
    {
        if (from == Error || to == Error || !Offers(from, features) || !Offers(to, features)) return null;
        if (from == StopCopy && (to is PreCopy or PreCopyP2P)) return null;
        List<MigrationState[]> paths = [[from]];
        for (var length = 0; length <= States.Length; length++)
        {
            var found = paths.Where(p => p[^1] == to).ToArray();
            if (found.Length > 0)
            {
                Assert.That(found, Has.Length.EqualTo(1), $"the rules leave {from} -> {to} ambiguous");
                return [.. found[0].Where(s => Offers(s, features))];
            }

            paths = [.. from p in paths from a in Arcs where a.From == p[^1] && MayEnter(a.To) select (MigrationState[])[.. p, a.To]];
        }

        return null;

        bool MayEnter(MigrationState next) =>
            next == to || !SavingGroup.Contains(next) || (SavingGroup.Contains(from) && SavingGroup.Contains(to));
    }

    private static readonly (MigrationState From, MigrationState To)[] Arcs =
    [
        (Running, RunningP2P), (RunningP2P, Running), (RunningP2P, Stop), (Stop, RunningP2P), (Stop, StopCopy), (StopCopy, Stop),
        (Stop, Resuming), (Resuming, Stop), (Running, PreCopy), (PreCopy, Running), (PreCopy, PreCopyP2P), (PreCopyP2P, PreCopy),
        (RunningP2P, PreCopyP2P), (PreCopyP2P, RunningP2P), (PreCopyP2P, StopCopy),
    ];

    private static bool Offers(MigrationState state, MigrationFeatures features) =>
        features.HasFlag(MigrationFeatures.StopCopy)
        && (state is not (RunningP2P or PreCopyP2P) || features.HasFlag(MigrationFeatures.P2P))
        && (state is not (PreCopy or PreCopyP2P) || features.HasFlag(MigrationFeatures.PreCopy));
}
