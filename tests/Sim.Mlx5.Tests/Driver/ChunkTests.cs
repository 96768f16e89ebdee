using NUnit.Framework;
using Sim.Core;
using Sim.Mlx5.Device;
using Sim.Mlx5.Driver;
using Sim.Mlx5.Spec;
using Sim.Mlx5.Tests.Device;
using Sim.Vfio;
using Sim.Vfio.Migration;
using static Sim.Vfio.Migration.MigrationState;

namespace Sim.Mlx5.Tests.Driver;

/// <summary>Images that cross in chunks.</summary>
public sealed class ChunkTests
{
    private const int Chunk = 512;

    private static readonly Mlx5Options InChunks = new() { ImageChunk = Chunk };

    [TestCase(false)]
    [TestCase(true)]
    public void An_image_in_chunks_is_the_image(bool preCopy)
    {
        var (source, user) = WorkTests.Opened(new TestHost(InChunks));
        byte[] stream = [], truth = [];
        source.Run(async () =>
        {
            user.PostWrite(0, 64, 5);
            await user.Queue.RingAsync();
            await source.Sim.Delay(SimDuration.FromMicroseconds(20));
            stream = await SaveAsync(source, preCopy, async () =>
            {
                user.PostWrite(1, 512, 6);
                await user.Queue.RingAsync();
                await source.Sim.Delay(SimDuration.FromMicroseconds(50));
            });
            truth = source.Vf.SaveImage();
        });
        var sizes = ImageSizes(stream);
        Assert.That(sizes, Has.Count.GreaterThan(2).And.All.InRange(1, Chunk));
        Assert.That(sizes.Sum(), preCopy ? Is.GreaterThan(truth.Length) : Is.EqualTo(truth.Length));

        var destination = new TestHost(InChunks).Boot();
        destination.Run(() => MigrationTests.LoadAsync(destination, stream));
        Assert.That(destination.Vf.SaveImage(), Is.EqualTo(truth));
    }

    [Test]
    public void A_VF_with_half_an_image_does_not_run()
    {
        var (source, _) = WorkTests.Opened(new TestHost(InChunks));
        byte[] stream = [];
        source.Run(async () => stream = await SaveAsync(source, preCopy: false, () => Task.CompletedTask));
        var destination = new TestHost(InChunks).Boot();
        destination.Run(async () =>
        {
            var migration = await MigrationTests.OpenAsync(destination);
            var file = (await migration.SetStateAsync(Resuming)).File!;
            var half = stream.Length - VhcaImageRecord.HeaderSize - ImageSizes(stream)[^1];
            Assert.That((await file.WriteAsync(stream.AsMemory(0, half))).Error, Is.EqualTo(Errno.None));
            var resumed = await migration.SetStateAsync(Running);
            Assert.That((resumed.Error, resumed.State), Is.EqualTo((Errno.EINVAL, Stop)));
            Assert.That(destination.Vf.ResponderSuspended, Is.True);
        });
    }

    [Test]
    public void A_query_tells_the_first_chunk_and_all_and_a_save_the_next_one()
    {
        var (host, _) = WorkTests.Opened(new TestHost(InChunks));
        host.Run(async () =>
        {
            Assert.That((await host.PfDriver.QueryMigrationAsync()).InChunks, Is.True);
            await SuspendTests.Stop(host);
            var query = await host.PfDriver.Commands.ExecuteAsync(
                CommandInput.QueryMigration(host.Vf.VhcaId, incremental: false, inChunks: true), VhcaCommands.QueryOutputSize);
            var whole = (ulong)host.Vf.SaveImage().Length;
            Assert.That((VhcaCommands.RequiredSize.Get(query), VhcaCommands.RemainingTotal.Get(query)), Is.EqualTo(((uint)Chunk, whole)));
        });
    }

    [Test]
    public void Without_the_capability_a_query_in_chunks_is_refused()
    {
        var (host, _) = WorkTests.Opened();
        host.Run(async () =>
        {
            Assert.That((await host.PfDriver.QueryMigrationAsync()).InChunks, Is.False);
            var query = await host.PfDriver.Commands.TryExecuteAsync(
                CommandInput.QueryMigration(host.Vf.VhcaId, incremental: false, inChunks: true), VhcaCommands.QueryOutputSize);
            Assert.That(query.Status, Is.EqualTo(CommandStatus.BadParameter));
        });
    }

    private static async Task<byte[]> SaveAsync(TestHost host, bool preCopy, Func<Task> work)
    {
        var migration = await MigrationTests.OpenAsync(host);
        using var all = new MemoryStream();
        MigrationFile? file = null;
        if (preCopy)
        {
            file = (await migration.SetStateAsync(PreCopy)).File;
            await DrainAsync(Errno.ENOMSG);
            await work();
        }

        file = (await migration.SetStateAsync(StopCopy)).File ?? file;
        await DrainAsync(Errno.None);
        return all.ToArray();

        async Task DrainAsync(Errno end)
        {
            var piece = new byte[1000];
            while (true)
            {
                var read = await file!.ReadAsync(piece);
                if (read.Bytes == 0)
                {
                    Assert.That(read.Error, Is.EqualTo(end));
                    return;
                }

                all.Write(piece, 0, read.Bytes);
            }
        }
    }

    private static List<int> ImageSizes(byte[] stream)
    {
        List<int> sizes = [];
        for (var at = 0; at < stream.Length;)
        {
            var (size, _, tag) = VhcaImageRecord.Read(stream.AsSpan(at));
            if (tag == VhcaImageRecord.FirmwareImage) sizes.Add((int)size);
            at += VhcaImageRecord.HeaderSize + (int)size;
        }

        return sizes;
    }
}
