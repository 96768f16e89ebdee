using NUnit.Framework;
using Sim.Core;
using Sim.Vfio.Migration;

namespace Sim.Vfio.Tests.Migration;

public sealed class MigrationRegionV1Tests
{
    private const MigrationV1Bits ErrorBits = MigrationV1Bits.Saving | MigrationV1Bits.Resuming;

    private static readonly MigrationFeatures[] FeatureSets =
    [
        MigrationFeatures.StopCopy, MigrationFeatures.StopCopy | MigrationFeatures.P2P,
        MigrationFeatures.StopCopy | MigrationFeatures.PreCopy,
        MigrationFeatures.StopCopy | MigrationFeatures.P2P | MigrationFeatures.PreCopy,
    ];

    private Simulator _sim = null!;
    private ScriptedDriver _driver = null!;
    private VfioMigration _migration = null!;

    /// <summary>All pairs of the sixteen combinations, for every feature set, with and without NDMA: what may be written is reached, and
    /// what may not changes nothing.</summary>
    [Test]
    public void Every_pair_of_combinations_follows_the_table(
        [Values] bool ndma, [ValueSource(nameof(FeatureSets))] MigrationFeatures features) =>
        Run(features, async () =>
        {
            for (var from = 0; from < 16; from++)
                for (var to = 0; to < 16; to++)
                {
                    await _migration.ResetDoneAsync();
                    var region = new MigrationRegionV1(_migration, hasNdma: ndma);
                    if (await region.WriteStateAsync((MigrationV1Bits)from) != Errno.None) continue;
                    var allowed = MigrationV1.CanWrite((MigrationV1Bits)from, (MigrationV1Bits)to, region.HasNdma);
                    Assert.That(await region.WriteStateAsync((MigrationV1Bits)to), Is.EqualTo(allowed ? Errno.None : Errno.EINVAL));
                    Assert.That(region.State, Is.EqualTo((MigrationV1Bits)(allowed ? to : from)), $"{from:b4} -> {to:b4}");
                    var runs = region.State.HasFlag(MigrationV1Bits.Running);
                    Assert.That(VfioMigration.RespondsToMmio(_migration.State), Is.EqualTo(runs), $"{from:b4} -> {to:b4}");
                }
        });

    [Test]
    public void Failing_any_arc_of_any_write_leaves_the_old_state_or_error([ValueSource(nameof(FeatureSets))] MigrationFeatures features) =>
        Run(features, async () =>
        {
            foreach (var leaves in new MigrationState?[] { null, MigrationState.Error })
                for (var from = 0; from < 16; from++)
                    for (var to = 0; to < 16; to++)
                        for (var arc = 1; arc <= 4; arc++)
                        {
                            (_driver.FailAfter, _driver.Leaves) = (0, leaves);
                            await _migration.ResetDoneAsync();
                            var region = new MigrationRegionV1(_migration, hasNdma: true);
                            if (await region.WriteStateAsync((MigrationV1Bits)from) != Errno.None) continue;
                            _driver.FailAfter = arc;
                            var error = await region.WriteStateAsync((MigrationV1Bits)to);
                            MigrationV1Bits[] legal = error == Errno.None ? [(MigrationV1Bits)to] : [(MigrationV1Bits)from, ErrorBits];
                            Assert.That(legal, Does.Contain(region.State), $"{from:b4} -> {to:b4}, arc {arc}");
                        }
        });

    [Test]
    public void A_freeze_that_fails_is_seen_at_the_state_write() => Run(FeatureSets[1], async () =>
    {
        var region = new MigrationRegionV1(_migration);
        _driver.FailOn = (MigrationState.RunningP2P, MigrationState.Stop);
        Assert.That(await region.WriteStateAsync(MigrationV1Bits.Saving), Is.EqualTo(Errno.EBUSY));
        Assert.That(region.State, Is.EqualTo(MigrationV1Bits.Running));
        Assert.That(_migration.State, Is.EqualTo(MigrationState.Running), "and the device runs on");
    });

