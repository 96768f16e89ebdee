using NUnit.Framework;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Transactions;

public sealed class TlpsTests
{
    private static readonly RoutingId Nic = RoutingId.Of(0x1B, 0, 2);
    private static readonly RoutingId Root = RoutingId.Of(0, 1, 0);

    private readonly TlpBodyPool _pool = new();

    [Test]
    public void A_memory_write_gets_the_byte_enables_of_its_address_and_count()
    {
        var tlp = Tlps.MemoryWrite(Nic, 0xFEE00003, _pool.Rent([1, 2, 3]));
        Assert.That(TlpCodecTests.Text(Wire(tlp)), Is.EqualTo("40000002 1b020038 fee00000 00000001 02030000"));
        Assert.That((tlp.PayloadBytes, tlp.DataCredits, tlp.WireBytes), Is.EqualTo((8, 1, 20)));
        tlp.Body!.Return();
    }

    [Test]
    public void An_address_above_4_GiB_takes_the_four_DW_header()
    {
        var tlp = Tlps.MemoryRead(Nic, 0x345, 0x12_0000_0F00, 256, TlpAttributes.RelaxedOrdering | TlpAttributes.IdBasedOrdering, tc: 5);
        Assert.That(TlpCodecTests.Text(Wire(tlp)), Is.EqualTo("20dc2040 1b0245ff 00000012 00000f00"));
        Assert.That(Tlps.MemoryRead(Nic, 0, 0xFFFFFF00, 256).Header.HeaderDwords, Is.EqualTo(3));
    }

    [Test]
    public void Crossing_4_KiB_is_refused() =>
        Assert.That(() => Tlps.MemoryRead(Nic, 0, 0x1FFF, 2),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("§2.2.7"));

    [Test]
    public void Configuration_and_IO_requests_are_one_DW()
    {
        Assert.That(Tlps.ConfigRead(Root, 1, Nic, 0x104).Header.ToString(), Is.EqualTo("04000001 0008010f 1b020104"));
        Assert.That(Tlps.ConfigRead(Root, 1, Nic, 0x3C, 1, type1: true).Header.ToString(), Is.EqualTo("05000001 00080101 1b02003c"));
        var write = Tlps.ConfigWrite(Root, 2, Nic, 4, _pool.RentDword(0x00100406), 3);
        Assert.That(TlpCodecTests.Text(Wire(write)), Is.EqualTo("44000001 00080203 1b020004 06041000"), "registers are little-endian");
        write.Body!.Return();
        Assert.That(Tlps.IoRead(Root, 3, 0xE001, 2).Header.ToString(), Is.EqualTo("02000001 00080302 0000e000"));
    }

    [Test]
    public void Messages_have_their_code_and_routing()
    {
        Assert.That(Tlps.Message(Nic, MessageCode.ErrNonFatal, MessageRouting.ToRootComplex).Header.ToString(),
            Is.EqualTo("30000000 1b020031 00000000 00000000"));
        var limit = Tlps.Message(Root, MessageCode.SetSlotPowerLimit, MessageRouting.Local, body: _pool.RentDword(0x19));
        Assert.That(TlpCodecTests.Text(Wire(limit)), Is.EqualTo("74000001 00080050 00000000 00000000 19000000"));
        limit.Body!.Return();
    }

    [Test]
    public void A_completion_copies_requester_tag_class_and_attributes()
    {
        var read = Tlps.MemoryRead(Nic, 0x3AB, 0x1003, 6, TlpAttributes.NoSnoop, tc: 3).Header;
        var failed = Tlps.Completion(in read, Root, CompletionStatus.UnsupportedRequest);
        Assert.That(failed.Header.ToString(), Is.EqualTo("0ab81000 00082006 1b02ab03"), "counts as if it had succeeded");
        var data = Tlps.CompletionWithData(in read, Root, 6, 3, _pool.Rent([1, 2, 3, 4, 5, 6]));
        Assert.That(TlpCodecTests.Text(Wire(data)), Is.EqualTo("4ab81003 00080006 1b02ab03 00000001 02030405 06000000"));
        data.Body!.Return();
        var config = Tlps.ConfigWrite(Root, 2, Nic, 4, _pool.RentDword(0), 3);
        Assert.That(Tlps.Completion(in config.Header, Nic, CompletionStatus.RequestRetry).Header.ToString(),
            Is.EqualTo("0a000000 1b024004 00080200"));
        config.Body!.Return();
    }

