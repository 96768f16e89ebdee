using System.Text.Json;
using Scenarios.Platforms;
using Scenarios.Results;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Scenarios.Tests;

/// <summary>Scripts on the Root Port of a dumped machine.</summary>
internal sealed class PlatformTests
{
    private const string Xeon = "xeon-root-port-and-connectx3.txt";
    private const string Port = "00:01.0";
    private const ushort Aer = ExtendedCapabilityId.AdvancedErrorReporting;
    private const ushort Dpc = ExtendedCapabilityId.DownstreamPortContainment;

    private DirectoryInfo _folder = null!;

    [SetUp]
    public void SetUp() => _folder = Directory.CreateTempSubdirectory("pciesim-");

    [TearDown]
    public void TearDown() => _folder.Delete(recursive: true);

    [Test]
    public void The_Root_Port_of_our_own_dump_announces_what_ours_announce()
    {
        var seat = Parse(Dumps.Own);
        Assert.Multiple(() =>
        {
            Assert.That(seat.RootPort!.Options, Is.EqualTo(new RootPortOptions()));
            Assert.That((seat.RootPort.Link, seat.MaxPayloadSize, seat.MaxReadRequestSize),
                Is.EqualTo((new Language.LinkShape(6, 16), 256, 512)));
            Assert.That(seat.Notes, Is.Empty);
        });
    }

    [Test]
    public void A_machine_on_its_own_dump_decides_as_without()
    {
        var script = LateAccesses("native-aer", "stopped_store: unsupported-request, stopped_load: unsupported-request");
        var (plain, dumped) = (Run(script, null), Run(script, Dumps.OfOurFabric(script)));
        Assert.That((dumped.Host, dumped.Migration, dumped.Because), Is.EqualTo((plain.Host, plain.Migration, plain.Because)));
        Assert.That(dumped.Dmesg.Select(l => l.Text), Is.EqualTo(plain.Dmesg.Select(l => l.Text)));
    }

    [Test]
    public void Without_the_DPC_capability_the_link_is_not_contained()
    {
        var script = LateAccesses("native-aer-dpc", "stopped_store: unsupported-request");
        var flipped = Dumps.Flip(Dumps.Own, Port, Dumps.Extended(Dumps.Own, Port, Dpc), 0x10);
        var (with, without) = (Run(script, Dumps.Own), Run(script, flipped));
        Assert.Multiple(() =>
        {
            Assert.That(with.Host, Is.EqualTo(HostIntegrity.Contained));
            Assert.That(with.Because, Does.Contain("rp0 triggers DPC").And.Not.Contain("has no"));
            Assert.That(without.Host, Is.EqualTo(HostIntegrity.Logged));
            Assert.That(without.Because, Does.Contain("signals its AER interrupt"));
            Assert.That(without.Because, Does.Contain("rp0, like 00:01.0 of x.txt, has no DPC Control"));
            Assert.That(without.Registers.Where(f => f.From == "the dump's 00:01.0").Select(f => f.Register), Has.Member("DPC Control"));
        });
    }

    [Test]
    public void Without_the_AER_capability_the_kernel_hears_nothing()
    {
        var script = LateAccesses("native-aer", "stopped_store: unsupported-request");
        var flipped = Dumps.Flip(Dumps.Own, Port, Dumps.Extended(Dumps.Own, Port, Aer), 0x0A);
        var (with, without) = (Run(script, Dumps.Own), Run(script, flipped));
        Assert.Multiple(() =>
        {
            Assert.That(with.Because, Does.Contain("signals its AER interrupt"));
            Assert.That(with.Dmesg, Has.Some.Matches<LogLine>(l => l.Text.Contains("AER")));
            Assert.That(without.Because, Does.Contain("rp0 has no AER capability").And.Contain("has no Root Error Command"));
            Assert.That(without.Dmesg, Is.Empty);
        });
    }

    [Test]
    public void One_digit_of_the_ports_AER_mask_decides_whether_a_completion_timeout_is_reported()
    {
        var script = LateAccesses("native-aer", "stopped_load: no-completion");
        var mask = Dumps.Extended(Dumps.Own, Port, Aer) + 9;
        var (open, masked) = (Run(script, Dumps.Own), Run(script, Dumps.Flip(Dumps.Own, Port, mask, 0x40)));
        Assert.Multiple(() =>
        {
            Assert.That(open.Host, Is.EqualTo(HostIntegrity.Contained), "the port's registers are details: the PF's driver stops");
            Assert.That(open.Because, Does.Contain("Uncorrectable Error Severity.Completion Timeout Severity=0 (the dump's 00:01.0)"));
            Assert.That(masked.Host, Is.EqualTo(HostIntegrity.Intact));
            Assert.That(masked.Because,
                Does.Contain("sends no Message, masked: Uncorrectable Error Mask.Completion Timeout Mask=1 (the dump's 00:01.0)"));
        });
    }

