using NUnit.Framework;
using Sim.Core;
using Sim.Mlx5.Device;
using Sim.Mlx5.Driver;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Tests.Device;

/// <summary>Two QPs that are connected: of one VF, or of two VFs of an adapter.</summary>
public sealed class ConnectionTests
{
    private static readonly SimDuration While = SimDuration.FromMicroseconds(100);
    private static readonly byte[][] Gids = [Gid(1), Gid(2)];

    [TestCase(true)]
    [TestCase(false)]
    public void A_send_lands_in_the_next_receive_buffer_and_completes_on_both_sides(bool sameFunction)
    {
        var (host, a, b) = Connected(sameFunction);
        host.Run(async () =>
        {
            b.Receive(0, 4096);
            b.Receive(1, 4096);
            await a.SendAsync(WqeOpcode.Send, 0, 3000, 0x31);
            await a.SendAsync(WqeOpcode.SendImmediate, 1, 64, 0x32, immediate: 0xCAFE);
            await host.Sim.Delay(While);
        });
        Assert.That(a.Pair.Take(), Is.EqualTo((CqeOpcode.Requester, CqeSyndrome.None, 3000u, 0u, (ushort)0)));
        Assert.That(a.Pair.Take(), Is.EqualTo((CqeOpcode.Requester, CqeSyndrome.None, 64u, 0u, (ushort)1)));
        Assert.That(b.Pair.Take(), Is.EqualTo((CqeOpcode.ResponderSend, CqeSyndrome.None, 3000u, 0u, (ushort)0)));
        Assert.That(b.Pair.Take(), Is.EqualTo((CqeOpcode.ResponderSendImmediate, CqeSyndrome.None, 64u, 0xCAFEu, (ushort)1)));
        Assert.That(b.Received(0, 3000), Has.All.EqualTo(0x31));
        Assert.That(b.Received(1, 64), Has.All.EqualTo(0x32));
        Assert.That(host.Iommu.Faults.Count, Is.Zero, "each side's DMA has that side's Requester ID");
    }

    [TestCase(true)]
    [TestCase(false)]
    public void RDMA_moves_memory_of_the_other_function_under_its_keys(bool sameFunction)
    {
        var (host, a, b) = Connected(sameFunction);
        host.Run(async () =>
        {
            b.Receive(0, 4096);
            await a.SendAsync(WqeOpcode.RdmaWrite, 0, 5000, 0x41, b.Remote(0), b.Key);
            await a.SendAsync(WqeOpcode.RdmaWriteImmediate, 1, 64, 0x42, b.Remote(1), b.Key, 7);
            b.Fill(b.Remote(2), 600, 0x43);
            await a.SendAsync(WqeOpcode.RdmaRead, 2, 600, 0, b.Remote(2), b.Key);
            await host.Sim.Delay(While);
        });
        Assert.That(b.At(b.Remote(0), 5000), Has.All.EqualTo(0x41));
        Assert.That(b.At(b.Remote(1), 64), Has.All.EqualTo(0x42));
        Assert.That(a.At(a.Buffer(2), 600), Has.All.EqualTo(0x43));
        Assert.That(b.Pair.Take(), Is.EqualTo((CqeOpcode.ResponderWriteImmediate, CqeSyndrome.None, 64u, 7u, (ushort)0)));
        Assert.That(b.Pair.Take(), Is.Null);
        Assert.That(host.Iommu.Faults.Count, Is.Zero);
    }

    [Test]
    public void A_key_of_the_requester_is_none_of_the_responder()
    {
        var (host, a, b) = Connected(sameFunction: false);
        host.Run(async () =>
        {
            await a.SendAsync(WqeOpcode.RdmaWrite, 0, 64, 1, b.Remote(0), b.Key + 0x100);
            await host.Sim.Delay(While);
        });
        Assert.That(a.Pair.Take()!.Value.Syndrome, Is.EqualTo(CqeSyndrome.RemoteAccess));
        Assert.That(b.At(b.Remote(0), 64), Has.All.Zero);
        var eqe = new byte[Eqe.Size];
        while (b.User.Async.TryTake(eqe) && eqe[Eqe.Type] == (byte)EventType.CommandCompletion) { }

        Assert.That((EventType)eqe[Eqe.Type], Is.EqualTo(EventType.WqAccessError), "the responder's driver is told");
        Assert.That(Eqe.EventQp.Get(eqe), Is.EqualTo(b.Pair.Number));
    }

