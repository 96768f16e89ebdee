using NUnit.Framework;
using Sim.Core;
using Sim.Vfio.Migration;

namespace Sim.Vfio.Tests.Migration;

public sealed class MigrationFileTests
{
    private readonly byte[] _buffer = new byte[4];

    [Test]
    public void Reading_gives_what_was_appended_and_then_the_end() => Run(async sim =>
    {
        var file = MigrationFile.ForSaving();
        file.Append([1, 2, 3, 4, 5]);
        file.Complete();
        Assert.That(await file.ReadAsync(_buffer), Is.EqualTo(new FileResult(Errno.None, 4)));
        Assert.That(_buffer, Is.EqualTo(new byte[] { 1, 2, 3, 4 }));
        Assert.That(await file.ReadAsync(_buffer), Is.EqualTo(new FileResult(Errno.None, 1)));
        Assert.That(await file.ReadAsync(_buffer), Is.EqualTo(new FileResult(Errno.None, 0)));
    });

    [Test]
    public void The_end_of_pre_copy_data_is_temporary() => Run(async sim =>
    {
        var file = MigrationFile.ForPreCopy(() => Task.FromResult(default(PreCopyInfo)));
        file.EndPreCopyData();
        Assert.That((await file.ReadAsync(_buffer)).Error, Is.EqualTo(Errno.ENOMSG));
        file.Append([7]);
        Assert.That((await file.ReadAsync(_buffer)).Bytes, Is.EqualTo(1));
    });

    [Test]
    public void Pre_copy_info_is_asked_of_the_driver_in_pre_copy_only() => Run(async sim =>
    {
        var file = MigrationFile.ForPreCopy(() => Task.FromResult(new PreCopyInfo(Errno.None, 64, 8)));
        Assert.That(await file.GetPreCopyInfoAsync(), Is.EqualTo(new PreCopyInfo(Errno.None, 64, 8)));
        file.EndPreCopy();
        Assert.That((await file.GetPreCopyInfoAsync()).Error, Is.EqualTo(Errno.EINVAL));
        file.Disable();
        Assert.That((await file.GetPreCopyInfoAsync()).Error, Is.EqualTo(Errno.ENODEV));
        Assert.That((await MigrationFile.ForSaving().GetPreCopyInfoAsync()).Error, Is.EqualTo(Errno.ENOTTY));
    });

    [Test]
    public void After_pre_copy_a_reader_waits_where_it_got_ENOMSG_before() => Run(async sim =>
    {
        var file = MigrationFile.ForPreCopy(() => Task.FromResult(default(PreCopyInfo)));
        file.EndPreCopyData();
        file.EndPreCopy();
        var read = file.ReadAsync(_buffer);
        await sim.Delay(SimDuration.FromMicroseconds(5));
        Assert.That(read.IsCompleted, Is.False);
        file.Complete();
        Assert.That(await read, Is.EqualTo(new FileResult(Errno.None, 0)));
    });

    [Test]
    public void A_reader_waits_for_a_driver_that_still_collects() => Run(async sim =>
    {
        var file = MigrationFile.ForSaving();
        var read = file.ReadAsync(_buffer);
        await sim.Delay(SimDuration.FromMicroseconds(5));
        Assert.That(read.IsCompleted, Is.False);
        file.Append([9]);
        Assert.That((await read).Bytes, Is.EqualTo(1));
    });

    [Test]
    public void A_disabled_file_answers_ENODEV_in_both_directions() => Run(async sim =>
    {
        var saving = MigrationFile.ForSaving();
        saving.Append([1]);
        saving.Disable();
        var resuming = MigrationFile.ForResuming(_ => Task.FromResult(Errno.None));
        resuming.Disable();
        Assert.That((await saving.ReadAsync(_buffer)).Error, Is.EqualTo(Errno.ENODEV));
        Assert.That((await resuming.WriteAsync(_buffer)).Error, Is.EqualTo(Errno.ENODEV));
    });

    [Test]
    public void Each_direction_refuses_the_other() => Run(async sim =>
    {
        Assert.That((await MigrationFile.ForSaving().WriteAsync(_buffer)).Error, Is.EqualTo(Errno.EINVAL));
        Assert.That((await MigrationFile.ForResuming(_ => Task.FromResult(Errno.None)).ReadAsync(_buffer)).Error, Is.EqualTo(Errno.EINVAL));
    });

    [Test]
    public void A_write_carries_the_drivers_error() => Run(async sim =>
        Assert.That(
            await MigrationFile.ForResuming(_ => Task.FromResult(Errno.EIO)).WriteAsync(_buffer),
            Is.EqualTo(new FileResult(Errno.EIO, 0))));

    private static void Run(Func<Simulator, Task> test)
    {
        var sim = new Simulator();
        var done = sim.Start("test", () => test(sim));
        sim.Run();
        Assert.That(done.IsCompletedSuccessfully, Is.True, "the test process did not end");
    }
}