    [Test]
    public void One_digit_of_the_ports_AER_severity_decides_how_far_recovery_goes()
    {
        var script = LateAccesses("native-aer", "stopped_load: no-completion");
        var severity = Dumps.Extended(Dumps.Own, Port, Aer) + 0x0D;
        var (open, fatal) = (Run(script, Dumps.Own), Run(script, Dumps.Flip(Dumps.Own, Port, severity, 0x40)));
        Assert.That(open.Dmesg, Has.None.Matches<LogLine>(l => l.Text.Contains("has been reset")));
        Assert.That(fatal.Dmesg, Has.Some.Matches<LogLine>(l => l.Text.Contains("has been reset")));
        Assert.That(fatal.Because, Does.Contain("severity Fatal: Uncorrectable Error Severity.Completion Timeout Severity=1 (the dump's"));
    }

    [Test]
    public void What_the_script_sets_wins_over_the_dump_and_is_no_longer_the_dumps()
    {
        const string path = "Uncorrectable Error Mask.Completion Timeout Mask";
        var script = LateAccesses("native-aer", "stopped_load: no-completion") + $"registers: {{ rp0: {{ {path}: 1 }} }}\n";
        var masked = Run(script, Dumps.Own);
        Assert.That(masked.Because, Does.Contain($"masked: {path}=1").And.Not.Contain($"{path}=1 (the dump's"));
    }

    [TestCase(256, "AER, ACS and DPC")]
    [TestCase(64, "link, payload sizes, Completion Timeout, AER, ACS and DPC")]
    public void What_a_short_dump_does_not_hold_stays_and_is_said_in_one_line(int bytes, string what)
    {
        var note = $"the dump holds {bytes} bytes of 00:01.0: {what} are those of the simulator's own Root Port";
        var port = Parse(Dumps.Shortened(Dumps.Own, bytes)).RootPort!;
        Assert.That(port.Notes, Is.EqualTo(new[] { note }));
        Assert.That(port.Options, Is.EqualTo(new RootPortOptions()));
        Assert.That(port.Link is null, Is.EqualTo(bytes == 64));
        Assert.That(Run(LateAccesses("native-aer", "stopped_store: unsupported-request"), Dumps.Shortened(Dumps.Own, bytes)).Host,
            Is.EqualTo(HostIntegrity.Logged));
    }

