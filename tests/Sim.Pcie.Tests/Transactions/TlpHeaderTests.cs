using NUnit.Framework;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Transactions;

public sealed class TlpHeaderTests
{
    [Test]
    public void A_memory_write_from_a_kernel_log_has_its_fields_where_the_specification_puts_them()
    {
        var header = new TlpHeader(0x60001004, 0x030000FF, 0x0000007D, 0xFE7EB000);
        Assert.Multiple(() =>
        {
            Assert.That(header.Type, Is.EqualTo(TlpType.MWr));
            Assert.That(header.FlowClass, Is.EqualTo(FlowClass.Posted));
            Assert.That(header.HeaderDwords, Is.EqualTo(4));
            Assert.That(header.HasData, Is.True);
            Assert.That(header.LengthDw, Is.EqualTo(4));
            Assert.That(header.Attributes, Is.EqualTo(TlpAttributes.NoSnoop));
            Assert.That(header.RequesterId.ToString(), Is.EqualTo("03:00.0"));
            Assert.That(header.Address, Is.EqualTo(0x7D_FE7EB000));
            Assert.That(header.EnabledBytes, Is.EqualTo(16));
            Assert.That(header.ToString(), Is.EqualTo("60001004 030000ff 0000007d fe7eb000"));
        });
    }

    [Test]
    public void The_tenth_tag_bit_is_byte_1_bit_7_and_the_ninth_byte_1_bit_3()
    {
        Assert.That(new TlpHeader(1u << 23 | 1, 0x0100AA0F, 0).Tag, Is.EqualTo(0x2AA));
        Assert.That(new TlpHeader(1u << 19 | 1, 0x0100AA0F, 0).Tag, Is.EqualTo(0x1AA));
        Assert.That(new TlpHeader(0x4A000001 | 1u << 23, 0x01000004, 0x02005500).Tag, Is.EqualTo(0x255), "a Completion has it in DW2");
        for (int tag = 0; tag < 1024; tag++)
        {
            var request = new TlpHeader(0x00700001, 0x010000FF, 0x1000) { Tag = tag };
            var completion = new TlpHeader(0x0A700000, 0x01000FFF, 0x0200007F) { Tag = tag };
            Assert.That((request.Tag, completion.Tag), Is.EqualTo((tag, tag)));
            Assert.That((request.Tc, completion.Tc, request.FirstBe, completion.LowerAddress), Is.EqualTo((7, 7, 0xF, 0x7F)));
        }
    }

    [Test]
    public void Each_setter_changes_its_own_field_only()
    {
        var header = new TlpHeader(0x60000001, 0, 0x1, 0);
        header.Poisoned = true;
        Assert.That(header.Dw0, Is.EqualTo(0x60004001));
        header.Td = true;
        Assert.That(header.Dw0, Is.EqualTo(0x6000C001));
        header.Attributes = (TlpAttributes)7;
        Assert.That(header.Dw0, Is.EqualTo(0x6004F001));
        header.At = AddressType.Translated;
        Assert.That(header.Dw0, Is.EqualTo(0x6004F801));
        header.LengthDw = 1024;
        Assert.That((header.Dw0, header.LengthDw), Is.EqualTo((0x6004F800, 1024)));
        header.Address = 0x12_3456_7898;
        Assert.That((header.Dw2, header.Dw3), Is.EqualTo((0x12, 0x34567898)));
        header.RequesterId = RoutingId.Of(0x1B, 2, 3);
        Assert.That(header.Dw1, Is.EqualTo(0x1B130000));
    }

    [Test]
    public void The_Steering_Tag_takes_the_tags_place_in_a_write_and_the_byte_enables_place_in_a_read()
    {
        var write = new TlpHeader(0x40010002, 0x0100AAFF, 0x1002);
        var read = new TlpHeader(0x00010002, 0x0100AA77, 0x1002);
        Assert.That((write.SteeringTag, write.FirstBe, write.LastBe, write.ProcessingHint), Is.EqualTo((0xAA, 0xF, 0xF, 2)));
        Assert.That((read.SteeringTag, read.FirstBe, read.LastBe, read.Tag), Is.EqualTo((0x77, 0xF, 0xF, 0xAA)));
        Assert.That((read.Address, write.Address), Is.EqualTo((0x1000, 0x1000)));
        Assert.That(new TlpHeader(0x00010001, 0x0100AA77, 0x1002).LastBe, Is.Zero, "one DW");
    }

