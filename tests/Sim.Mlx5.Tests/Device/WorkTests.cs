using NUnit.Framework;
using Sim.Core;
using Sim.Mlx5.Driver;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Tests.Device;

public sealed class WorkTests
{
    [Test]
    public void An_RDMA_write_is_fetched_moved_completed_and_interrupts_once()
    {
        var host = new TestHost().Boot();
        var user = host.OpenVf();
        host.Run(async () =>
        {
            await user.OpenQueueAsync();
            user.PostWrite(0, 10_000, 0x5A);
            await user.Queue.RingAsync();
            await host.Sim.Delay(SimDuration.FromMicroseconds(50));
        });
        Assert.That(host.Iommu.Faults.Records, Is.Empty);
        Assert.That(user.Result(0, 10_000), Has.All.EqualTo(0x5A));
        Assert.That(user.Queue.TryTake(out var completion), Is.True);
        Assert.That(completion, Is.EqualTo(new WorkCompletion(0, CqeOpcode.Requester, CqeSyndrome.None, 10_000)));
        Assert.That(user.Queue.TryTake(out _), Is.False);
        Assert.That(user.Interrupts, Is.EqualTo(1));
    }
}
