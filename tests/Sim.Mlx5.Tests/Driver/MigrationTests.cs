using NUnit.Framework;
using Sim.Core;
using Sim.Mlx5.Driver;
using Sim.Mlx5.Spec;
using Sim.Mlx5.Tests.Device;
using Sim.Vfio;
using Sim.Vfio.Migration;
using static Sim.Vfio.Migration.MigrationState;

namespace Sim.Mlx5.Tests.Driver;

public sealed class MigrationTests
{
    [Test]
    public void An_image_loads_into_another_host_byte_for_byte()
    {
        var (source, user) = WorkTests.Opened();
        byte[] stream = [];
        source.Run(async () =>
        {
            user.PostWrite(0, 64, 5);
            await user.Queue.RingAsync();
            await source.Sim.Delay(SimDuration.FromMicroseconds(20));
            stream = await SaveAsync(source);
        });
        var destination = new TestHost().Boot();
        byte[] again = [];
        destination.Run(async () =>
        {
            await LoadAsync(destination, stream);
            again = await SaveAsync(destination);
        });
        Assert.That(again, Is.EqualTo(stream));
        Assert.That(stream, Has.Length.GreaterThan(1000));
    }

    [Test]
    public void An_image_moves_with_the_Requester_ID_of_the_PF()
    {
        var (host, user) = WorkTests.Opened();
        var pf = 0;
        var vf = 0;
        host.Run(async () =>
        {
            await SuspendTests.Stop(host);
            using var seen = host.Root.Memory.Written.Subscribe((SimTime _, in Sim.Pcie.Topology.MemoryWrite write) =>
            {
                if (write.Requester == host.KernelPf.Id) pf += write.Bytes;
                if (write.Requester == user.Function.Id) vf += write.Bytes;
            });
            await SuspendTests.Start(host);
            var stream = await SaveAsync(host);
            Assert.That(pf, Is.GreaterThan(stream.Length));
        });
        Assert.That(vf, Is.Zero);
        Assert.That(host.Iommu.Faults.Count, Is.Zero);
    }

    [Test]
    public void A_damaged_image_is_refused_and_changes_nothing()
    {
        var (source, _) = WorkTests.Opened();
        byte[] stream = [];
        source.Run(async () => stream = await SaveAsync(source));
        stream[200] ^= 1;
        var destination = new TestHost().Boot();
        var before = destination.Vf.SaveImage();
        destination.Run(async () =>
        {
            var migration = await OpenAsync(destination);
            var file = (await migration.SetStateAsync(Resuming)).File!;
            Assert.That((await file.WriteAsync(stream)).Error, Is.EqualTo(Errno.EINVAL));
        });
        Assert.That(destination.Vf.SaveImage(), Is.EqualTo(before));
    }

    [Test]
    public void An_unknown_record_is_skipped_if_it_is_optional()
    {
        var host = new TestHost().Boot();
        host.Run(async () =>
        {
            var migration = await OpenAsync(host);
            var file = (await migration.SetStateAsync(Resuming)).File!;
            var record = new byte[VhcaImageRecord.HeaderSize + 8];
            VhcaImageRecord.Write(record, 8, VhcaImageRecord.Optional, 99);
            Assert.That((await file.WriteAsync(record)).Error, Is.EqualTo(Errno.None));
            VhcaImageRecord.Write(record, 8, 0, 99);
            Assert.That((await file.WriteAsync(record)).Error, Is.EqualTo(Errno.EOPNOTSUPP));
        });
    }

    [Test]
    public void A_failing_responder_suspension_leaves_RUNNING_P2P()
    {
        var (host, _) = WorkTests.Opened();
        host.Run(async () =>
        {
            var migration = await OpenAsync(host);
            host.Pf.CommandFault = (opcode, opMod) => (opcode, opMod) == (CommandOpcode.SuspendVhca, VhcaCommands.SuspendResponder)
                ? CommandStatus.InternalError
                : CommandStatus.Ok;
            Assert.That((await migration.SetStateAsync(Stop)).Error, Is.EqualTo(Errno.EIO));
            Assert.That(migration.State, Is.EqualTo(RunningP2P));
        });
    }

    [Test]
    public void A_detached_PF_gives_ENOTCONN_and_a_failed_save_ENODEV()
    {
        var (host, _) = WorkTests.Opened();
        host.Run(async () =>
        {
            var migration = await OpenAsync(host);
            host.Pf.CommandFault = (opcode, _) => opcode == CommandOpcode.SaveVhcaState ? CommandStatus.InternalError : CommandStatus.Ok;
            var saving = await migration.SetStateAsync(StopCopy);
            Assert.That(await saving.File!.ReadAsync(new byte[100]), Is.EqualTo(new FileResult(Errno.None, 24)), "the size record");
            Assert.That((await saving.File!.ReadAsync(new byte[100])).Error, Is.EqualTo(Errno.ENODEV));
            host.PfDriver.Detach();
            Assert.That((await migration.SetStateAsync(Running)).Error, Is.EqualTo(Errno.ENOTCONN));
        });
    }

    [Test]
    public void Two_VFs_save_side_by_side()
    {
        var host = new TestHost().Boot();
        var users = new[] { host.OpenVf(0), host.OpenVf(1) };
        host.Run(async () =>
        {
            foreach (var user in users) await user.OpenQueueAsync();
            var streams = await Task.WhenAll(SaveAsync(host, 0), SaveAsync(host, 1));
            Assert.That(streams[0], Is.Not.EqualTo(streams[1]));
        });
    }

    internal static async Task<VfioMigration> OpenAsync(TestHost host, int vf = 0) =>
        new(host.Sim, (await Mlx5MigrationDriver.ProbeAsync(host.Kernel, host.PfDriver, vf))!);

    private static async Task<byte[]> SaveAsync(TestHost host, int vf = 0)
    {
        var migration = await OpenAsync(host, vf);
        if (host.VfDevices[vf].ResponderSuspended) await SuspendTests.Start(host);
        var saving = await migration.SetStateAsync(StopCopy);
        Assert.That(saving.Error, Is.EqualTo(Errno.None));
        using var all = new MemoryStream();
        var chunk = new byte[1000];
        while (true)
        {
            var read = await saving.File!.ReadAsync(chunk);
            Assert.That(read.Error, Is.EqualTo(Errno.None));
            if (read.Bytes == 0) return all.ToArray();
            all.Write(chunk, 0, read.Bytes);
        }
    }

    internal static async Task LoadAsync(TestHost host, byte[] stream)
    {
        var migration = await OpenAsync(host);
        var file = (await migration.SetStateAsync(Resuming)).File!;
        for (var at = 0; at < stream.Length; at += 777)
            Assert.That((await file.WriteAsync(stream.AsMemory(at, Math.Min(777, stream.Length - at)))).Error, Is.EqualTo(Errno.None));
        Assert.That((await migration.SetStateAsync(Stop)).Error, Is.EqualTo(Errno.None));
    }
}
