using NUnit.Framework;
using Sim.Core;
using Sim.Mlx5.Device;
using Sim.Mlx5.Driver;
using Sim.Mlx5.Spec;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;

namespace Sim.Mlx5.Tests.Device;

public sealed class SuspendTests
{
    private static readonly SimDuration While = SimDuration.FromMicroseconds(50);

    [Test]
    public void Suspension_as_initiator_ends_at_a_WQE_boundary()
    {
        var (host, user) = WorkTests.Opened();
        host.Run(async () =>
        {
            for (var i = 0; i < 8; i++) user.PostWrite(i, 60_000, (byte)(i + 1));
            await user.Queue.RingAsync();
            await host.Sim.Delay(SimDuration.FromMicroseconds(6));
            await Command(host, CommandOpcode.SuspendVhca, 0);
        });
        var completed = 0;
        while (user.Queue.TryTake(out var completion))
        {
            Assert.That(completion.Syndrome, Is.EqualTo(CqeSyndrome.None));
            Assert.That(user.Result(completed, 60_000), Has.All.EqualTo(completed + 1), "a completed WQE is whole");
            completed++;
        }

        Assert.That(completed, Is.GreaterThan(0).And.LessThan(8));
        Assert.That(user.Result(completed, 60_000), Has.All.Zero, "the next one has not begun");
    }

    [Test]
    public void Nothing_leaves_the_VF_after_the_suspension_is_acknowledged()
    {
        var (host, user) = WorkTests.Opened();
        var late = new List<string>();
        host.Run(async () =>
        {
            for (var i = 0; i < 8; i++) user.PostWrite(i, 60_000, 1);
            await user.Queue.RingAsync();
            await Command(host, CommandOpcode.SuspendVhca, 0);
            using var seen = host.Adapter.Link!.Upstream.Arrived.Subscribe((SimTime _, in TlpHop hop) =>
            {
                var header = hop.Tlp.Header;
                if (!header.IsCompletion && header.RequesterId == user.Function.Id) late.Add(header.Type.ToString());
            });
            await user.Queue.RingAsync();
            await user.Events.ArmAsync();
            await user.Queue.Completions.ArmAsync();
            host.Root.Store(user.Bar + InitSegment.CommandDoorbell, 0x0100_0000, 4);
            await host.Sim.Delay(While);
            await Command(host, CommandOpcode.SuspendVhca, 1);
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
        });
        Assert.That(late, Is.Empty);
    }

    [TestCase(SuspendedDoorbell.Remember, false)]
    [TestCase(SuspendedDoorbell.Remember, true)]
    [TestCase(SuspendedDoorbell.Discard, false)]
    [TestCase(SuspendedDoorbell.Discard, true)]
    public void A_doorbell_while_only_the_initiator_is_suspended_follows_the_policy(SuspendedDoorbell policy, bool stopsBetween)
    {
        var (host, user) = WorkTests.Opened(new TestHost(new Mlx5Options { SuspendedDoorbell = policy }));
        host.Run(async () =>
        {
            await Command(host, CommandOpcode.SuspendVhca, 0);
            user.PostWrite(0, 64, 5);
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
            Assert.That(user.Queue.TryTake(out _), Is.False);
            if (stopsBetween)
            {
                await Command(host, CommandOpcode.SuspendVhca, 1);
                await Command(host, CommandOpcode.ResumeVhca, 0);
            }

            await Command(host, CommandOpcode.ResumeVhca, 1);
            await host.Sim.Delay(While);
        });
        Assert.That(user.Queue.TryTake(out _), Is.EqualTo(policy == SuspendedDoorbell.Remember));
        Assert.That(user.Result(0, 64), Has.All.EqualTo(policy == SuspendedDoorbell.Remember ? 5 : 0));
    }