    [Test]
    public void A_lazy_freeze_that_fails_is_seen_at_the_read_of_pending_bytes() => Run(FeatureSets[1], async () =>
    {
        var region = new MigrationRegionV1(_migration, V1Freeze.AtFirstPendingRead);
        _driver.FailOn = (MigrationState.RunningP2P, MigrationState.Stop);
        Assert.That(await region.WriteStateAsync(MigrationV1Bits.Saving), Is.EqualTo(Errno.None));
        Assert.That((await region.ReadPendingBytesAsync()).Error, Is.EqualTo(Errno.EBUSY));
        Assert.That(region.State, Is.EqualTo(ErrorBits));
        Assert.That(await region.WriteStateAsync(MigrationV1Bits.Running), Is.EqualTo(Errno.EINVAL), "only a reset leaves it");
    });

    [Test]
    public void Data_is_read_while_saving_and_written_while_resuming() => Run(FeatureSets[0], async () =>
    {
        var region = new MigrationRegionV1(_migration);
        var buffer = new byte[8];
        Assert.That((await region.ReadPendingBytesAsync()).Error, Is.EqualTo(Errno.EINVAL));
        await region.WriteStateAsync(MigrationV1Bits.Saving);
        Assert.That(await region.ReadPendingBytesAsync(), Is.EqualTo((Errno.None, 4ul)));
        Assert.That(await region.ReadDataAsync(buffer), Is.EqualTo(new FileResult(Errno.None, 4)));
        Assert.That((await region.WriteDataAsync(buffer)).Error, Is.EqualTo(Errno.EINVAL));
        await region.WriteStateAsync(MigrationV1Bits.Resuming);
        Assert.That(await region.WriteDataAsync(buffer), Is.EqualTo(new FileResult(Errno.None, 8)));
        Assert.That((await region.ReadDataAsync(buffer)).Error, Is.EqualTo(Errno.EINVAL));
    });

    private void Run(MigrationFeatures features, Func<Task> test)
    {
        _sim = new();
        _driver = new(features);
        _migration = new(_sim, _driver);
        var done = _sim.Start("test", test);
        _sim.Run();
        Assert.That(done.IsCompletedSuccessfully, Is.True, "the test process did not end");
    }

    private sealed class ScriptedDriver(MigrationFeatures features) : IVariantDriver
    {
        private MigrationFile? _file;

        public string Name => "scripted_vfio_pci";

        public MigrationFeatures Features => features;

        /// <summary>Which arc from now on fails, counted from 1; 0 for none.</summary>
        public int FailAfter { get; set; }

        public (MigrationState From, MigrationState To)? FailOn { get; set; }

        public MigrationState? Leaves { get; set; }

        public Task<MigrationFile?> StepAsync(MigrationState from, MigrationState to)
        {
            if (FailOn == (from, to) || (FailAfter > 0 && --FailAfter == 0)) throw new MigrationStepException(Errno.EBUSY, Leaves);
            if (to == MigrationState.Resuming) return Opened(MigrationFile.ForResuming(_ => Task.FromResult(Errno.None)));
            if (to is MigrationState.PreCopy or MigrationState.PreCopyP2P
                && from is MigrationState.Running or MigrationState.RunningP2P)
                return Opened(MigrationFile.ForPreCopy(() => Task.FromResult(default(PreCopyInfo))));
            if ((from, to) != (MigrationState.Stop, MigrationState.StopCopy)) return Task.FromResult<MigrationFile?>(null);
            var file = MigrationFile.ForSaving();
            file.Append([1, 2, 3, 4]);
            file.Complete();
            return Opened(file);
        }

        public void ResetDone() => _file?.Disable();

        private Task<MigrationFile?> Opened(MigrationFile file) => Task.FromResult<MigrationFile?>(_file = file);
    }
}
