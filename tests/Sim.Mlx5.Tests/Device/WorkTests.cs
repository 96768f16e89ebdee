using NUnit.Framework;
using Sim.Core;
using Sim.Mlx5.Driver;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Tests.Device;

public sealed class WorkTests
{
    private static readonly SimDuration While = SimDuration.FromMicroseconds(50);

    [Test]
    public void An_RDMA_write_is_fetched_moved_completed_and_interrupts_once()
    {
        var (host, user) = Opened();
        host.Run(async () =>
        {
            user.PostWrite(0, 10_000, 0x5A);
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
        });
        Assert.That(host.Iommu.Faults.Records, Is.Empty);
        Assert.That(user.Result(0, 10_000), Has.All.EqualTo(0x5A));
        Assert.That(user.Queue.TryTake(out var completion), Is.True);
        Assert.That(completion, Is.EqualTo(new WorkCompletion(0, CqeOpcode.Requester, CqeSyndrome.None, 10_000)));
        Assert.That(user.Queue.TryTake(out _), Is.False);
        Assert.That(user.Interrupts, Is.EqualTo(1));
    }

    [Test]
    public void Nothing_is_fetched_before_the_doorbell_rings()
    {
        var (host, user) = Opened();
        host.Run(async () =>
        {
            user.PostWrite(0, 64, 1);
            await host.Sim.Delay(While);
        });
        Assert.That(user.Queue.TryTake(out _), Is.False);
    }

    [Test]
    public void One_doorbell_serves_every_WQE_that_the_record_counts()
    {
        var (host, user) = Opened();
        host.Run(async () =>
        {
            for (var i = 0; i < 8; i++) user.PostWrite(i, 256, (byte)(i + 1));
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
        });
        for (var i = 0; i < 8; i++)
        {
            Assert.That(user.Queue.TryTake(out var completion) && completion.WqeIndex == i, Is.True);
            Assert.That(user.Result(i, 256), Has.All.EqualTo(i + 1));
        }

        Assert.That(user.Interrupts, Is.EqualTo(1), "armed once, so one event");
    }