    [Test]
    public void A_configuration_request_addresses_a_register_of_a_Function()
    {
        var header = new TlpHeader(0x44000001, 0x0000010F, 0x1B0A0FF4);
        Assert.That(header.DestinationId, Is.EqualTo(RoutingId.Of(0x1B, 1, 2)));
        Assert.That(header.Register, Is.EqualTo(0xFF4));
        Assert.That(header.FlowClass, Is.EqualTo(FlowClass.NonPosted));
    }

    [TestCase(0x5B000001u, TlpType.DMWr, FlowClass.NonPosted)]
    [TestCase(0x7B000001u, TlpType.DMWr, FlowClass.NonPosted)]
    [TestCase(0x30000000u, TlpType.Msg, FlowClass.Posted)]
    [TestCase(0x77000001u, TlpType.MsgD, FlowClass.Posted)]
    [TestCase(0x4E000002u, TlpType.CAS, FlowClass.NonPosted)]
    [TestCase(0x4B000001u, TlpType.CplDLk, FlowClass.Completion)]
    [TestCase(0x0A000000u, TlpType.Cpl, FlowClass.Completion)]
    public void Fmt_and_Type_give_type_and_class(uint dw0, TlpType type, FlowClass flow)
    {
        var header = new TlpHeader(dw0, 0, 0);
        Assert.That((header.Type, header.FlowClass), Is.EqualTo((type, flow)));
    }

    [Test]
    public void There_are_40_first_bytes_and_no_more()
    {
        // Both header sizes: MRd, MRdLk, MWr, DMWr and three AtomicOps, 14. I/O 2, configuration 4, Completions 4, Messages 16.
        int count = Enumerable.Range(0, 256).Count(first => TlpEncodings.TypeOf((byte)first) != TlpType.Reserved);
        Assert.That(count, Is.EqualTo(14 + 2 + 4 + 4 + 16));
        foreach (var type in Enum.GetValues<TlpType>()[1..])
            Assert.That(TlpEncodings.TypeOf(TlpEncodings.FirstByte(type, true)), Is.EqualTo(type));
    }

    [TestCase("1b:00.2", 0x1B02)]
    [TestCase("ff:1f.7", 0xFFFF)]
    [TestCase("0:0.0", 0)]
    public void A_Routing_ID_reads_and_prints_as_lspci_does(string text, int value)
    {
        Assert.That(RoutingId.Parse(text).Value, Is.EqualTo(value));
        Assert.That(RoutingId.TryParse(RoutingId.Parse(text).ToString(), out var again) && again.Value == value);
    }

    [TestCase("1b:20.0")]
    [TestCase("1b:00.8")]
    [TestCase("1b00.0")]
    [TestCase("")]
    [TestCase("1b:00.")]
    [TestCase("xx:00.0")]
    [TestCase(":.0")]
    public void Other_text_is_no_Routing_ID(string text) => Assert.That(RoutingId.TryParse(text, out _), Is.False);

    [TestCase(0x1000ul, 0x40_0000_8000ul, 4)]
    [TestCase(0x40_0000_8000ul, 0x1000ul, 3)]
    [TestCase(0x1000ul, 0x2000ul, 3)]
    public void AReaddressedRequestHasTheFormThatItsAddressAsksFor(ulong from, ulong to, int dwords)
    {
        var header = Tlps.MemoryRead(RoutingId.Of(1, 0, 0), 5, from, 64).Header;
        header.Readdress(to);
        Assert.That(header, Is.EqualTo(Tlps.MemoryRead(RoutingId.Of(1, 0, 0), 5, to, 64).Header));
        Assert.That(header.HeaderDwords, Is.EqualTo(dwords));
    }
}
