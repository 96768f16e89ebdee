using System.Globalization;
using System.Text;
using System.Text.Json;
using Scenarios.Tlp;
using Sim.Pcie.Spec;
using Sim.Pcie.Tests.Transactions;
using Sim.Pcie.Transactions;

namespace Scenarios.Tests.Tlp;

public sealed class TlpCommandTests
{
    private const int Seed = 4711;

    [TestCase("40000001 0000000f fee00000")]
    [TestCase("400000010000000ffee00000")]
    [TestCase("0x40000001 0x0000000f 0xfee00000")]
    [TestCase("0x40000001 0xF 0xFEE00000")]
    [TestCase("40 00 00 01 00 00 00 0f fe e0 00 00")]
    [TestCase("4000 0001 0000 000f fee0 0000")]
    [TestCase("  40000001\t0000000f, fee00000 \r")]
    [TestCase("TLP Header: 40000001 0000000f fee00000")]
    [TestCase("[   12.345] pcieport 0000:00:1c.0:   TLP Header: 40000001 0000000f fee00000 00000000")]
    [TestCase("{1}[Hardware Error]:   TLP Header: 0x40000001 0x0000000f 0xfee00000 0x12345678")]
    [TestCase("\t\tHeaderLog: 40000001 0000000f fee00000 00000000")]
    public void One_header_in_any_of_its_spellings(string line)
    {
        var (output, error) = Decode(line, json: true);
        Assert.That(error, Is.False, output);
        Assert.That(Encode(output).Output, Is.EqualTo("40000001 0000000f fee00000\n"));
    }

    [Test]
    public void The_JSON_has_the_keys_in_their_notation()
    {
        var json = DecodeObject("60001004 1b0200ff 00000000 fee00000 00000001 00000002 00000003 00000004");
        Assert.Multiple(() =>
        {
            Assert.That(json.GetProperty("type").GetString(), Is.EqualTo("MWr"));
            Assert.That(json.GetProperty("fmt").GetInt32(), Is.EqualTo(3));
            Assert.That(json.GetProperty("length_dw").GetInt32(), Is.EqualTo(4));
            Assert.That(json.GetProperty("attr").GetProperty("no_snoop").GetBoolean(), Is.True);
            Assert.That(json.GetProperty("attr").GetProperty("relaxed_ordering").GetBoolean(), Is.False);
            Assert.That(json.GetProperty("attr").GetProperty("id_based_ordering").GetBoolean(), Is.False);
            Assert.That(json.GetProperty("requester_id").GetString(), Is.EqualTo("1b:00.2"));
            Assert.That(json.GetProperty("address").GetString(), Is.EqualTo("0x00000000fee00000"));
            Assert.That(json.GetProperty("first_be").GetInt32(), Is.EqualTo(15));
            Assert.That(json.GetProperty("payload").GetString(), Is.EqualTo("00000001000000020000000300000004"));
            Assert.That(json.GetProperty("warnings").GetArrayLength(), Is.EqualTo(1), "64-bit format below 4 GiB");
        });
        var completion = DecodeObject("0a000000 01004004 1b020500");
        Assert.That(completion.GetProperty("status").GetString(), Is.EqualTo("RRS"));
        Assert.That(completion.GetProperty("completer_id").GetString(), Is.EqualTo("01:00.0"));
        Assert.That(completion.GetProperty("tag").GetInt32(), Is.EqualTo(5));
        var config = DecodeObject("04000001 0000010f 1b020ff4");
        Assert.That(config.GetProperty("destination_id").GetString(), Is.EqualTo("1b:00.2"));
        Assert.That(config.GetProperty("register").GetInt32(), Is.EqualTo(0xFF4));
        var message = DecodeObject("34000000 08000052 00000000 00000000");
        Assert.That(message.GetProperty("message_name").GetString(), Is.EqualTo("PTM Request"));
        Assert.That(message.GetProperty("message_code").GetInt32(), Is.EqualTo(0x52));
        Assert.That(message.GetProperty("message_routing").GetInt32(), Is.EqualTo(4));
    }

