using System.Runtime.CompilerServices;
using NUnit.Framework;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Transactions;

public sealed class TlpCodecTests
{
    private const int Seed = 20260;

    // One header for each rule, written out by hand from the rule's section.
    [TestCase("", TlpRule.Empty)]
    [TestCase("14000001 00000000 00000000", TlpRule.FmtType, Description = "Msg with a 3 DW header")]
    [TestCase("1b000001 0000000f 00000000", TlpRule.FmtType, Description = "TCfgRd, deprecated")]
    [TestCase("22000001 0000000f 00000000 00001000", TlpRule.FmtType, Description = "IORd with 64-bit address")]
    [TestCase("24000001 0000000f 01000000 00000000", TlpRule.FmtType, Description = "CfgRd0 with a 4 DW header")]
    [TestCase("2a000000 00000004 00000000 00000000", TlpRule.FmtType, Description = "Cpl with a 4 DW header")]
    [TestCase("0c000001 00000000 00000000", TlpRule.FmtType, Description = "FetchAdd without data")]
    [TestCase("a0000001 00000000 00000000", TlpRule.FmtType, Description = "Fmt 101b")]
    [TestCase("e0000001 00000000 00000000", TlpRule.FmtType, Description = "Fmt 111b")]
    [TestCase("00000001 0000000f", TlpRule.HeaderLength)]
    [TestCase("20000001 0000000f 00000001", TlpRule.HeaderLength)]
    [TestCase("91000001", TlpRule.PrefixWithoutHeader)]
    [TestCase("91000001 80000000 00000001 0000000f 00000000", TlpRule.PrefixOrder)]
    [TestCase("90000000 9e000000 9f000000 9e000000 9f000000 00000001 0000000f 00000000", TlpRule.EndEndPrefixCount)]
    [TestCase("91000001 91000001 00000001 0000000f 00000000", TlpRule.PasidPrefixCount)]
    [TestCase("8d000000 00000001 0000000f 00000000", TlpRule.LocalPrefixType, Description = "FLIT mode prefix")]
    [TestCase("81000000 00000001 0000000f 00000000", TlpRule.LocalPrefixType)]
    [TestCase("80000000 80000000 80000000 80000000 80000000 00000001 0000000f 00000000", TlpRule.LocalPrefixCount)]
    [TestCase("40000002 000000ff 00000000 00000000", TlpRule.PayloadLength)]
    [TestCase("40000001 0000000f 00000000 00000000 00000000 00000000", TlpRule.PayloadLength)]
    [TestCase("00000001 0000000f 00000000 00000000 00000000", TlpRule.PayloadLength)]
    [TestCase("40000001 0000000f 00000000 00000000 00000000", TlpRule.Digest)]
    [TestCase("40008001 0000000f 00000000 00000000", TlpRule.Digest)]
    [TestCase("00000002 000000f0 00000000", TlpRule.FirstBeZero)]
    [TestCase("00000002 0000000f 00000000", TlpRule.LastBeZero)]
    [TestCase("00000001 000000ff 00000000", TlpRule.LastBeOneDword)]
    [TestCase("04000001 0000001f 00000000", TlpRule.LastBeOneDword)]
    [TestCase("02000001 0000001f 00000000", TlpRule.LastBeOneDword)]
    [TestCase("00000003 000000f5 00000000", TlpRule.ByteEnableGap)]
    [TestCase("00000003 0000009f 00000000", TlpRule.ByteEnableGap)]
    [TestCase("00000003 000000f3 00000000", TlpRule.ByteEnableGap, Description = "ends before the DW does")]
    [TestCase("00000002 000000f5 00000004", TlpRule.ByteEnableGap, Description = "two DWs off a QW boundary")]
    [TestCase("00000002 000000ff 00000ffc", TlpRule.Crosses4K)]
    [TestCase("60000000 000000ff 00000001 00000004", TlpRule.Crosses4K)]
    [TestCase("4c000003 00000000 00001000", TlpRule.AtomicLength)]
    [TestCase("4d000004 00000000 00001000", TlpRule.AtomicLength)]
    [TestCase("4e000001 00000000 00001000", TlpRule.AtomicLength)]
    [TestCase("4e000006 00000000 00001000", TlpRule.AtomicLength)]
    [TestCase("4c000002 00000000 00001004", TlpRule.AtomicAlignment)]
    [TestCase("4e000008 00000000 00001008", TlpRule.AtomicAlignment)]
    [TestCase("04100001 0000000f 01000000", TlpRule.RequestTc)]
    [TestCase("42701001 0000000f 00001000", TlpRule.RequestTc)]
    [TestCase("04001001 0000000f 01000000", TlpRule.RequestAttributes)]
    [TestCase("02002001 0000000f 00001000", TlpRule.RequestAttributes)]
    [TestCase("04000002 0000000f 01000000", TlpRule.RequestLength)]
    [TestCase("42000000 0000000f 00001000", TlpRule.RequestLength)]
    [TestCase("34100000 01000020 00000000 00000000", TlpRule.MessageTc, Description = "Assert_INTA")]
    [TestCase("30100000 01000031 00000000 00000000", TlpRule.MessageTc, Description = "ERR_NONFATAL")]
    [TestCase("74100001 01000050 00000000 00000000", TlpRule.MessageTc, Description = "Set_Slot_Power_Limit")]
    [TestCase("34200000 01000010 00000000 00000000", TlpRule.MessageTc, Description = "LTR")]
    [TestCase("35000000 01000018 00000000 00000000", TlpRule.MessageGathered, Description = "PM_PME")]
    [TestCase("30000000 0100007f 00000001 08000000", TlpRule.ReadinessMessage, Description = "DRS to the Root Complex")]
    [TestCase("34000000 0100007f 00000001 09000000", TlpRule.ReadinessMessage, Description = "FRS, local")]
    [TestCase("73000002 0100007f 00000001 01000000", TlpRule.ReadinessMessage, Description = "Hierarchy ID of 2 DWs")]
    [TestCase("4a000001 01000008 01000004", TlpRule.CompletionBoundary)]
    [TestCase("4a000002 01000004 01000000", TlpRule.CompletionLength)]
    public void A_malformed_TLP_is_named_by_its_rule(string dws, TlpRule rule)
    {
        Assert.That(TlpCodec.TryDecode(Dws(dws), out _, out var broken), Is.False);
        Assert.That(broken, Is.EqualTo(rule));
    }