    [Test]
    public void An_AtomicOps_completion_counts_one_operand()
    {
        var cas = Tlps.AtomicOp(TlpType.CAS, Nic, 1, 0x2000, _pool.Rent(16));
        Assert.That(cas.Header.ToString(), Is.EqualTo("4e000004 1b020100 00002000"));
        Assert.That(Tlps.Completion(in cas.Header, Root, CompletionStatus.Successful).Header.ByteCount, Is.EqualTo(8));
        cas.Body!.Return();
        var body = _pool.Rent(8);
        Assert.That(() => Tlps.AtomicOp(TlpType.Swap, Nic, 1, 0x2004, body), Throws.ArgumentException);
        body.Return();
    }

    [Test]
    public void Every_TLP_a_factory_makes_is_well_formed_and_survives_the_wire()
    {
        var random = new Random(5);
        for (int round = 0; round < 4_000; round++)
        {
            ulong address = (ulong)random.NextInt64(1L << (random.Next(2) == 0 ? 31 : 48));
            int count = random.Next(0, (int)Math.Min(300, 4097 - (long)(address & 0xFFF)));
            var body = _pool.Rent(count);
            random.NextBytes(body.Bytes);
            if (random.Next(4) == 0)
                body.AddPrefix(TlpPrefix.Pasid(random.Next(1 << 20)).Value);
            var request = Tlps.MemoryRead(Nic, random.Next(1024), address, count).Header;
            var tlp = random.Next(3) switch
            {
                0 => Tlps.MemoryWrite(Nic, address, body),
                1 => Tlps.DeferrableMemoryWrite(Nic, random.Next(1024), address, body),
                _ => Tlps.CompletionWithData(in request, Root, Math.Max(1, count), (int)(address & 0x7F), body),
            };
            tlp.Header.Td = random.Next(4) == 0;
            var dws = Wire(tlp);
            if (!TlpCodec.TryDecode(dws, out var decoded, out var broken))
                Assert.Fail($"round {round}: {TlpRules.Name(broken)} {TlpCodecTests.Text(dws)}");
            var again = TlpWire.Read(dws, in decoded, _pool);
            Assert.That(again.Header, Is.EqualTo(tlp.Header), $"round {round}");
            Assert.That(count == 0 || again.Body!.Bytes.SequenceEqual(body.Bytes), $"round {round}");
            Assert.That(Wire(again), Is.EqualTo(dws), $"round {round}");
            again.Body?.Return();
            body.Return();
        }
        Assert.That(_pool.Rented, Is.Zero);
    }

    [Test]
    public void A_body_is_returned_once_and_to_its_own_pool()
    {
        var body = _pool.Rent(100);
        Assert.That(_pool.Rented, Is.EqualTo(1));
        Assert.That(() => new TlpBodyPool().Return(body), Throws.InvalidOperationException);
        body.Return();
        Assert.That(() => body.Return(), Throws.InvalidOperationException);
        Assert.That(_pool.Rent(128), Is.SameAs(body), "the same size class");
        body.Return();
    }

    [Test]
    public void Renting_and_returning_allocates_nothing_once_warm()
    {
        foreach (int size in new[] { 0, 64, 65, 4096 })
            _pool.Rent(size).Return();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            var tlp = Tlps.MemoryWrite(Nic, 0x1000, _pool.Rent(64 + i % 2));
            tlp.Body!.Return();
        }
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private static uint[] Wire(in Tlp tlp)
    {
        var dws = new uint[tlp.WireBytes / 4];
        Assert.That(TlpWire.Write(in tlp, dws), Is.EqualTo(dws.Length));
        return dws;
    }
}