    [TestCase("34000000 01000099 00000000 00000000", "reserved")]
    [TestCase("74000001 01000053 00000001 00000002 00000003", "PTM ResponseD")]
    [TestCase("34000000 0100007f 00000001 08000000", "DRS")]
    [TestCase("30000000 0100007f 00000001 09000001", "FRS")]
    [TestCase("32000000 0100007f 02001b4b 12345678", "Vendor_Defined Type 1")]
    [TestCase("72000002 01000001 02000000 00000000", "Invalidate Request")]
    public void Messages_are_named(string dws, string name) =>
        Assert.That(DecodeObject(dws).GetProperty("message_name").GetString(), Is.EqualTo(name));

    [Test]
    public void A_PASID_prefix_is_taken_apart_and_a_kernel_logs_prefixes_come_in_front()
    {
        string log = "pci 0000:01:00.0: TLP Header: 0x20000001 0x0100000f 0x00000001 0x00001000 E-E Prefixes: 0x91c12345";
        var (output, _) = Decode(log, json: true);
        var prefix = JsonDocument.Parse(output).RootElement.GetProperty("prefixes")[0];
        Assert.That(prefix.GetProperty("type").GetString(), Is.EqualTo("PASID"));
        Assert.That(prefix.GetProperty("pasid").GetInt32(), Is.EqualTo(0x12345));
        Assert.That(prefix.GetProperty("privileged_mode_requested").GetBoolean(), Is.True);
        Assert.That(prefix.GetProperty("execute_requested").GetBoolean(), Is.True);
        Assert.That(Encode(output).Output, Is.EqualTo("91c12345 20000001 0100000f 00000001 00001000\n"));
    }

    [Test]
    public void The_fourth_DW_of_a_Header_Log_is_named_when_the_header_has_three()
    {
        var (output, error) = Decode("TLP Header: 00000001 0000000f fee00000 deadbeef", json: true);
        Assert.That(error, Is.False);
        Assert.That(output, Does.Contain("fourth DW deadbeef is no part of a 3 DW header (§7.8.4.8)"));
    }

    [TestCase("zz", "not hexadecimal")]
    [TestCase("4000000", "odd number")]
    [TestCase("40000001 0000", "a DW has 8")]
    [TestCase("TLP Header: 0x00000000 0x00000000 0x00000000 0x00000000", "no header was recorded")]
    [TestCase("TLP Header (Flit): 0x00000000 0x00000000", "FLIT")]
    [TestCase("TLP Header:", "no hexadecimal")]
    [TestCase("TLP Header", "no hexadecimal")]
    [TestCase("00000002 0000000f 00000000", "Last DW BE")]
    public void A_wrong_line_names_its_rule_and_the_rest_goes_on(string wrong, string because)
    {
        var (output, error) = Decode($"00000001 0000000f 00000000\n{wrong}\n00000001 0000000f 00000000\n", json: true);
        string[] lines = output.TrimEnd('\n').Split('\n');
        Assert.That(lines, Has.Length.EqualTo(3));
        Assert.That(error, Is.True);
        var root = JsonDocument.Parse(lines[1]).RootElement;
        Assert.That(root.GetProperty("error").GetString(), Does.Contain(because));
        Assert.That(root.GetProperty("rule").GetString(), Does.Contain("§"));
        Assert.That(root.GetProperty("input").GetString(), Is.EqualTo(wrong));
        Assert.That(Decode(wrong, json: false).Output.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(1), "one line of text, too");
    }

    /// <summary>Fifty thousand; three million in a minute with <c>dotnet test tests/Scenarios.Tests -e BATCHES=60</c>.</summary>
    [Test]
    public void Random_valid_TLPs_come_back_from_JSON_bit_for_bit()
    {
        int batches = int.Parse(Environment.GetEnvironmentVariable("BATCHES") ?? "1", CultureInfo.InvariantCulture);
        for (int seed = Seed; seed < Seed + batches; seed++)
        {
            var tlps = new RandomTlps(seed);
            var hex = new StringBuilder();
            for (int round = 0; round < 50_000; round++)
                hex.Append(Text(tlps.Next())).Append('\n');
            string input = hex.ToString();
            var (json, decodeError) = Decode(input, json: true);
            var (again, encodeError) = Encode(json);
            if (again == input && !decodeError && !encodeError)
                continue;
            string[] sent = input.Split('\n'), got = again.Split('\n'), objects = json.Split('\n');
            int at = Enumerable.Range(0, sent.Length).First(i => i >= got.Length || sent[i] != got[i]);
            Assert.Fail($"seed {seed} line {at}:\n{sent[at]}\n{got[at]}\n{objects[at]}");
        }
    }

