using System.Buffers.Binary;
using NUnit.Framework;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Topology;

public class AtomicOpTests
{
    [TestCase(TlpType.FetchAdd, 4)]
    [TestCase(TlpType.FetchAdd, 8)]
    [TestCase(TlpType.Swap, 4)]
    [TestCase(TlpType.Swap, 8)]
    [TestCase(TlpType.CAS, 4)]
    [TestCase(TlpType.CAS, 8)]
    [TestCase(TlpType.CAS, 16)]
    public void Host_memory_and_a_peer_s_BAR_do_it_and_the_old_value_comes_back(TlpType type, int operand)
    {
        foreach (var toPeer in (bool[])[false, true])
        {
            var p = Enabled();
            var old = p.Devices[1].Memory[0x100..(0x100 + operand)];
            if (!toPeer) p.Root.Memory.Write(0x8100, old);
            byte[] operands = type == TlpType.CAS ? [.. old, .. Pattern(operand)] : Pattern(operand);
            Assert.That(p.Devices[0].Dma.AtomicOp(type, toPeer ? p.Bars[1] + 0x100 : 0x8100, operands, 3), Is.True);
            p.Run();
            var done = p.Devices[0].Done.Single();
            Assert.That((done.Status, done.Context), Is.EqualTo((CompletionStatus.Successful, 3)));
            Assert.That(done.Data, Is.EqualTo(old));
            var now = new byte[operand];
            if (toPeer) p.Devices[1].Memory.AsSpan(0x100, operand).CopyTo(now);
            else p.Root.Memory.Read(0x8100, now);
            Assert.That(now, Is.EqualTo(type == TlpType.FetchAdd ? Sum(old, operands) : operands[^operand..]), $"to a peer: {toPeer}");
            p.AssertQuiet();
        }
    }

    [Test]
    public void A_CAS_that_compares_unequal_writes_nothing()
    {
        var p = Enabled();
        p.Root.Memory.WriteValue(0x8000, 5, 8);
        p.Devices[0].Dma.AtomicOp(TlpType.CAS, 0x8000, [4, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0], 0);
        p.Run();
        Assert.That(p.Root.Memory.ReadValue(0x8000, 8), Is.EqualTo(5));
        Assert.That(p.Devices[0].Done.Single().Data[0], Is.EqualTo(5));
    }

    [Test]
    public void Two_devices_that_add_at_once_lose_nothing()
    {
        var p = Enabled();
        for (var i = 0; i < 50; i++)
        {
            foreach (var device in p.Devices) device.Dma.AtomicOp(TlpType.FetchAdd, 0x8000, [1, 0, 0, 0], i);
        }

        p.Run();
        Assert.That(p.Root.Memory.ReadValue(0x8000, 4), Is.EqualTo(200));
        p.AssertQuiet();
    }

    [Test]
    public void Without_AtomicOp_Requester_Enable_none_is_issued()
    {
        var p = new PeerPlatform();
        Assert.That(p.Devices[0].Dma.AtomicOp(TlpType.Swap, 0x8000, [1, 0, 0, 0], 0), Is.False);
    }

    [Test]
    public void A_completer_that_announces_none_answers_Unsupported_Request()
    {
        var p = Enabled(new PeerPlatform(device: new ScratchOptions { AtomicOpCompleter = 1 }));
        p.Devices[0].Dma.AtomicOp(TlpType.Swap, p.Bars[1], new byte[8], 0);
        p.Run();
        Assert.That(p.Devices[0].Done.Single().Status, Is.EqualTo(CompletionStatus.UnsupportedRequest));
        Assert.That(p.Errors, Is.EqualTo(new[] { ("dev1.pf", PcieError.UnsupportedRequest) }));
    }

    [Test]
    public void AtomicOp_Egress_Blocking_is_an_error_of_the_port_it_would_leave_by()
    {
        var p = Enabled();
        var egress = p.Switch.Downstream[1].Function;
        p.Configure(egress, egress.Express.DeviceControl2, 2, 1 << 7);
        p.Devices[0].Dma.AtomicOp(TlpType.Swap, p.Bars[1], new byte[4], 0);
        p.Devices[0].Dma.AtomicOp(TlpType.Swap, 0x8000, new byte[4], 1);
        p.Run();
        Assert.That(p.Devices[0].Done.OrderBy(d => d.Context).Select(d => d.Status),
            Is.EqualTo(new[] { CompletionStatus.UnsupportedRequest, CompletionStatus.Successful }));
        Assert.That(p.Errors, Is.EqualTo(new[] { (egress.Name, PcieError.AtomicOpEgressBlocked) }));
        p.AssertQuiet();
    }

    [Test]
    public void A_switch_without_AtomicOp_routing_supports_none_and_a_re_segmenting_root_passes_one_whole()
    {
        var without = Enabled(new PeerPlatform(sw: new SwitchOptions { AtomicOpRouting = false }));
        without.Devices[0].Dma.AtomicOp(TlpType.Swap, 0x8000, new byte[4], 0);
        without.Run();
        Assert.That(without.Devices[0].Done.Single().Status, Is.EqualTo(CompletionStatus.UnsupportedRequest));
        Assert.That(without.Errors, Is.EqualTo(new[] { ("sw0.p0", PcieError.UnsupportedRequest) }));

        var p = Enabled(new PeerPlatform(new RootComplexOptions { PeerToPeer = RootPeerToPeer.Resegment }));
        var old = p.Devices[3].Value(0x40);
        p.Devices[0].Dma.AtomicOp(TlpType.FetchAdd, p.Bars[3] + 0x40, [1, 0, 0, 0, 0, 0, 0, 0], 0);
        p.Run();
        Assert.That(p.Devices[3].Value(0x40), Is.EqualTo(old + 1));
        Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(p.Devices[0].Done.Single().Data), Is.EqualTo(old));
        Assert.That(p.At(p.Devices[3].Device).Single(h => h.IsAtomicOp).RequesterId, Is.EqualTo(p.Ports[1].Function.Id));
        p.AssertQuiet();
    }

    private static PeerPlatform Enabled(PeerPlatform? platform = null)
    {
        var p = platform ?? new PeerPlatform();
        foreach (var device in p.Devices) p.Configure(device, device.Express.DeviceControl2, 2, 1 << 6);
        return p;
    }

    private static byte[] Pattern(int bytes) => [.. Enumerable.Range(0, bytes).Select(i => (byte)(0xC3 + i))];

    private static byte[] Sum(byte[] a, byte[] b)
    {
        var sum = new byte[a.Length];
        AtomicOps.Compute(TlpType.FetchAdd, b, a, sum);
        var expected = a.Length == 4
            ? BinaryPrimitives.ReadUInt32LittleEndian(a) + BinaryPrimitives.ReadUInt32LittleEndian(b)
            : BinaryPrimitives.ReadUInt64LittleEndian(a) + BinaryPrimitives.ReadUInt64LittleEndian(b);
        Assert.That(a.Length == 4 ? BinaryPrimitives.ReadUInt32LittleEndian(sum) : BinaryPrimitives.ReadUInt64LittleEndian(sum),
            Is.EqualTo(expected & (a.Length == 4 ? uint.MaxValue : ulong.MaxValue)));
        return sum;
    }
}