    [TestCase(SuspendedInterrupt.Hold, 1, true)]
    [TestCase(SuspendedInterrupt.Hold, 1, false)]
    [TestCase(SuspendedInterrupt.Send, 2, true)]
    public void Interrupts_while_only_the_initiator_is_suspended_follow_the_policy_and_stop_with_the_responder(
        SuspendedInterrupt policy, int whileSuspended, bool stops)
    {
        var (host, user) = WorkTests.Opened(new TestHost(new Mlx5Options { SuspendedInterrupt = policy }));
        host.Run(async () =>
        {
            user.PostWrite(0, 64, 1);
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
            Assert.That(user.Interrupts, Is.EqualTo(1));
            await Command(host, CommandOpcode.SuspendVhca, 0);
            await user.Events.ArmAsync();
            await host.Sim.Delay(While);
            Assert.That(user.Interrupts, Is.EqualTo(whileSuspended));
            if (stops)
            {
                await Command(host, CommandOpcode.SuspendVhca, 1);
                var mask = user.Bar + BarLayout.MsixTable + 16 + 12;
                host.Root.Store(mask, 1, 4);
                host.Root.Store(mask, 0, 4);
                await host.Sim.Delay(While);
                Assert.That(user.Interrupts, Is.EqualTo(whileSuspended), "unmasking sends nothing while stopped");
                await Command(host, CommandOpcode.ResumeVhca, VhcaCommands.ResumeResponder);
            }

            await Command(host, CommandOpcode.ResumeVhca, VhcaCommands.ResumeInitiator);
            await host.Sim.Delay(While);
        });
        Assert.That(user.Interrupts, Is.EqualTo(2), "delivered once");
    }

    [Test]
    public void A_doorbell_while_the_responder_is_suspended_is_lost()
    {
        var (host, user) = WorkTests.Opened();
        host.Run(async () =>
        {
            await Stop(host);
            user.PostWrite(0, 64, 5);
            await user.Queue.RingAsync();
            await Start(host);
            await host.Sim.Delay(While);
        });
        Assert.That(user.Queue.TryTake(out _), Is.False);
    }

    [Test]
    public void MMIO_to_a_stopped_VF_leaves_the_image_byte_identical_and_raises_no_error()
    {
        var (host, user) = WorkTests.Opened();
        var messages = 0;
        using var seen = host.Root.Messages.Subscribe((SimTime _, in Sim.Pcie.Topology.MessageArrival _) => messages++);
        host.Run(async () =>
        {
            await Stop(host);
            var before = host.Vf.SaveImage();
            for (ulong offset = 0; offset < BarLayout.VirtualFunctionSize; offset += 0x404)
            {
                if (offset is >= BarLayout.MsixTable and < BarLayout.MsixEnd) continue;
                host.Root.Store(user.Bar + offset, 0xDEAD_BEEF, 4);
                var load = await host.Root.LoadAsync(user.Bar + offset, 4);
                Assert.That(load.Succeeded, Is.True);
            }

            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
            Assert.That(host.Vf.SaveImage(), Is.EqualTo(before));
        });
        Assert.That(messages, Is.Zero);
    }

    [Test]
    public void Without_a_fence_MMIO_changes_the_image()
    {
        var (host, user) = WorkTests.Opened(new TestHost(new Mlx5Options { StoppedAccess = StoppedAccessPolicy.Unfenced }));
        host.Run(async () =>
        {
            await Stop(host);
            var before = host.Vf.SaveImage();
            user.PostWrite(0, 64, 1);
            await user.Queue.RingAsync();
            await host.Sim.Delay(While);
            Assert.That(host.Vf.SaveImage(), Is.Not.EqualTo(before));
        });
    }

    [TestCase(StoppedLoad.AllOnes, true, true)]
    [TestCase(StoppedLoad.Stale, false, true)]
    [TestCase(StoppedLoad.Garbage, false, true)]
    public void A_health_poll_tells_all_ones_from_frozen_values(StoppedLoad reads, bool isPciDead, bool standsStill)
    {
        var policy = new StoppedAccessPolicy(StoppedStore.Discard, reads);
        var (host, user) = WorkTests.Opened(new TestHost(new Mlx5Options { StoppedAccess = policy }));
        host.Run(async () =>
        {
            var live = await user.Platform.LoadAsync(InitSegment.HealthCounter);
            await host.Sim.Delay(SimDuration.FromMilliseconds(1));
            Assert.That(await user.Platform.LoadAsync(InitSegment.HealthCounter), Is.Not.EqualTo(live));
            await Stop(host);
            var first = await user.Platform.LoadAsync(InitSegment.HealthCounter);
            await host.Sim.Delay(SimDuration.FromMilliseconds(1));
            Assert.That(await user.Platform.LoadAsync(InitSegment.HealthCounter) == first, Is.EqualTo(standsStill));
            Assert.That(await user.Platform.LoadAsync(HealthBuffer.FirmwareVersion) == uint.MaxValue, Is.EqualTo(isPciDead));
        });
    }