    [Test]
    public void Random_text_gives_one_line_of_JSON_each()
    {
        var random = new Random(Seed);
        const string alphabet = "0123456789abcdefABCDEFx :{}\"\\,-\tTLP Header:";
        for (int round = 0; round < 20_000; round++)
        {
            string line = string.Concat(Enumerable.Range(0, random.Next(1, 60)).Select(_ => alphabet[random.Next(alphabet.Length)]));
            string decoded = Decode(line, json: true).Output;
            if (decoded.Count(c => c == '\n') != (string.IsNullOrWhiteSpace(line) ? 0 : 1))
                Assert.Fail($"seed {Seed} round {round}: '{line}' gave '{decoded}'");
            string encoded = Encode(line).Output;
            if (encoded.Count(c => c == '\n') != (string.IsNullOrWhiteSpace(line) ? 0 : 1))
                Assert.Fail($"seed {Seed} round {round}: '{line}' gave '{encoded}'");
        }
    }

    [TestCase("{\"type\":\"MWr\"}", "is missing: MWr has it")]
    [TestCase("{\"type\":\"Quux\"}", "no TLP or DLLP type")]
    [TestCase("{\"type\":\"MRd\",\"fmt\":2,\"address\":\"0x0\",\"requester_id\":\"00:00.0\"}", "does not fit MRd")]
    [TestCase("{\"type\":\"MRd\",\"tga\":2}", "unknown key \\\"tga\\\"")]
    [TestCase("{\"type\":\"MRd\",\"tag\":1024}", "from 0 to 1023")]
    [TestCase("{\"type\":\"MRd\",\"requester_id\":\"1b\"}", "Routing ID")]
    [TestCase("[1]", "JSON object")]
    [TestCase("{\"type\":\"MRd\"", "JSON")]
    [TestCase("{\"type\":\"MRd\"} 1", "JSON")]
    [TestCase("{\"error\":\"x\",\"rule\":\"y\"}", "report of an error")]
    [TestCase("{\"type\":\"MRd\",\"length_dw\":2,\"last_be\":0,\"address\":\"0x0\",\"requester_id\":\"00:00.0\"}", "Last DW BE")]
    public void An_object_that_is_no_TLP_says_why(string json, string because)
    {
        var (output, error) = Encode(json);
        Assert.That(output, Does.Contain(because));
        Assert.That(error, Is.True);
    }

    [Test]
    public void An_object_written_by_hand_needs_only_what_its_type_cannot_do_without()
    {
        Assert.That(Encode("{\"type\":\"MWr\",\"requester_id\":\"1b:00.2\",\"address\":\"0xfee00000\",\"payload\":\"41000000\"}").Output,
            Is.EqualTo("40000001 1b02000f fee00000 41000000\n"));
        string read = "{\"type\":\"MRd\",\"requester_id\":\"1b:00.2\",\"address\":\"0x100000000\",\"length_dw\":2,\"tag\":258}";
        Assert.That(Encode(read).Output, Is.EqualTo("20080002 1b0202ff 00000001 00000000\n"));
    }

    [Test]
    public void A_TLP_on_the_Link_has_its_sequence_number_and_LCRC_checked()
    {
        uint[] dws = [0x00000001, 0x0100000F, 0x00001000];
        string line = $"0123 {Text(dws)} {Lcrc.Compute(0x123, dws):x8}";
        var (json, error) = Decode(line, json: true, TlpFraming.Link);
        Assert.That(error, Is.False, json);
        Assert.That(json, Does.Contain("\"sequence\":291").And.Contain("\"warnings\":[]"));
        Assert.That(Encode(json).Output, Is.EqualTo(line + "\n"));
        string nullified = $"0123 {Text(dws)} {~Lcrc.Compute(0x123, dws):x8}";
        Assert.That(Decode(nullified, json: true, TlpFraming.Link).Output, Does.Contain("nullified"));
        Assert.That(Decode("0123 00000001", json: true, TlpFraming.Link).Error, Is.True);
    }