    [TestCase("00000001 00000000 00000000", TlpWarnings.None, Description = "zero-length read")]
    [TestCase("40000001 00000005 00000000", TlpWarnings.None, Description = "one DW, bytes 0 and 2")]
    [TestCase("40000002 000000a5 00000008", TlpWarnings.None, Description = "an aligned QW, any bytes")]
    [TestCase("00010002 00000077 00000001", TlpWarnings.None, Description = "TH: 77h is the Steering Tag")]
    [TestCase("00000403 000000ff 00000001", TlpWarnings.TranslationLength, Description = "Translation Request, No Write")]
    [TestCase("00020001 0000000f 00000000", TlpWarnings.ReservedBits, Description = "LN")]
    [TestCase("00000001 0000000f 00000003", TlpWarnings.ReservedBits, Description = "PH without TH")]
    [TestCase("20000001 0000000f 00000000 00001000", TlpWarnings.LowAddressIn64BitFormat)]
    [TestCase("00000c01 0000000f 00001000", TlpWarnings.AddressTypeReserved)]
    [TestCase("04000401 0000000f 01000000", TlpWarnings.AddressTypeNotZero)]
    [TestCase("04050001 0000000f 0100f003", TlpWarnings.ReservedBits, Description = "TH, Attr[2] and address bits of a CfgRd0")]
    [TestCase("00004001 0000000f 00000000", TlpWarnings.PoisonWithoutData)]
    [TestCase("0a000000 01006004 01000000", TlpWarnings.StatusReserved)]
    [TestCase("4a000001 01002004 01000000", TlpWarnings.DataWithFailedStatus)]
    [TestCase("4a000001 01001008 01000004", TlpWarnings.ByteCountModified)]
    [TestCase("0a000000 01000004 01000080", TlpWarnings.ReservedBits)]
    [TestCase("34000000 01000099 00000000 00000000", TlpWarnings.MessageCodeReserved)]
    [TestCase("33000000 01000020 00000000 00000000", TlpWarnings.MessageCombination, Description = "Assert_INTA, broadcast")]
    [TestCase("34000000 01000050 00000000 00000000", TlpWarnings.MessageCombination, Description = "Set_Slot_Power_Limit without data")]
    [TestCase("74000002 01000050 00000000 00000000", TlpWarnings.MessageLength)]
    [TestCase("34000000 01010020 00000000 00000000", TlpWarnings.IntxFunction)]
    [TestCase("34000000 01000041 00000000 00000000", TlpWarnings.MessageIgnored)]
    [TestCase("35000000 0100001b 00000000 00000000", TlpWarnings.None, Description = "PME_TO_Ack")]
    [TestCase("95000000 00000001 0000000f 00000000", TlpWarnings.EndEndPrefixReserved)]
    [TestCase("91300001 00000001 0000000f 00000000", TlpWarnings.ReservedBits, Description = "PASID prefix, byte 1 bits 5:4")]
    public void What_a_Receiver_takes_is_decoded_with_a_warning_at_most(string dws, TlpWarnings warnings)
    {
        Assert.That(TlpCodec.TryDecode(Dws(dws), out var tlp, out var broken), Is.True, () => TlpRules.Name(broken));
        Assert.That(tlp.Warnings, Is.EqualTo(warnings));
    }