    [Test]
    public void A_send_waits_for_a_receive_WQE_as_often_as_the_QP_says()
    {
        var (host, a, b) = Connected(sameFunction: false);
        host.Run(async () =>
        {
            await a.SendAsync(WqeOpcode.Send, 0, 64, 9);
            await host.Sim.Delay(While);
            Assert.That(a.Pair.Take(), Is.Null, "RNR: it is repeated");
            b.Receive(0, 64);
            await host.Sim.Delay(While);
            Assert.That(a.Pair.Take()!.Value.Syndrome, Is.EqualTo(CqeSyndrome.None));
        });
        Assert.That(b.Received(0, 64), Has.All.EqualTo(9));

        (host, a, b) = Connected(sameFunction: false, input => QpContext.RnrRetry.Set(input.AsSpan(CreateCommands.QpContext), 2));
        host.Run(async () =>
        {
            await a.SendAsync(WqeOpcode.Send, 0, 64, 9);
            await host.Sim.Delay(While);
        });
        Assert.That(a.Pair.Take()!.Value.Syndrome, Is.EqualTo(CqeSyndrome.RnrRetryExceeded));
    }

    [Test]
    public void A_message_longer_than_its_buffer_fails_both_sides_and_flushes_what_was_posted()
    {
        var (host, a, b) = Connected(sameFunction: false);
        host.Run(async () =>
        {
            b.Receive(0, 100);
            b.Receive(1, 100);
            await a.SendAsync(WqeOpcode.Send, 0, 101, 9);
            await a.SendAsync(WqeOpcode.Send, 1, 10, 9);
            await host.Sim.Delay(While);
        });
        Assert.That(a.Pair.Take()!.Value.Syndrome, Is.EqualTo(CqeSyndrome.RemoteInvalidRequest));
        Assert.That(a.Pair.Take()!.Value.Syndrome, Is.EqualTo(CqeSyndrome.FlushedInError));
        Assert.That(b.Pair.Take()!.Value, Is.EqualTo((CqeOpcode.ResponderError, CqeSyndrome.LocalLength, 0u, 0u, (ushort)0)));
        Assert.That(b.Pair.Take()!.Value, Is.EqualTo((CqeOpcode.ResponderError, CqeSyndrome.FlushedInError, 0u, 0u, (ushort)1)));
    }

    [Test]
    public void Nobody_answers_for_a_suspended_function_until_it_runs_again()
    {
        var (host, a, b) = Connected(sameFunction: false);
        host.Run(async () =>
        {
            b.Receive(0, 64);
            await OnVhca(host, 1, CommandOpcode.SuspendVhca, VhcaCommands.SuspendInitiator);
            await a.SendAsync(WqeOpcode.Send, 0, 64, 9);
            await host.Sim.Delay(While);
            Assert.That(a.Pair.Take(), Is.Null);
            Assert.That(b.Received(0, 64), Has.All.Zero);
            await OnVhca(host, 1, CommandOpcode.ResumeVhca, VhcaCommands.ResumeInitiator);
            await host.Sim.Delay(SimDuration.FromMilliseconds(5));
        });
        Assert.That(a.Pair.Take()!.Value.Syndrome, Is.EqualTo(CqeSyndrome.None));
        Assert.That(b.Received(0, 64), Has.All.EqualTo(9));
    }

    [Test]
    public void A_function_that_stays_away_ends_the_connection_with_transport_retry_exceeded()
    {
        var (host, a, _) = Connected(sameFunction: false, input => QpContext.AckTimeout.Set(input.AsSpan(CreateCommands.QpContext), 2));
        host.Run(async () =>
        {
            await OnVhca(host, 1, CommandOpcode.SuspendVhca, VhcaCommands.SuspendInitiator);
            await a.SendAsync(WqeOpcode.Send, 0, 64, 9);
            await host.Sim.Delay(SimDuration.FromMilliseconds(1));
        });
        Assert.That(a.Pair.Take()!.Value.Syndrome, Is.EqualTo(CqeSyndrome.TransportRetryExceeded));
    }