    [Test]
    public void Terminal_results_and_report_say_which_machine_it_was()
    {
        var (code, output, error) = Pciesim(LateAccesses("native-aer", "stopped_load: no-completion"), "--platform", Written(Dumps.Own));
        Assert.That(code, Is.Zero, error);
        Assert.That(output, Does.StartWith("rp0 is Root Port 00:01.0 [8086:347a] of dump.txt: gen6 x16,"));
        using var results = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder.FullName, "out", "results.json")));
        var platform = results.RootElement.GetProperty("platform");
        Assert.That((platform.GetProperty("dump").GetString(), platform.GetProperty("at").GetString(),
            platform.GetProperty("root_port").GetString()), Is.EqualTo(("dump.txt", "0000:00:01.0", "rp0")));
        Assert.That(results.RootElement.GetProperty("variants")[0].GetProperty("registers").EnumerateArray()
            .Count(r => r.TryGetProperty("from", out var from) && from.GetString() == "the dump's 00:01.0"), Is.GreaterThan(0));
        Assert.That(File.ReadAllText(Path.Combine(_folder.FullName, "out", "report.html")),
            Does.Contain("<h2>The machine</h2>").And.Contain("(from the dump&#39;s 00:01.0)").Or.Contain("(from the dump's 00:01.0)"));
    }

    [TestCaseSource(nameof(Broken))]
    public void A_dump_that_cannot_be_used_gives_one_located_line(string dump, string[] options, string place, string expected)
    {
        var path = Written(dump);
        var (code, output, error) = Pciesim(LateAccesses("silent", "vf_aer: false"), ["--platform", path, .. options]);
        Assert.That(code, Is.EqualTo(2), error);
        Assert.That(output, Is.Empty);
        Assert.That(error.TrimEnd().Split('\n'), Has.Length.EqualTo(1), error);
        Assert.That(error, Does.StartWith($"{path}:{place}").And.Contain("; expected ").And.Contain(expected));
    }

    [Test]
    public void A_port_without_a_dump_is_refused() =>
        Assert.That(Pciesim(LateAccesses("silent", "vf_aer: false"), "--port", "00:01.0"),
            Is.EqualTo((2, "", $"pciesim: --port names a place on a real machine; expected --platform with it{Environment.NewLine}"
                + $"pciesim: try 'pciesim --help'{Environment.NewLine}")));

    [TestCase(Xeon, null, "00:02.0", 3, 8, 256, 512, true, AcsFeatures.SourceValidation | AcsFeatures.TranslationBlocking
        | AcsFeatures.RequestRedirect | AcsFeatures.CompletionRedirect | AcsFeatures.UpstreamForwarding)]
    [TestCase("host-x58-tree.txt", null, "00:03.0", 2, 16, 128, 512, true, AcsFeatures.SourceValidation | AcsFeatures.TranslationBlocking
        | AcsFeatures.RequestRedirect | AcsFeatures.CompletionRedirect | AcsFeatures.UpstreamForwarding)]
    [TestCase("host-x58-tree.txt", "0000:00:1c.1", "00:1c.1", 1, 1, 128, 4096, false, null)]
    public void A_real_machines_port_is_as_its_lspci_says(
        string file, string? port, string id, int generation, int lanes, int payload, int readRequest, bool aer, AcsFeatures? acs)
    {
        var seat = Seat.Read(Dumps.Shared(file), port);
        var dump = seat.RootPort!;
        Assert.Multiple(() =>
        {
            Assert.That(dump.Function.Id.ToString(), Is.EqualTo(id));
            Assert.That(dump.Link, Is.EqualTo(new Language.LinkShape(generation, lanes)));
            Assert.That((dump.Options.MaxLinkSpeed, dump.Options.MaxLinkWidth), Is.EqualTo(((LinkSpeed)generation, (LinkWidth)lanes)));
            Assert.That((seat.MaxPayloadSize, seat.MaxReadRequestSize), Is.EqualTo((payload, readRequest)));
            Assert.That((dump.Options.Aer, dump.Options.Dpc), Is.EqualTo((aer, false)));
            Assert.That(dump.Options.Acs ? dump.Options.AcsSupported : (AcsFeatures?)null, Is.EqualTo(acs));
        });
    }

    [Test]
    public void What_calls_itself_a_Root_Port_without_being_a_bridge_is_none()
    {
        var dump = Dumps.Shared("host-x58-tree.txt");
        Assert.That(() => Seat.Read(dump, "00:00.0"), Throws.Exception.With.Message.Contains("--port 00:00.0 is a Root Port without a "
            + "Type 1 header, where no device can be; expected one of 00:01.0, 00:03.0, 00:07.0"));
    }

    [Test]
    public void The_machine_runs_with_the_values_of_the_dump()
    {
        var dump = Seat.Read(Dumps.Shared(Xeon));
        var machine = new Machine(Scripts.Read(LateAccesses("native-aer", "vf_aer: false")).On(dump).Variants[0]);
        machine.Sim.Start("boot", machine.BootAsync);
        machine.Sim.RunUntil(Sim.Core.SimTime.FromMilliseconds(300));
        var port = machine.Root.RootPorts[0].Function;
        var device = machine.Devices[0].Pf;
        var image = dump.RootPort!.Function;
        var (ours, theirs) = (port.Config.FindExtendedCapability(Aer), image.FindExtendedCapability(Aer));
        Assert.Multiple(() =>
        {
            Assert.That((machine.Links[0].Speed, machine.Links[0].Width), Is.EqualTo((LinkSpeed.Gen3, LinkWidth.X8)));
            Assert.That((port.MaxPayloadSize, device.Express.MaxPayloadSize), Is.EqualTo((256, 256)));
            Assert.That(device.Express.MaxReadRequestSize, Is.EqualTo(512), "as the ConnectX-3 has it");
            Assert.That(port.Express.MaxReadRequestSize, Is.EqualTo(128), "the port's own");
            foreach (var at in (int[])[0x08, 0x0C, 0x14])
                Assert.That(port.Config.Read(ours + at), Is.EqualTo(BitConverter.ToUInt32(image.Image, theirs + at)), $"{at:x}");
            Assert.That(port.Acs, Is.EqualTo((AcsFeatures)0x1F));
            Assert.That(port.Config.Read(ours + 0x2C), Is.EqualTo(7), "Root Error Command as Linux sets it, not as dumped");
            Assert.That(port.Dpc, Is.Null);
        });
    }

    [Test]
    public void One_digit_of_a_real_dump_decides()
    {
        var dump = File.ReadAllText(Dumps.Shared(Xeon));
        var script = LateAccesses("native-aer", "stopped_load: no-completion");
        var masked = Run(script, Dumps.Flip(Rows(dump), "00:02.0", Dumps.Extended(dump, "00:02.0", Aer) + 9, 0x40));
        var open = Run(script, dump);
        Assert.That((open.Host, masked.Host), Is.EqualTo((HostIntegrity.Contained, HostIntegrity.Intact)));
        Assert.That(masked.Because, Does.Contain("Completion Timeout Mask=1 (the dump's 00:02.0)").And.Not.EqualTo(open.Because));
    }

    [Test]
    public void Our_own_dump_is_what_our_fabric_writes()
    {
        var script = LateAccesses("native-aer", "vf_aer: false").Replace("link: gen4 x16", "link: gen6 x16");
        var written = Dumps.OfOurFabric(script);
        if (Environment.GetEnvironmentVariable("PCIESIM_UPDATE_GOLDEN") == "1") File.WriteAllText(Dumps.OwnPath, written);
        Assert.That(Dumps.Own, Is.EqualTo(written));
    }

    private static IEnumerable<TestCaseData> Broken()
    {
        var own = Dumps.Own;
        var lines = own.Split('\n');
        string Without(int line) => string.Join('\n', lines.Where((_, i) => i != line - 1));
        string With(int line, string text) => string.Join('\n', lines.Select((l, i) => i == line - 1 ? text : l));
        yield return Case("a row is missing", Without(4), "4:1", "row 30 does not follow 20 bytes of 00:01.0; expected row 20");
        yield return Case("a byte is no hexadecimal number", With(3, lines[2].Replace(" 00", " 0g")), "3:", "'0g' is no byte");
        yield return Case("a row is short", With(3, lines[2][..30]), "3:", "the row ends after");
        yield return Case("a row is long", With(3, lines[2] + " 00"), "3:52", "the row goes on after 16 bytes");
        yield return Case("the text ends early", string.Join('\n', lines[..20]), "20:1", "00:01.0 ends after 304 bytes");
        yield return Case("a Function stands twice", own + own, $"{lines.Length}:1", "00:01.0 stands twice, first on line 1");
        yield return Case("there are no rows", string.Join('\n', lines.Where(l => l.Contains('.'))), "1:1", "00:01.0 has no register rows");
        yield return Case("rows without a Function", string.Join('\n', lines[1..]), "1:1", "row 00 stands before any Function");
        yield return Case("no dump at all", "title: a script\n", "1:1", "there is no Function in this text");
        yield return Case("nothing", "", "1:1", "there is no Function in this text");
        yield return Case("binary", "00:01.0 \u0000", "1:9", "byte 0x00 is not text; expected a dump");
        yield return Case("no place", own[own.IndexOf("0000:01:00.2", StringComparison.Ordinal)..], "2:5", "no device can be attached or");
        yield return Case("--port is not there", own, "1:1", "--port 00:07.0 is not in this dump; expected one of", "--port", "00:07.0");
        var vf = Array.FindIndex(lines, l => l.StartsWith("0000:01:00.2", StringComparison.Ordinal)) + 1;
        yield return Case("--port is a VF", own, $"{vf + 1}:5", "is a Virtual Function, where no device can be", "--port", "01:00.2");

        static TestCaseData Case(string name, string dump, string place, string expected, params string[] options) =>
            new TestCaseData(dump, options, place, expected).SetArgDisplayNames(name);
    }

    // Late accesses of a process to a stopped VF; a device without opinions but for the given ones.
    private static string LateAccesses(string preset, string policies) => $$"""
        title: Late accesses
        topology:
          root_ports: { rp0: { link: gen6 x16 } }
          devices: { nic: { model: plain, at: rp0, link: gen4 x16, vfs: 2, {{policies}} } }
        platform: { errors: {{preset}} }
        actors:
          guest: { kind: guest, maps: nic.vf0 }
          intruder: { kind: process, maps: nic.vf0 }
        timeline:
          - { at: 10us, do: migrate, of: nic.vf0 }
          - { at: stopped + 1us, do: store, by: intruder, to: nic.vf0.doorbell }
          - { at: stopped + 2us, do: load, by: intruder, from: nic.vf0.identity }
        expect:
          - host: [intact, logged, contained, lost]

        """;

    // What lspci says in words between header and rows, left out.
    private static string Rows(string dump) => string.Join('\n', dump.Split('\n').Where(l => l.Length == 0 || !char.IsWhiteSpace(l[0])));

    private static Seat Parse(string dump, string? port = null) => Seat.Parse("x.txt", dump, port);

    private static VariantResult Run(string script, string? dump)
    {
        var file = Scripts.Read(script);
        if (dump is not null) file = file.On(Parse(dump));
        return new SimulatedVariants().Run(file.Variants[0], CancellationToken.None);
    }

    private string Written(string dump)
    {
        var path = Path.Combine(_folder.FullName, "dump.txt");
        File.WriteAllText(path, dump);
        return path;
    }

    private (int Code, string Output, string Error) Pciesim(string script, params string[] options)
    {
        var path = Path.Combine(_folder.FullName, "x.yaml");
        File.WriteAllText(path, script);
        return Tests.Pciesim.Run(["run", path, "--out", Path.Combine(_folder.FullName, "out"), .. options]);
    }
}