    [Test]
    public void Owner_bits_follow_the_ring_round_and_round()
    {
        var (host, user) = Opened();
        host.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                user.PostWrite(i % 16, 64, (byte)i);
                await user.Queue.RingAsync();
                await host.Sim.Delay(SimDuration.FromMicroseconds(5));
                Assert.That(user.Queue.TryTake(out var completion) && completion.WqeIndex == i, Is.True, $"WQE {i}");
                Assert.That(user.Queue.TryTake(out _), Is.False);
            }
        });
    }

    [Test]
    public void An_arm_behind_completions_is_answered_at_once_and_a_stale_arm_is_not()
    {
        var (host, user) = Opened();
        host.Run(async () =>
        {
            user.PostWrite(0, 64, 1);
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
            Assert.That(user.Interrupts, Is.EqualTo(1));
            await user.Events.ArmAsync();
            await user.Queue.Completions.ArmAsync();
            await host.Sim.Delay(While);
            Assert.That(user.Interrupts, Is.EqualTo(2), "the EQ had an event that was not taken; the CQ's arm was of the old sequence");
            var eqe = new byte[Eqe.Size];
            Assert.That(user.Events.TryTake(eqe), Is.True);
            Assert.That(user.Events.TryTake(eqe), Is.False);
            await user.Events.ArmAsync();
            user.Queue.Completions.Events = 1;
            await user.Queue.Completions.ArmAsync();
            await host.Sim.Delay(While);
        });
        Assert.That(user.Interrupts, Is.EqualTo(3), "a completion lay there that was not taken");
    }

    [Test]
    public void An_RDMA_read_copies_the_other_way()
    {
        var (host, user) = Opened();
        host.Root.Memory.Write(user.Destination, Enumerable.Repeat((byte)7, 5000).ToArray());
        host.Run(async () =>
        {
            user.Queue.Post(WqeOpcode.RdmaRead, user.Source, user.Destination, 5000, user.Startup.Mkey);
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
        });
        var data = new byte[5000];
        host.Root.Memory.Read(user.Source, data);
        Assert.That(data, Has.All.EqualTo(7));
    }

    [Test]
    public void A_wrong_key_fails_the_WQE_and_flushes_those_behind_it()
    {
        var (host, user) = Opened();
        host.Run(async () =>
        {
            user.Queue.Post(WqeOpcode.RdmaWrite, user.Source, user.Destination, 64, user.Startup.Mkey + 1);
            user.PostWrite(1, 64, 9);
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
        });
        Assert.That(user.Queue.TryTake(out var failed), Is.True);
        Assert.That((failed.Opcode, failed.Syndrome), Is.EqualTo((CqeOpcode.RequesterError, CqeSyndrome.LocalProtection)));
        Assert.That(user.Queue.TryTake(out var flushed), Is.True);
        Assert.That(flushed.Syndrome, Is.EqualTo(CqeSyndrome.FlushedInError));
        Assert.That(user.Result(1, 64), Has.All.Zero);
    }

    [Test]
    public void Data_that_the_IOMMU_refuses_fail_the_WQE()
    {
        var (host, user) = Opened();
        host.Run(async () =>
        {
            user.Queue.Post(WqeOpcode.RdmaWrite, 0x7000_0000, user.Destination, 64, user.Startup.Mkey);
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
        });
        Assert.That(user.Queue.TryTake(out var failed), Is.True);
        Assert.That(failed.Syndrome, Is.EqualTo(CqeSyndrome.LocalProtection));
        Assert.That(host.Iommu.Faults.Count, Is.EqualTo(1));
    }

    [Test]
    public void Another_functions_UAR_and_a_QP_of_another_UAR_ring_nothing()
    {
        var (host, user) = Opened();
        host.Run(async () =>
        {
            user.PostWrite(0, 64, 1);
            user.Queue.Uar++;
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
        });
        Assert.That(user.Queue.TryTake(out _), Is.False);
    }

    [Test]
    public void Clearing_Bus_Master_Enable_in_mid_WQE_truncates_it_without_a_completion()
    {
        var (host, user) = Opened();
        host.Run(async () =>
        {
            user.PostWrite(0, 1_000_000, 0x77);
            await user.Queue.RingAsync();
            await host.Sim.Delay(SimDuration.FromMicroseconds(4));
            await user.Function.UpdateAsync(4, 2, 4, 0);
            await host.Sim.Delay(While);
        });
        var result = user.Result(0, 1_000_000);
        Assert.That(result[0], Is.EqualTo(0x77), "it had begun");
        Assert.That(result[^1], Is.Zero, "it did not end");
        Assert.That(user.Queue.TryTake(out _), Is.False);
    }

    [Test, ObservedFabric.Unobserved("measures allocation")]
    public void Nothing_is_allocated_for_work_once_the_buffers_exist()
    {
        var (host, user) = Opened();
        for (var i = 0; i < 16; i++) Work(16);
        var one = Allocated(1);
        Assert.That(Allocated(16), Is.EqualTo(one), "what one run of the simulator allocates, and nothing for the work");

        long Allocated(int count)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Work(count);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        void Work(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var offset = (ulong)(i * 0x1000);
                user.Queue.Post(WqeOpcode.RdmaWrite, user.Source + offset, user.Destination + offset, 2048, user.Startup.Mkey);
            }

            _ = user.Queue.RingAsync();
            host.Sim.Run();
            for (var i = 0; i < count; i++)
            {
                if (!user.Queue.TryTake(out _)) throw new InvalidOperationException("no completion");
            }
        }
    }

    internal static (TestHost Host, VfUser User) Opened(TestHost? host = null)
    {
        host ??= new TestHost();
        host.Boot();
        var user = host.OpenVf();
        host.Run(user.OpenQueueAsync);
        return (host, user);
    }
}
