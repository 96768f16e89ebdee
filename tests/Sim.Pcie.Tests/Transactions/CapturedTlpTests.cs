using System.Buffers.Binary;
using NUnit.Framework;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Transactions;

/// <summary>TLPs captured from hardware by the NetTLP project: shared/data/tlp-captures, beside the repository.</summary>
public sealed class CapturedTlpTests
{
    [TestCase("mrd-512-through-switch.pcap", 2, 4)]
    [TestCase("p4600-read-4blk.pcap", 0, 0)]
    [TestCase("p4600-write-4blk.pcap", 4, 8)]
    [TestCase("x520-512B-16pkt.pcap", 16, 32)]
    [TestCase("x520-64B-16pkt.pcap", 16, 16)]
    public void What_hardware_sent_decodes_and_encodes_to_the_same_bits(string file, int reads, int completions)
    {
        int sawReads = 0, sawCompletions = 0;
        foreach (var (dws, captured) in Tlps(Find(file)))
        {
            Assert.That(TlpCodec.TryDecode(dws, out var tlp, out var broken), Is.True, () => TlpRules.Name(broken));
            Assert.That(tlp.Warnings, Is.EqualTo(TlpWarnings.None));
            var again = new uint[TlpCodec.MaxDwords];
            TlpWire.Write(new Tlp(tlp.Header), again);
            Assert.That(again[..tlp.Header.HeaderDwords], Is.EqualTo(dws[..tlp.Header.HeaderDwords]));
            Assert.That(captured, Is.LessThanOrEqualTo(tlp.Header.HeaderDwords * 4 + tlp.Header.PayloadBytes));
            sawReads += tlp.Header.Type == TlpType.MRd ? 1 : 0;
            sawCompletions += tlp.Header.Type == TlpType.CplD ? 1 : 0;
        }
        Assert.That((sawReads, sawCompletions), Is.EqualTo((reads, completions)));
    }

    [Test]
    public void The_512_byte_read_is_answered_by_two_completions_whose_Byte_Counts_follow_from_it()
    {
        var headers = Tlps(Find("mrd-512-through-switch.pcap")).Select(tlp => Decode(tlp.Dws)).ToArray();
        var read = headers.First(header => header.Type == TlpType.MRd);
        int left = ByteEnables.CompletionByteCount(read.FirstBe, read.LastBe, read.LengthDw);
        Assert.That(left, Is.EqualTo(512));
        foreach (var completion in headers.Where(header => header.Type == TlpType.CplD).Take(2))
        {
            Assert.That((completion.ByteCount, completion.Tag, completion.RequesterId), Is.EqualTo((left, read.Tag, read.RequesterId)));
            left -= completion.PayloadBytes;
        }
        Assert.That(left, Is.Zero);
    }

    private static TlpHeader Decode(uint[] dws) =>
        TlpCodec.TryDecode(dws, out var tlp, out var broken) ? tlp.Header : throw new AssertionException(TlpRules.Name(broken));

    // Header DWs of each TLP, and how many of its bytes the capture kept: the payload is cut.
    private static IEnumerable<(uint[] Dws, int Captured)> Tlps(byte[] pcap)
    {
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(pcap), Is.EqualTo(0xA1B23C4D), "nanosecond pcap");
        int length;
        for (int at = 24; at < pcap.Length; at += 16 + length)
        {
            length = BinaryPrimitives.ReadInt32LittleEndian(pcap.AsSpan(at + 8));
            var frame = pcap.AsSpan(at + 16, length);
            int type = 12;
            if (BinaryPrimitives.ReadUInt16BigEndian(frame[type..]) == 0x8100)
                type += 4;
            if (BinaryPrimitives.ReadUInt16BigEndian(frame[type..]) != 0x0800)
                continue;
            var ip = frame[(type + 2)..];
            if (ip[9] != 17)
                continue;
            var udp = ip[((ip[0] & 15) * 4)..];
            int end = Math.Min(udp.Length, BinaryPrimitives.ReadUInt16BigEndian(udp[4..])); // behind it Ethernet pads
            var tlp = udp[14..end];
            var dws = new uint[3 + (tlp[0] >> 5 & 1)];
            for (int i = 0; i < dws.Length; i++)
                dws[i] = BinaryPrimitives.ReadUInt32BigEndian(tlp[(i * 4)..]);
            yield return (dws, tlp.Length);
        }
    }

    private static byte[] Find(string file)
    {
        for (var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "shared", "data", "tlp-captures", file);
            if (File.Exists(path))
                return File.ReadAllBytes(path);
        }
        Assert.Ignore($"../shared/data/tlp-captures/{file} is not here");
        return [];
    }
}
