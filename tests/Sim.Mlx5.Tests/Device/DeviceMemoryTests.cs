using NUnit.Framework;
using Sim.Core;
using Sim.Mlx5.Device;
using Sim.Mlx5.Driver;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Tests.Device;

/// <summary>Device memory in the BAR, and peers that write there.</summary>
public sealed class DeviceMemoryTests
{
    private static readonly SimDuration While = SimDuration.FromMicroseconds(100);

    [Test]
    public void Only_what_is_allocated_holds_what_is_stored()
    {
        var (host, user) = WorkTests.Opened();
        host.Run(async () =>
        {
            var at = await AllocateAsync(user, 8192);
            Assert.That(at, Is.EqualTo(BarLayout.DeviceMemory));
            host.Root.Store(user.Bar + at + 8, 0x1122_3344_5566_7788, 8);
            host.Root.Store(user.Bar + at + 8192, 0x55, 8);
            Assert.That((await host.Root.LoadAsync(user.Bar + at + 8, 8)).Value, Is.EqualTo(0x1122_3344_5566_7788));
            Assert.That((await host.Root.LoadAsync(user.Bar + at + 8192, 8)).Value, Is.Zero);
            await user.Commands.ExecuteAsync(Free(at, 8192));
            Assert.That((await host.Root.LoadAsync(user.Bar + at + 8, 8)).Value, Is.Zero);
            Assert.That((await user.Commands.TryExecuteAsync(Free(at, 8192))).Status, Is.EqualTo(CommandStatus.BadResource));
            var tooMuch = await user.Commands.TryExecuteAsync(CommandInput.AllocMemic(1 << 20));
            Assert.That(tooMuch.Status, Is.EqualTo(CommandStatus.BadParameter));
        });
    }

    [Test]
    public void A_peer_writes_there_by_RDMA_to_the_BAR_as_its_IOMMU_maps_it()
    {
        var host = new TestHost(new Mlx5Options()).Boot();
        VfUser[] users = [host.OpenVf(0), host.OpenVf(1)];
        host.Run(async () =>
        {
            foreach (var user in users) await user.OpenQueueAsync();
            var target = users[1].Bar + await AllocateAsync(users[1], 4096);
            host.Root.Memory.Write(users[0].Source, Enumerable.Repeat((byte)0x5C, 256).ToArray());
            users[0].Queue.Post(WqeOpcode.RdmaWrite, users[0].Source, target, 256, users[0].Startup.Mkey);
            await users[0].Queue.RingAsync();
            await host.Sim.Delay(While);
            Assert.That((await host.Root.LoadAsync(target, 8)).Value, Is.Zero, "not mapped for the VF: the IOMMU blocks it");
            Assert.That(host.Iommu.Faults.Count, Is.GreaterThan(0));
        });
    }

    [Test]
    public void It_migrates_with_the_function()
    {
        var (host, user) = WorkTests.Opened();
        byte[] image = [];
        host.Run(async () =>
        {
            var at = await AllocateAsync(user, 4096);
            host.Root.Store(user.Bar + at + 64, 0xABCD, 8);
            await host.Sim.Delay(While);
            image = host.Vf.SaveImage();
        });
        var other = new TestHost().Boot();
        Assert.That(other.Vf.LoadImage(image), Is.True);
        Assert.That(other.Vf.SaveImage(), Is.EqualTo(image));
        Assert.That(other.Vf.DescribeImage(image), Has.One.Matches<(string Name, string Value)>(i => i.Name == "device memory+0x40"));
    }

    private static async Task<ulong> AllocateAsync(VfUser user, uint bytes) =>
        MemicCommands.Allocated.Get(await user.Commands.ExecuteAsync(CommandInput.AllocMemic(bytes)));

    private static byte[] Free(ulong at, uint bytes)
    {
        var input = CommandInput.Of(CommandOpcode.DeallocMemic, 0, MemicCommands.InputSize);
        MemicCommands.Start.Set(input, at);
        MemicCommands.Size.Set(input, bytes);
        return input;
    }
}