    [Test]
    public void Op_mods_are_numbered_as_real_and_out_of_order_commands_are_refused()
    {
        var (host, _) = WorkTests.Opened();
        host.Run(async () =>
        {
            Assert.That(await Try(CommandOpcode.SuspendVhca, 1), Is.EqualTo(CommandStatus.BadResourceState), "responder before initiator");
            Assert.That(await Try(CommandOpcode.SuspendVhca, 2), Is.EqualTo(CommandStatus.BadOperation));
            Assert.That(await Try(CommandOpcode.SuspendVhca, 0), Is.EqualTo(CommandStatus.Ok));
            Assert.That((host.Vf.InitiatorSuspended, host.Vf.ResponderSuspended), Is.EqualTo((true, false)));
            Assert.That(await Try(CommandOpcode.SuspendVhca, 0), Is.EqualTo(CommandStatus.BadResourceState));
            Assert.That(await Try(CommandOpcode.SuspendVhca, 1), Is.EqualTo(CommandStatus.Ok));
            Assert.That((host.Vf.InitiatorSuspended, host.Vf.ResponderSuspended), Is.EqualTo((true, true)));
            Assert.That(await Try(CommandOpcode.ResumeVhca, 1), Is.EqualTo(CommandStatus.BadResourceState), "initiator before responder");
            Assert.That(await Try(CommandOpcode.ResumeVhca, 0), Is.EqualTo(CommandStatus.Ok));
            Assert.That((host.Vf.InitiatorSuspended, host.Vf.ResponderSuspended), Is.EqualTo((true, false)));
            Assert.That(await Try(CommandOpcode.ResumeVhca, 1), Is.EqualTo(CommandStatus.Ok));
            Assert.That((host.Vf.InitiatorSuspended, host.Vf.ResponderSuspended), Is.EqualTo((false, false)));
        });

        async Task<CommandStatus> Try(CommandOpcode opcode, uint opMod) =>
            (await host.PfDriver.Commands.TryExecuteAsync(CommandInput.OnVhca(opcode, opMod, host.Vf.VhcaId))).Status;
    }

    [Test]
    public void A_reset_in_mid_suspension_ends_the_command_and_leaves_the_VF_running()
    {
        var (host, user) = WorkTests.Opened();
        host.Run(async () =>
        {
            user.PostWrite(0, 60_000, 1);
            await user.Queue.RingAsync();
            await host.Sim.Delay(SimDuration.FromMicroseconds(2));
            var suspension = Command(host, CommandOpcode.SuspendVhca, 0);
            await host.Sim.Delay(SimDuration.FromMicroseconds(7));
            await user.Function.UpdateAsync(user.Function.Express + 8, 2, 0, 0x8000);
            await suspension;
        });
        Assert.That((host.Vf.InitiatorSuspended, host.Vf.ResponderSuspended), Is.EqualTo((false, false)));
    }

    internal static Task Command(TestHost host, CommandOpcode opcode, uint opMod) =>
        host.PfDriver.Commands.ExecuteAsync(CommandInput.OnVhca(opcode, opMod, host.Vf.VhcaId));

    internal static async Task Stop(TestHost host)
    {
        await Command(host, CommandOpcode.SuspendVhca, VhcaCommands.SuspendInitiator);
        await Command(host, CommandOpcode.SuspendVhca, VhcaCommands.SuspendResponder);
    }

    internal static async Task Start(TestHost host)
    {
        await Command(host, CommandOpcode.ResumeVhca, VhcaCommands.ResumeResponder);
        await Command(host, CommandOpcode.ResumeVhca, VhcaCommands.ResumeInitiator);
    }
}
