using NUnit.Framework;
using Sim.Core;
using Sim.Mlx5.Device;
using Sim.Mlx5.Spec;
using Sim.Mlx5.Tests.Device;
using Sim.Vfio;
using Sim.Vfio.Migration;
using static Sim.Vfio.Migration.MigrationState;

namespace Sim.Mlx5.Tests.Driver;

/// <summary>PRE_COPY: images of a VF that runs, and what changed since.</summary>
public sealed class PreCopyTests
{
    private static readonly SimDuration While = SimDuration.FromMicroseconds(50);

    [Test]
    public void Images_saved_under_way_and_the_last_one_add_up_to_the_state_of_the_stopped_VF()
    {
        var (source, user) = WorkTests.Opened();
        byte[] stream = [], truth = [];
        List<int> images = [];
        source.Run(async () =>
        {
            var migration = await MigrationTests.OpenAsync(source);
            var file = (await migration.SetStateAsync(PreCopy)).File!;
            Assert.That(await file.GetPreCopyInfoAsync(), Is.EqualTo(new PreCopyInfo(Errno.None, 24, 0)), "the size record comes first");
            var all = new MemoryStream();
            images.Add(await DrainAsync(file, all, Errno.ENOMSG));
            for (var i = 0; i < 3; i++)
            {
                user.PostWrite(i, 512, (byte)i);
                await user.Queue.RingAsync();
                await source.Sim.Delay(While);
                var info = await file.GetPreCopyInfoAsync();
                Assert.That(info.DirtyBytes, Is.GreaterThan(0).And.LessThan((ulong)images[0]));
                await source.Sim.Delay(While);
                images.Add(await DrainAsync(file, all, Errno.ENOMSG));
            }

            Assert.That((await file.GetPreCopyInfoAsync()).DirtyBytes, Is.Zero, "nothing has changed since");
            await migration.SetStateAsync(StopCopy);
            Assert.That((await file.GetPreCopyInfoAsync()).Error, Is.EqualTo(Errno.EINVAL));
            images.Add(await DrainAsync(file, all, Errno.None));
            stream = all.ToArray();
            truth = source.Vf.SaveImage();
        });
        Assert.That(images[1..4], Has.All.GreaterThan(0).And.All.LessThan(images[0] / 2), "increments are small");
        var destination = new TestHost().Boot();
        destination.Run(() => MigrationTests.LoadAsync(destination, stream));
        Assert.That(destination.Vf.SaveImage(), Is.EqualTo(truth));
    }

    [Test]
    public void Pre_copy_can_be_given_up_and_begun_again()
    {
        var (host, user) = WorkTests.Opened();
        host.Run(async () =>
        {
            var migration = await MigrationTests.OpenAsync(host);
            var first = (await migration.SetStateAsync(PreCopy)).File!;
            Assert.That((await migration.SetStateAsync(Running)).Error, Is.EqualTo(Errno.None));
            Assert.That((await first.ReadAsync(new byte[10])).Error, Is.EqualTo(Errno.ENODEV));
            user.PostWrite(0, 64, 1);
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
            Assert.That(user.Queue.TryTake(out _), Is.True, "the VF ran all the time");
            Assert.That((await migration.SetStateAsync(PreCopyP2P)).Error, Is.EqualTo(Errno.None));
            Assert.That((await migration.SetStateAsync(StopCopy)).Error, Is.EqualTo(Errno.None));
        });
    }

    [Test]
    public void An_increment_without_the_image_before_it_is_refused()
    {
        var (source, user) = WorkTests.Opened();
        byte[] last = [];
        source.Run(async () =>
        {
            var migration = await MigrationTests.OpenAsync(source);
            var file = (await migration.SetStateAsync(PreCopy)).File!;
            await DrainAsync(file, new MemoryStream(), Errno.ENOMSG);
            user.PostWrite(0, 64, 1);
            await user.Queue.RingAsync();
            await source.Sim.Delay(While);
            await migration.SetStateAsync(StopCopy);
            var all = new MemoryStream();
            await DrainAsync(file, all, Errno.None);
            last = all.ToArray();
        });
        var destination = new TestHost().Boot();
        destination.Run(async () =>
        {
            var file = (await (await MigrationTests.OpenAsync(destination)).SetStateAsync(Resuming)).File!;
            Assert.That((await file.WriteAsync(last)).Error, Is.EqualTo(Errno.EINVAL));
        });
    }

    [Test]
    public void A_device_without_incremental_images_does_not_offer_it()
    {
        var host = new TestHost(new Mlx5Options { IncrementalImages = false, PageTracking = false }).Boot();
        host.Run(async () =>
        {
            var migration = await MigrationTests.OpenAsync(host);
            Assert.That(migration.Features, Is.EqualTo(MigrationFeatures.StopCopy | MigrationFeatures.P2P));
            Assert.That(migration.Driver.DirtyLog, Is.Null);
        });
    }

    /// <summary>Every command of every arc out of PRE_COPY fails once: the device is where the uAPI says it is, and goes on.</summary>
    [Test]
    public void Whatever_command_fails_the_state_is_one_from_which_the_device_goes_on()
    {
        var (host, _) = WorkTests.Opened();
        CommandOpcode[] opcodes = [CommandOpcode.SuspendVhca, CommandOpcode.QueryVhcaMigrationState, CommandOpcode.SaveVhcaState];
        foreach (var failing in opcodes)
        {
            for (var nth = 0; nth < 3; nth++)
            {
                host.Run(async () =>
                {
                    var migration = await MigrationTests.OpenAsync(host);
                    var left = nth;
                    host.Pf.CommandFault = (opcode, _) =>
                        opcode == failing && left-- == 0 ? CommandStatus.InternalError : CommandStatus.Ok;
                    await migration.SetStateAsync(PreCopy);
                    await host.Sim.Delay(While);
                    await migration.SetStateAsync(StopCopy);
                    host.Pf.CommandFault = null;
                    var back = await migration.SetStateAsync(Running);

                    // EIO tells that an image was lost on the way; the arc was gone all the same, and the next one can be.
                    if (back.Error == Errno.EIO) back = await migration.SetStateAsync(Running);
                    Assert.That(back, Is.EqualTo(new SetStateResult(Errno.None, Running, null)), $"{failing} {nth}");
                    Assert.That((host.Vf.InitiatorSuspended, host.Vf.ResponderSuspended), Is.EqualTo((false, false)));
                });
            }
        }
    }

    private static async Task<int> DrainAsync(MigrationFile file, MemoryStream all, Errno end)
    {
        var (chunk, bytes) = (new byte[1000], 0);
        while (true)
        {
            var read = await file.ReadAsync(chunk);
            if (read.Bytes == 0)
            {
                Assert.That(read.Error, Is.EqualTo(end));
                return bytes;
            }

            all.Write(chunk, 0, read.Bytes);
            bytes += read.Bytes;
        }
    }
}
