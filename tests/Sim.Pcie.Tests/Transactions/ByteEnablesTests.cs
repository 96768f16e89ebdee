using NUnit.Framework;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Transactions;

public sealed class ByteEnablesTests
{
    [Test]
    public void Length_and_enables_of_any_range_select_exactly_its_bytes()
    {
        for (ulong address = 0x1000; address < 0x1008; address++)
        {
            for (int count = 1; count <= 40; count++)
            {
                int length = ByteEnables.LengthDw(address, count);
                int first = ByteEnables.First(address, count), last = ByteEnables.Last(address, count);
                var bytes = Enabled(address & ~3ul, length, first, last);
                Assert.That(bytes, Is.EqualTo(Enumerable.Range(0, count).Select(i => address + (uint)i)), $"0x{address:x} {count}");
                Assert.That(last == 0, Is.EqualTo(length == 1));
            }
        }
    }

    [Test]
    public void A_zero_length_request_has_one_DW_and_no_bytes()
    {
        Assert.That((ByteEnables.LengthDw(0x1002, 0), ByteEnables.First(0x1002, 0), ByteEnables.Last(0x1002, 0)), Is.EqualTo((1, 0, 0)));
        Assert.That((ByteEnables.ByteCount(0, 0, 1), ByteEnables.CompletionByteCount(0, 0, 1)), Is.EqualTo((0, 1)));
        Assert.That(ByteEnables.LowerAddress(0x1234, 0), Is.EqualTo(0x34));
    }

    [Test]
    public void Byte_Count_runs_from_the_first_to_the_last_enabled_byte_as_table_2_40_has_it()
    {
        for (int length = 1; length <= 5; length++)
        {
            for (int be = 0; be < 256; be++)
            {
                int first = be & 15, last = be >> 4;
                if (length == 1 ? last != 0 : first == 0 || last == 0)
                    continue;
                var bytes = Enabled(0, length, first, last);
                int expected = bytes.Count == 0 ? 1 : (int)(bytes[^1] - bytes[0]) + 1;
                Assert.That(ByteEnables.CompletionByteCount(first, last, length), Is.EqualTo(expected), $"{first:b4} {last:b4} {length}");
                int lower = bytes.Count == 0 ? 0 : (int)bytes[0];
                Assert.That(ByteEnables.LowerAddress(0, first), Is.EqualTo(lower), "table 2-41");
            }
        }
    }

    [TestCase(1, 1)]
    [TestCase(16, 1)]
    [TestCase(17, 2)]
    [TestCase(256, 16)]
    [TestCase(0, 0)]
    [TestCase(4096, 256)]
    public void A_data_credit_is_16_bytes(int bytes, int credits) => Assert.That(ByteEnables.DataCredits(bytes), Is.EqualTo(credits));

    // The examples of section 2.3.1.1: with the largest payload and with one RCB at a time.
    [TestCase(0x10000ul, 192, 4096, 64, new[] { 192 })]
    [TestCase(0x10000ul, 192, 128, 64, new[] { 128, 64 })]
    [TestCase(0x10020ul, 256, 4096, 64, new[] { 256 })]
    [TestCase(0x10020ul, 256, 128, 64, new[] { 96, 128, 32 })]
    [TestCase(0x10020ul, 256, 256, 128, new[] { 224, 32 })]
    [TestCase(0x10003ul, 130, 128, 64, new[] { 125, 5 })]
    [TestCase(0x1007Ful, 1, 128, 128, new[] { 1 })]
    [TestCase(0x1007Ful, 2, 128, 128, new[] { 1, 1 })]
    public void A_read_is_completed_by_MPS_and_RCB(ulong address, int count, int maxPayload, int rcb, int[] expected)
    {
        var sizes = new List<int>();
        for (ulong at = address; count > 0; at += (uint)sizes[^1], count -= sizes[^1])
            sizes.Add(ReadSplitter.NextCompletionBytes(at, count, maxPayload, rcb));
        Assert.That(sizes, Is.EqualTo(expected));
        Assert.That(ReadSplitter.CompletionCount(address, expected.Sum(), maxPayload, rcb), Is.EqualTo(expected.Length));
    }

    [Test]
    public void No_completion_exceeds_MPS_and_only_the_last_ends_off_a_boundary()
    {
        var random = new Random(7);
        for (int round = 0; round < 4_000; round++)
        {
            ulong address = (ulong)random.Next(4096);
            int left = random.Next(1, 4097 - (int)address);
            int maxPayload = 128 << random.Next(6), rcb = 64 << random.Next(2);
            while (left > 0)
            {
                int bytes = ReadSplitter.NextCompletionBytes(address, left, maxPayload, rcb);
                Assert.That(ByteEnables.LengthDw(address, bytes) * 4, Is.LessThanOrEqualTo(maxPayload), $"round {round}");
                Assert.That(bytes, Is.Positive);
                (address, left) = (address + (uint)bytes, left - bytes);
                Assert.That(left == 0 || address % (uint)rcb == 0, $"round {round}");
            }
        }
    }

    [Test]
    public void A_long_transfer_is_cut_at_multiples_of_the_limit()
    {
        ulong address = 0x1FF0;
        long left = 1000;
        var sizes = new List<int>();
        for (; left > 0; address += (uint)sizes[^1], left -= sizes[^1])
            sizes.Add(ReadSplitter.NextRequestBytes(address, left, 512));
        Assert.That(sizes, Is.EqualTo(new[] { 16, 512, 472 }));
        Assert.That(ReadSplitter.RequestCount(0x1FF0, 1000, 512), Is.EqualTo(3));
        Assert.That(ReadSplitter.RequestCount(0x1FF0, 0, 512), Is.Zero);
    }

    private static List<ulong> Enabled(ulong dwAddress, int length, int first, int last)
    {
        var bytes = new List<ulong>();
        for (int dw = 0; dw < length; dw++)
        {
            int enables = dw == 0 ? first : dw == length - 1 ? last : 15;
            for (int i = 0; i < 4; i++)
            {
                if ((enables >> i & 1) != 0)
                    bytes.Add(dwAddress + (uint)(dw * 4 + i));
            }
        }
        return bytes;
    }
}
