using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Scenarios.Tests.Traces;

/// <summary>trace.pcapng against the event log: byte by byte, and field by field as tshark reads it with the shipped dissector.</summary>
internal sealed class PcapngTests
{
    private TraceRun _run = null!;

    [OneTimeSetUp]
    public void Run() => _run = new TraceRun();

    [OneTimeTearDown]
    public void TearDown() => _run.Dispose();

    [Test]
    public void Every_TLP_of_the_event_log_is_in_the_capture_with_its_link_and_its_picosecond()
    {
        var packets = Packets(File.ReadAllBytes(_run.Path("out/trace.pcapng"))).ToList();
        Assert.That(packets, Has.Count.EqualTo(_run.Tlps.Count).And.Count.GreaterThan(50));
        Assert.That(_run.Tlps.Select(t => t.GetProperty("tlp").GetProperty("type").GetString()).Distinct(),
            Is.SupersetOf(new[] { "MWr", "MRd", "CplD", "Cpl", "Msg" }));
        foreach (var (packet, tlp) in packets.Zip(_run.Tlps))
        {
            Assert.That(packet.Link, Is.EqualTo(tlp.GetProperty("link").GetString()));
            Assert.That(packet.Picoseconds, Is.EqualTo(tlp.GetProperty("t_fs").GetInt64() / 1000));
            var header = tlp.GetProperty("header").EnumerateArray().Select(dw => dw.GetString());
            Assert.That(Convert.ToHexStringLower(packet.Tlp), Does.StartWith(string.Concat(header)));
            Assert.That(packet.Tlp, Has.Length.EqualTo(4 * (header.Count() + Payload(tlp))));
        }
    }

    [Test]
    public void Tshark_reads_every_header_field_as_the_event_log_has_it()
    {
        string[] names = [.. _run.Tlps.SelectMany(t => Fields(t).Keys).Distinct().Order(StringComparer.Ordinal)];
        var rows = Tshark(_run.Path("out/trace.pcapng"), ["frame.interface_name", .. names.Select(n => $"pcietlp.{n}")]);
        Assert.That(rows, Has.Count.EqualTo(_run.Tlps.Count));
        foreach (var (row, tlp) in rows.Zip(_run.Tlps))
        {
            var fields = Fields(tlp);
            string[] expected = [tlp.GetProperty("link").GetString()!, .. names.Select(n => fields.GetValueOrDefault(n, ""))];
            Assert.That(row, Is.EqualTo(expected), $"{tlp}");
        }
    }

    [Test]
    public void The_dissector_reads_captures_of_real_hardware_as_the_codec_does()
    {
        var capture = Shared("p4600-read-4blk.pcap");
        var rows = Tshark(capture, ["pcietlp.type", "pcietlp.length_dw", "pcietlp.requester_id", "pcietlp.tag", "pcietlp.address"]);
        Assert.That(rows, Is.Not.Empty);
        Assert.That(rows[0], Is.EqualTo(new[] { "MWr", "64", "19:00.0", "0", "0x00000000a0000000" }));
    }