    [TestCase("00000123")]
    [TestCase("9180f028")]
    [TestCase("02800001")]
    [TestCase("48000000")]
    public void A_DLLP_comes_back_from_JSON_with_its_CRC(string dllp)
    {
        string json = Decode(dllp, json: true, TlpFraming.Dllp).Output;
        ushort crc = new Dllp(Convert.ToUInt32(dllp, 16)).Crc;
        Assert.That(Encode(json).Output, Is.EqualTo($"{dllp} {crc:x4}\n"));
        Assert.That(Decode($"{dllp} {crc ^ 1:x4}", json: true, TlpFraming.Dllp).Output, Does.Contain("CRC does not match"));
    }

    [Test]
    public void Every_DLLP_type_has_a_name_that_leads_back_to_it()
    {
        foreach (var type in Enum.GetValues<DllpType>())
            Assert.That(DllpDescription.TryFind(DllpDescription.NameOf(type), out var again) && again == type, $"{type}");
    }

    [Test]
    public void An_endless_line_is_one_error_and_the_next_line_is_read()
    {
        var (output, error) = Decode(new string('a', 300_000) + "\n00000001 0000000f 00000000\n", json: true);
        string[] lines = output.TrimEnd('\n').Split('\n');
        Assert.That(lines, Has.Length.EqualTo(2));
        Assert.That(error, Is.True);
        Assert.That(lines[0], Does.Contain("longer than any TLP"));
        Assert.That(lines[1], Does.StartWith("{\"type\":\"MRd\""));
    }

    [Test]
    public void The_longest_TLP_fits_a_line()
    {
        string line = "91000001 60000000 010000ff 00000001 00000000 " + string.Join(' ', Enumerable.Repeat("89abcdef", 1024));
        var (json, error) = Decode(line, json: true);
        Assert.That(error, Is.False);
        Assert.That(Encode(json).Output, Is.EqualTo(line + "\n"));
    }

    [Test]
    public void The_table_shows_each_field_on_a_row()
    {
        string expected = """
            CplD  Completion with data, 3 DW header
              header           4a000001 01000004 1b020504
              fmt              010b
              length_dw        1 (4 bytes)
              tc               0
              attr             -
              th td ep at      0 0 0 0
              requester_id     1b:00.2
              tag              5 (0x5)
              completer_id     01:00.0
              status           SC
              byte_count       4
              lower_address    0x04
              payload 1 DW     12345678

            """;
        Assert.That(Decode("4a000001 01000004 1b020504 12345678", json: false).Output, Is.EqualTo(expected));
    }

    private static string Text(ReadOnlySpan<uint> dws) => string.Join(' ', dws.ToArray().Select(dw => $"{dw:x8}"));

    private static JsonElement DecodeObject(string line)
    {
        var (output, error) = Decode(line, json: true);
        Assert.That(error, Is.False, output);
        return JsonDocument.Parse(output).RootElement;
    }

    private static (string Output, bool Error) Decode(string input, bool json, TlpFraming framing = TlpFraming.Tlp)
    {
        var output = new MemoryStream();
        var decoding = new TlpDecoding(output, framing, json);
        decoding.DecodeAll(new MemoryStream(Encoding.UTF8.GetBytes(input)));
        return (Encoding.UTF8.GetString(output.ToArray()), decoding.AnyError);
    }

    private static (string Output, bool Error) Encode(string input)
    {
        var output = new MemoryStream();
        var encoding = new TlpEncoding(output);
        encoding.EncodeAll(new MemoryStream(Encoding.UTF8.GetBytes(input)));
        return (Encoding.UTF8.GetString(output.ToArray()), encoding.AnyError);
    }
}
