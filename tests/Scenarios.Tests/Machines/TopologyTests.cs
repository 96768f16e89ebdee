using Scenarios.Dumps;
using Scenarios.Language;
using Sim.Pcie.Config;

namespace Scenarios.Tests.Machines;

/// <summary>A dump becomes a readable machine, and the machine a dump again, byte for byte.</summary>
internal sealed class TopologyTests
{
    private DirectoryInfo _folder = null!;

    [SetUp]
    public void SetUp() => _folder = Directory.CreateTempSubdirectory("pciesim-");

    [TearDown]
    public void TearDown() => _folder.Delete(recursive: true);

    [TestCaseSource(typeof(Tests.Dumps), nameof(Tests.Dumps.All))]
    public void Topology_then_lspci_keeps_every_register_that_the_dump_had(string file)
    {
        var dump = Tests.Dumps.PathOf(file);
        var machine = Path.Combine(_folder.FullName, "machine.yaml");
        Pciesim.Output("topology", dump, "--out", machine);
        AssertSame(LspciDump.Parse(Pciesim.Output("lspci", machine)), LspciDump.Parse(File.ReadAllText(dump)));
    }

    [TestCase(64)]
    [TestCase(256)]
    public void Short_dumps_are_kept_as_short_as_they_are(int bytes)
    {
        var dump = Tests.Dumps.Shortened(Tests.Dumps.Committed("qemu-switch-sriov.txt"), bytes);
        AssertSame(RoundTrip(dump), LspciDump.Parse(dump));
    }

    [Test]
    public void Line_ends_of_Windows_and_verbose_lines_change_nothing()
    {
        var dump = Tests.Dumps.Committed("qemu-two-roots.txt");
        var verbose = dump.Replace("\n00: ", "\n\tControl: I/O+ Mem+\n\tCapabilities: [40] Express\n00: ", StringComparison.Ordinal);
        AssertSame(RoundTrip(verbose.Replace("\n", "\r\n", StringComparison.Ordinal)), LspciDump.Parse(dump));
    }

    [Test]
    public void Domains_holes_and_Functions_that_do_not_answer_are_kept()
    {
        var functions = LspciDump.Parse(Tests.Dumps.Committed("qemu-two-roots.txt")).Where(f => f.Id.Bus != 1).ToList();
        var asleep = new byte[ConfigSpace.ConventionalSize];
        Array.Fill(asleep, (byte)0xFF);
        var text = new System.Text.StringBuilder();
        foreach (var domain in (int[])[0, 0x10, 0x10000])
            foreach (var f in functions) LspciDump.Append(text, f.Id, f.Image, domain);
        LspciDump.Append(text, new(0x4000), asleep, 0x20);
        var dump = text.ToString();
        AssertSame(RoundTrip(dump), LspciDump.Parse(dump));
        Assert.That(MachineWriter.Write(DumpedMachine.Parse("x.txt", dump)), Does
            .Contain("# bus 0010:80 (no bridge of the dump leads here)").And.Contain("# bus 0000:02 (no bridge of the dump leads here)")
            .And.Contain("40:00.0 Function that does not answer"));
    }

    [Test]
    public void What_matters_about_a_machine_can_be_read_in_it()
    {
        var machine = Written("qemu-switch-sriov.txt");
        Assert.Multiple(() =>
        {
            Assert.That(machine, Does.Contain("""
                #   00:02.0 Root Port 1b36:000c -> bus 01-04
                #     01:00.0 Switch Upstream Port 104c:8232 -> bus 02-04
                #       02:00.0 Switch Downstream Port 104c:8233 -> bus 03-03
                #         03:00.0 Endpoint 1b36:0010
                #         03:00.1 Virtual Function ffff:ffff
                """));
            Assert.That(machine, Does.Contain("# Root Port 1b36:000c class 0604, buses 01-04, memory ")
                .And.Contain("of gen4 x16, MPS 128 of 128 B"));
            Assert.That(machine, Does.Contain("SR-IOV 2 of 2 VFs, first at +1, stride 1"));
            Assert.That(machine, Does.Contain("      # Advanced Error Reporting at 100h\n"));
            Assert.That(machine, Does.Contain("Uncorrectable Error Severity: 0x00462030  # Data Link Protocol Error Severity, "));
            Assert.That(machine, Does.Contain("Root Error Command: 0x00000000\n"));
        });
        Assert.That(Written("qemu-two-roots.txt"), Does.Contain("00:08.0 Root Complex Integrated Endpoint").And.Contain(
            "01:00.0 PCI Express to PCI bridge 1b36:000e -> bus 02-02").And.Contain("02:01.0 PCI Function 10ec:8139"));
    }