    [Test]
    public void A_matrix_has_traces_only_where_they_are_asked_for()
    {
        var script = _run.Path("matrix.yaml");
        const string matrix = "matrix: { kernel: { a: { kernel: { revoke: none } }, b: { vmm: { stop_window: 300us } } } }";
        File.WriteAllText(script, $"{TraceRun.Script}\n{matrix}\n");
        Pciesim.Output("run", script, "--out", _run.Path("without"));
        Pciesim.Output("run", script, "--out", _run.Path("with"), "--trace");
        Assert.That(Directory.Exists(_run.Path("without/traces")), Is.False);
        Assert.That(Directory.EnumerateFiles(_run.Path("with/traces")).Select(Path.GetFileName).Order(StringComparer.Ordinal),
            Is.EqualTo(new[] { "a.pcapng", "a.perfetto.json", "b.pcapng", "b.perfetto.json" }));
        Assert.That(File.ReadAllText(_run.Path("with/events.jsonl")), Is.EqualTo(File.ReadAllText(_run.Path("without/events.jsonl"))));
        using var manifest = JsonDocument.Parse(File.ReadAllText(_run.Path("with/results.json")));
        Assert.That(manifest.RootElement.GetProperty("files").EnumerateArray().Select(f => f.GetString()).Order(StringComparer.Ordinal),
            Is.EqualTo(Directory.EnumerateFiles(_run.Path("with"), "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(_run.Path("with"), f)).Order(StringComparer.Ordinal)), "and nothing else is left");
    }

    [Test]
    public void Compressed_files_hold_what_the_plain_ones_hold()
    {
        var script = _run.Path("matrix.yaml");
        const string matrix = "matrix: { kernel: { a: { kernel: { revoke: none } }, b: { vmm: { stop_window: 300us } } } }";
        File.WriteAllText(script, $"{TraceRun.Script}\n{matrix}\n");
        Pciesim.Output("run", script, "--out", _run.Path("plain"), "--trace");
        Pciesim.Output("run", script, "--out", _run.Path("small"), "--trace", "--compress");
        foreach (var name in (string[])["events.jsonl", "traces/a.pcapng", "traces/b.perfetto.json"])
        {
            using var packed = new GZipStream(File.OpenRead(_run.Path($"small/{name}.gz")), CompressionMode.Decompress);
            var whole = new MemoryStream();
            packed.CopyTo(whole);
            Assert.That(whole.ToArray().AsSpan().SequenceEqual(File.ReadAllBytes(_run.Path($"plain/{name}"))), Is.True, name);
        }

        Assert.That(File.Exists(_run.Path("small/events.jsonl")), Is.False);
    }

    private static int Payload(JsonElement tlp) => (tlp.GetProperty("tlp").GetProperty("fmt").GetInt32() & 2) == 0 ? 0
        : tlp.GetProperty("tlp").GetProperty("length_dw").GetInt32();

    // As tshark prints them: a flag is 0 or 1.
    private static Dictionary<string, string> Fields(JsonElement tlp)
    {
        var fields = new Dictionary<string, string>();
        Add("", tlp.GetProperty("tlp"));
        fields.Remove("message_name");
        return fields;

        void Add(string prefix, JsonElement item)
        {
            foreach (var member in item.EnumerateObject())
            {
                if (member.Value.ValueKind == JsonValueKind.Object) Add($"{prefix}{member.Name}.", member.Value);
                else
                    fields[prefix + member.Name] = member.Value.ValueKind switch
                    {
                        JsonValueKind.True => "1",
                        JsonValueKind.False => "0",
                        _ => member.Value.ToString(),
                    };
            }
        }
    }

    private static IEnumerable<(string Link, long Picoseconds, byte[] Tlp)> Packets(byte[] file)
    {
        var links = new List<string>();
        for (var at = 0; at < file.Length;)
        {
            var type = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at));
            var length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 4));
            var body = file.AsSpan(at + 8, length - 12);
            Assert.That(BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + length - 4)), Is.EqualTo(length), "so a block ends");
            if (type == 1)
            {
                var name = BinaryPrimitives.ReadUInt16LittleEndian(body[10..]);
                links.Add(Encoding.UTF8.GetString(body.Slice(12, name)));
                var resolution = body[(12 + (name + 3 & ~3))..];
                Assert.That((resolution[0], resolution[4]), Is.EqualTo(((byte)9, (byte)12)), "if_tsresol: picoseconds");
            }

            at += length;
            if (type != 6) continue;
            var time = (long)BinaryPrimitives.ReadUInt32LittleEndian(body[4..]) << 32 | BinaryPrimitives.ReadUInt32LittleEndian(body[8..]);
            var packet = body.Slice(20, BinaryPrimitives.ReadInt32LittleEndian(body[12..]));
            Assert.That(BinaryPrimitives.ReadUInt16BigEndian(packet[36..]), Is.EqualTo(12288), "the UDP port of NetTLP");
            yield return (links[BinaryPrimitives.ReadInt32LittleEndian(body)], time, packet[48..].ToArray());
        }
    }

    private static IReadOnlyList<string[]> Tshark(string capture, IReadOnlyList<string> fields)
    {
        var dissector = Path.Combine(Scripts.Shipped, "..", "..", "tools", "pciesim-tlp.lua");
        string[] arguments = ["-r", capture, "-X", $"lua_script:{dissector}", "-T", "fields", "-E", "separator=|",
            .. fields.SelectMany(f => new[] { "-e", f })];
        try
        {
            using var tshark = Process.Start(new ProcessStartInfo("tshark", arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var complaints = tshark.StandardError.ReadToEndAsync();
            var output = tshark.StandardOutput.ReadToEnd();
            tshark.WaitForExit();
            Assert.That(tshark.ExitCode, Is.Zero, complaints.Result);
            return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('|'))];
        }
        catch (Win32Exception)
        {
            Assert.Ignore("tshark is not installed: the capture was not judged");
            return [];
        }
    }

    private static string Shared(string file)
    {
        for (var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "shared", "data", "tlp-captures", file);
            if (File.Exists(path)) return path;
        }

        Assert.Ignore(string.Create(CultureInfo.InvariantCulture, $"../shared/data/tlp-captures/{file} is not here"));
        return "";
    }
}