    [Test]
    public void Every_rule_has_a_text_and_a_section()
    {
        foreach (var rule in Enum.GetValues<TlpRule>()[1..])
        {
            Assert.That(TlpRules.Text(rule), Is.Not.Empty);
            Assert.That(TlpRules.Name(rule), Does.Match(@"^\w+ §\d+(\.\d+)+$"));
        }
    }

    [Test]
    public void Random_bits_give_a_decode_or_a_named_rule_and_nothing_else()
    {
        var random = new Random(Seed);
        var dws = new uint[24];
        var seen = new HashSet<TlpRule>();
        for (int round = 0; round < 300_000; round++)
        {
            int length = random.Next(dws.Length + 1);
            for (int i = 0; i < length; i++)
                dws[i] = (uint)random.NextInt64(1L << 32);
            if (random.Next(2) == 0)
                dws[0] &= 0x7FFFFC0F; // else nearly everything is a prefix or has the wrong payload
            bool decoded = TlpCodec.TryDecode(dws.AsSpan(0, length), out var tlp, out var broken);
            if (decoded != (broken == TlpRule.None) || decoded && tlp.PayloadStart + tlp.PayloadDwords + (tlp.HasDigest ? 1 : 0) > length)
                Assert.Fail($"seed {Seed} round {round}: {Text(dws.AsSpan(0, length))}");
            seen.Add(broken);
        }
        Assert.That(seen, Has.Count.GreaterThan(15), $"seed {Seed}");
    }

    [Test]
    public void Random_valid_TLPs_decode_and_the_parts_make_up_the_whole()
    {
        var tlps = new RandomTlps(Seed);
        for (int round = 0; round < 200_000; round++)
        {
            var dws = tlps.Next();
            if (!TlpCodec.TryDecode(dws, out var tlp, out var broken))
                Assert.Fail($"seed {Seed} round {round}: {TlpRules.Name(broken)} for {Text(dws)}");
            ref readonly var header = ref tlp.Header;
            uint[] sent = [header.Dw0, header.Dw1, header.Dw2, header.Dw3];
            if (!dws[tlp.PrefixCount..tlp.PayloadStart].SequenceEqual(sent[..header.HeaderDwords]))
                Assert.Fail($"seed {Seed} round {round}: {Text(dws)}");
        }
    }

    [Test]
    public void Decoding_allocates_nothing()
    {
        var dws = Dws("91000123 60008002 010000ff 00000001 fee00000 00000001 00000002 12345678");
        Assert.That(TlpCodec.TryDecode(dws, out _, out _), Is.True);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
            TlpCodec.TryDecode(dws, out _, out _);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void A_Tlp_is_24_bytes() => Assert.That(Unsafe.SizeOf<Tlp>(), Is.EqualTo(24));

    internal static uint[] Dws(string hex) =>
        [.. hex.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(dw => Convert.ToUInt32(dw, 16))];

    internal static string Text(ReadOnlySpan<uint> dws) => string.Join(' ', dws.ToArray().Select(dw => $"{dw:x8}"));
}
