using NUnit.Framework;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Transactions;

/// <summary>
/// The CRCs against a register of single bits, as the figures of §3.5.1, §3.6.2.1 and §2.7.1 draw it, and against known values.
/// </summary>
public sealed class CrcTests
{
    // Shift register: the coefficient of the highest power leaves first; input enters from bit 0 of byte 0; the result is complemented.
    // Tables 3-7, 3-8 and 2-55: result bit n goes to field bit (n & ~7) + 7 - (n & 7); field bits 31:24 (15:8) are sent first.
    private static uint BitSerial(IEnumerable<byte> bytes, int width, uint polynomial)
    {
        var register = new bool[width];
        Array.Fill(register, true);
        foreach (byte value in bytes)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                bool feedback = register[width - 1] ^ (value >> bit & 1) != 0;
                for (int n = width - 1; n > 0; n--)
                    register[n] = register[n - 1] ^ (feedback && (polynomial >> n & 1) != 0);
                register[0] = feedback && (polynomial & 1) != 0;
            }
        }
        uint field = 0;
        for (int n = 0; n < width; n++)
        {
            if (!register[n])
                field |= 1u << (n & ~7) + 7 - (n & 7);
        }
        return field;
    }

    private static IEnumerable<byte> Bytes(params uint[] dws) =>
        dws.SelectMany(dw => new[] { (byte)(dw >> 24), (byte)(dw >> 16), (byte)(dw >> 8), (byte)dw });

    [Test]
    public void The_reference_register_gives_the_catalogued_CRC_32_check_value()
    {
        // "123456789" has CRC-32 cbf43926h in every catalogue; it is sent low byte first.
        Assert.That(BitSerial("123456789"u8.ToArray(), 32, 0x04C11DB7), Is.EqualTo(0x2639F4CB));
    }

    [Test]
    public void The_LCRC_covers_sequence_number_and_TLP()
    {
        var random = new Random(31);
        for (int round = 0; round < 300; round++)
        {
            int sequence = random.Next(4096);
            var dws = Enumerable.Range(0, random.Next(3, 40)).Select(_ => (uint)random.NextInt64(1L << 32)).ToArray();
            var bytes = new[] { (byte)(sequence >> 8), (byte)sequence }.Concat(Bytes(dws));
            Assert.That(Lcrc.Compute(sequence, dws), Is.EqualTo(BitSerial(bytes, 32, 0x04C11DB7)), $"round {round}");
        }
    }

    [Test]
    public void The_ECRC_takes_EP_and_the_lowest_Type_bit_as_set_and_skips_Local_prefixes()
    {
        uint[] cfgWr0 = [0x44000001, 0x0000010F, 0x01000010, 0x78563412];
        uint expected = BitSerial(Bytes(0x45004001, 0x0000010F, 0x01000010, 0x78563412), 32, 0x04C11DB7);
        Assert.That(Ecrc.Compute(cfgWr0), Is.EqualTo(expected));
        Assert.That(Ecrc.Compute([0x45004001, .. cfgWr0[1..]]), Is.EqualTo(expected), "CfgWr1, poisoned");
        Assert.That(Ecrc.Compute([0x80FFFFFF, .. cfgWr0]), Is.EqualTo(expected), "behind a Local TLP Prefix");
        uint withPasid = BitSerial(Bytes(0x91000001, 0x45004001, 0x0000010F, 0x01000010, 0x78563412), 32, 0x04C11DB7);
        Assert.That(Ecrc.Compute([0x80FFFFFF, 0x91000001, .. cfgWr0]), Is.EqualTo(withPasid), "an End-End TLP Prefix counts whole");
    }

    [Test]
    public void The_DLLP_CRC_matches_the_register_for_random_DLLPs()
    {
        var random = new Random(16);
        for (int round = 0; round < 5000; round++)
        {
            uint value = (uint)random.NextInt64(1L << 32);
            Assert.That(new Dllp(value).Crc, Is.EqualTo(BitSerial(Bytes(value), 16, 0x100B)), $"0x{value:x8}");
        }
    }

    [Test]
    public void A_flow_control_DLLP_carries_scaled_credits()
    {
        var dllp = Dllp.FlowControl(DllpType.UpdateFCNP, virtualChannel: 1, hdrFC: 3, dataFC: 40, hdrScale: 2, dataScale: 3);
        Assert.That(dllp.Value, Is.EqualTo(0x9180F028));
        Assert.That((dllp.Type, dllp.FlowClass, dllp.VirtualChannel), Is.EqualTo((DllpType.UpdateFCNP, FlowClass.NonPosted, 1)));
        Assert.That((dllp.HeaderCredits, dllp.DataCredits), Is.EqualTo((12, 640)), "table 3-6: times 4 and times 16");
        Assert.That(dllp.IsFlowControl, Is.True);
    }

    [TestCase(0x00000123u, DllpType.Ack)]
    [TestCase(0x10000FFFu, DllpType.Nak)]
    [TestCase(0x02800001u, DllpType.DataLinkFeature)]
    [TestCase(0x23000000u, DllpType.PmActiveStateRequestL1)]
    [TestCase(0x30ABCDEFu, DllpType.VendorSpecific)]
    [TestCase(0x47000000u, DllpType.InitFC1P)]
    [TestCase(0xE0000000u, DllpType.InitFC2Cpl)]
    [TestCase(0x48000000u, DllpType.Reserved)]
    [TestCase(0x22000000u, DllpType.Reserved)]
    [TestCase(0x70000000u, DllpType.MRInitFC1)]
    public void The_first_byte_tells_the_DLLP_type(uint value, DllpType type) => Assert.That(new Dllp(value).Type, Is.EqualTo(type));

    [Test]
    public void Ack_Nak_and_Feature_have_their_fields()
    {
        Assert.That((Dllp.Ack(0x123).Value, Dllp.Nak(0xFFF).Value), Is.EqualTo((0x123u, 0x10000FFFu)));
        Assert.That(Dllp.Feature(1, ack: true).Value, Is.EqualTo(0x02800001));
        Assert.That((new Dllp(0x02800001).FeatureAck, new Dllp(0x02800001).FeatureSupported), Is.EqualTo((true, 1)));
        Assert.That(new Dllp(0x00F01123).ReservedBits, Is.EqualTo(0x00F01000));
    }
}