    [Test]
    public void A_requester_is_suspended_while_it_waits_for_an_answer_and_asks_again_after()
    {
        var (host, a, b) = Connected(sameFunction: false);
        host.Run(async () =>
        {
            await a.SendAsync(WqeOpcode.Send, 0, 64, 9);
            await host.Sim.Delay(While);
            await OnVhca(host, 0, CommandOpcode.SuspendVhca, VhcaCommands.SuspendInitiator);
            b.Receive(0, 64);
            await host.Sim.Delay(While);
            Assert.That(b.Received(0, 64), Has.All.Zero);
            await OnVhca(host, 0, CommandOpcode.ResumeVhca, VhcaCommands.ResumeInitiator);
            await host.Sim.Delay(While);
        });
        Assert.That(a.Pair.Take()!.Value.Syndrome, Is.EqualTo(CqeSyndrome.None));
        Assert.That(b.Received(0, 64), Has.All.EqualTo(9));
    }

    [Test]
    public void A_reset_of_the_responder_in_mid_read_leaves_the_requester_asking()
    {
        var (host, a, b) = Connected(sameFunction: false, input => QpContext.AckTimeout.Set(input.AsSpan(CreateCommands.QpContext), 2));
        host.Run(async () =>
        {
            await a.SendAsync(WqeOpcode.RdmaRead, 0, 700_000, 0, b.Remote(0), b.Key);
            await host.Sim.Delay(SimDuration.FromMicroseconds(8));
            await b.User.Function.UpdateAsync(b.User.Function.Express + 8, 2, 0, 0x8000);
            await host.Sim.Delay(SimDuration.FromMilliseconds(1));
        });
        Assert.That(a.Pair.Take()!.Value.Syndrome, Is.EqualTo(CqeSyndrome.TransportRetryExceeded));
    }

    [Test]
    public void Entries_of_128_bytes_have_the_completion_in_their_second_half()
    {
        var (host, a, b) = Connected(sameFunction: true, cqeSize: Cqe.LargeSize);
        host.Run(async () =>
        {
            for (var i = 0; i < 40; i++)
            {
                b.Receive(0, 64);
                await a.SendAsync(WqeOpcode.Send, 0, 64, (byte)i);
                await host.Sim.Delay(While);
                Assert.That(a.Pair.Take()!.Value.Wqe, Is.EqualTo(i));
                Assert.That(b.Pair.Take()!.Value.Wqe, Is.EqualTo(i));
            }
        });
    }

    [Test]
    public void BlueFlame_brings_the_WQE_along_and_nothing_is_fetched()
    {
        var (host, a, b) = Connected(sameFunction: true);
        var reads = 0;
        using var seen = host.Adapter.Link!.Upstream.Arrived.Subscribe((SimTime _, in Sim.Pcie.Links.TlpHop hop) =>
        {
            if (hop.Tlp.Header is { IsCompletion: false, Type: Sim.Pcie.Spec.TlpType.MRd }) reads++;
        });
        host.Run(async () =>
        {
            var inline = Inline(a, b, 0x77);
            a.Pair.Put(inline);
            host.Root.Store(a.User.Bar + (a.User.Startup.Uar * BarLayout.UarPageSize) + UarPage.SqDoorbell, inline);
            await host.Sim.Delay(While);
        });
        Assert.That(a.Pair.Take()!.Value.Syndrome, Is.EqualTo(CqeSyndrome.None));
        Assert.That(b.At(b.Remote(0), 20), Has.All.EqualTo(0x77));
        Assert.That(reads, Is.Zero);
    }