    [Test]
    public void A_register_edited_in_the_machine_is_edited_in_its_dump()
    {
        var machine = Written("qemu-switch-sriov.txt").Replace("Bridge Control: 0x0002", "Bridge Control: 0x0042");
        var file = Path.Combine(_folder.FullName, "machine.yaml");
        File.WriteAllText(file, machine);
        var port = LspciDump.Parse(Pciesim.Output("lspci", file)).First(f => f.IsBridge());
        Assert.That(port.U16(0x3E), Is.EqualTo(0x42), "the first bridge had its SERR# Enable set");
    }

    [TestCase("bytes: 4096", "bytes: 1000", "'1000' bytes of", "64, 128, 256 or 4096")]
    [TestCase("0x000 Vendor ID: 0x8086", "0x000 Vendor ID: 8086", "'8086' is no register value", "0x and two, four or eight")]
    [TestCase("0x000 Vendor ID: 0x8086", "Vendor ID: 0x8086", "does not begin with an offset", "0x000 to 0xfff")]
    [TestCase("0x002 Device ID: 0x29c0", "0x002 Device ID: 0x000029c0", "byte 004h of 0000:00:00.0 is given twice", "each byte once")]
    [TestCase("\"0000:00:00.0\":", "\"nonsense\":", "'nonsense' is no address of a Function", "domain:bus:device.function")]
    [TestCase("    registers:", "    regs:", "unknown key 'regs' of 0000:00:00.0", "bytes, registers or other")]
    public void What_is_wrong_with_an_edited_machine_is_said_with_its_place(string old, string fresh, string wrong, string expected)
    {
        var machine = Written("qemu-switch-sriov.txt");
        var at = machine.IndexOf(old, StringComparison.Ordinal);
        Assert.That(at, Is.GreaterThan(0), old);
        var file = Path.Combine(_folder.FullName, "machine.yaml");
        File.WriteAllText(file, machine[..at] + fresh + machine[(at + old.Length)..]);
        var (code, output, error) = Pciesim.Run("lspci", file);
        Assert.That((code, output), Is.EqualTo((2, "")));
        Assert.That(error.TrimEnd().Split('\n'), Has.Length.EqualTo(1), error);
        Assert.That(error, Does.Match($"^{file}:[0-9]+:[0-9]+: ").And.Contain(wrong).And.Contain("expected " + expected));
    }

    private static string Written(string committed) =>
        MachineWriter.Write(DumpedMachine.Parse(committed, Tests.Dumps.Committed(committed)));

    private static IReadOnlyList<LspciFunction> RoundTrip(string dump) =>
        MachineReader.Read(YamlReader.Read("x.yaml", MachineWriter.Write(DumpedMachine.Parse("x.txt", dump)))).Functions;

    private static void AssertSame(IReadOnlyList<LspciFunction> actual, IReadOnlyList<LspciFunction> expected) => Assert.Multiple(() =>
    {
        Assert.That(actual.Select(f => f.Name()), Is.EqualTo(expected.Select(f => f.Name())));
        foreach (var (a, e) in actual.Zip(expected)) Assert.That(a.Image, Is.EqualTo(e.Image), e.Name());
    });
}