    [Test]
    public void A_BlueFlame_write_out_of_turn_is_a_doorbell_and_the_ring_decides()
    {
        var (host, a, b) = Connected(sameFunction: true);
        host.Run(async () =>
        {
            var first = Inline(a, b, 0x11);
            a.Pair.Put(first);
            var second = Inline(a, b, 0x22);
            a.Pair.Put(second);
            host.Root.Store(a.User.Bar + (a.User.Startup.Uar * BarLayout.UarPageSize) + UarPage.SqDoorbellAlternate, second);
            await host.Sim.Delay(While);
        });
        Assert.That(a.Pair.Take()!.Value.Wqe, Is.Zero);
        Assert.That(a.Pair.Take()!.Value.Wqe, Is.EqualTo(1));
        Assert.That(b.At(b.Remote(0), 20), Has.All.EqualTo(0x22));
    }

    private static byte[] Inline(End a, End b, byte value)
    {
        var wqe = new byte[SendWqe.BasicBlock];
        SendWqe.Index.Set(wqe, a.Pair.Posted);
        SendWqe.Opcode.Set(wqe, (uint)WqeOpcode.RdmaWrite);
        SendWqe.Qp.Set(wqe, a.Pair.Number);
        SendWqe.Segments.Set(wqe, 4);
        SendWqe.Completion.Set(wqe, SendWqe.CompleteAlways);
        SendWqe.RemoteAddress.Set(wqe, b.Remote(0));
        SendWqe.RemoteKey.Set(wqe, b.Key);
        SendWqe.DataBytes.Set(wqe.AsSpan(32), 20);
        SendWqe.DataInline.Set(wqe.AsSpan(32), 1);
        wqe.AsSpan(36, 20).Fill(value);
        return wqe;
    }

    private static Task OnVhca(TestHost host, int vf, CommandOpcode opcode, uint opMod) =>
        host.PfDriver.Commands.ExecuteAsync(CommandInput.OnVhca(opcode, opMod, host.VfDevices[vf].VhcaId));

    private static (TestHost Host, End A, End B) Connected(bool sameFunction, Action<byte[]>? change = null, int cqeSize = Cqe.Size)
    {
        var host = new TestHost(new Mlx5Options()).Boot();
        VfUser[] users = [host.OpenVf(0), host.OpenVf(1)];
        var a = new End(host, users[0], 0, cqeSize);
        var b = new End(host, users[sameFunction ? 0 : 1], 1, cqeSize);
        host.Run(async () =>
        {
            for (var i = 0; i < 2; i++)
            {
                await users[i].BringUpAsync();
                await users[i].Commands.ExecuteAsync(CommandInput.SetGid(Gids[i]));
            }

            await a.Pair.CreateAsync();
            await b.Pair.CreateAsync();
            await b.Pair.ConnectAsync(a.Pair.Number, sameFunction ? null : Gids[0], change);
            await a.Pair.ConnectAsync(b.Pair.Number, sameFunction ? null : Gids[1], change);
        });
        return (host, a, b);
    }

    private static byte[] Gid(byte last) => [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];

    private sealed class End(TestHost host, VfUser user, int index, int cqeSize)
    {
        public VfUser User => user;

        public PairUser Pair { get; } = new(user, user.Source + 0x20_0000 + ((ulong)index * 0x1_0000), cqeSize);

        public uint Key => user.Startup.Mkey;

        public ulong Buffer(int slot) => user.Source + ((ulong)slot * 0x1_0000);

        public ulong Remote(int slot) => user.Destination + ((ulong)(slot + 4) * 0x1_0000);

        public void Receive(int slot, uint bytes) => Pair.Receives.Post(user.Destination + ((ulong)slot * 0x1_0000), bytes, Key);

        public byte[] Received(int slot, int bytes) => At(user.Destination + ((ulong)slot * 0x1_0000), bytes);

        public byte[] At(ulong address, int bytes)
        {
            var data = new byte[bytes];
            host.Root.Memory.Read(address, data);
            return data;
        }

        public void Fill(ulong address, int bytes, byte value) =>
            host.Root.Memory.Write(address, Enumerable.Repeat(value, bytes).ToArray());

        public Task SendAsync(
            WqeOpcode opcode, int slot, uint bytes, byte value, ulong remote = 0, uint key = 0, uint immediate = 0)
        {
            Fill(Buffer(slot), (int)bytes, value);
            return Pair.RingAsync(Pair.Post(opcode, Buffer(slot), bytes, remote, key, immediate));
        }
    }
}
