using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Platforms;
using Scenarios.Results;
using Scenarios.Running;
using Scenarios.Tests.Shipped;
using Sim.Core;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;

namespace Scenarios.Tests.Machines;

/// <summary>The main scenario on dumped machines, under each host setup: what decides is a register of the dump.</summary>
internal sealed class RealMachineTests
{
    private const string Switch = "qemu-switch-sriov.txt";
    private const string Nic = "05:00.0"; // Has AER, which QEMU's NVMe drive has not.
    private const string Without = "ur-without-aer";
    private const string With = "ur-with-aer";
    private const string Native = "linux-native";
    private const string Found = "as-dumped";
    private const string Firmware = "firmware-first";

    private static readonly string[] Hosts = [Found, Native, Firmware];

    [TestCaseSource(nameof(EveryMachineAndHost))]
    public void The_main_scenario_runs_on_every_machine_under_every_host_setup_and_says_why(string file, string host)
    {
        var result = Run(OnMachine(Seat.Read(Tests.Dumps.PathOf(file)), host), v => v.Contains("/ today", StringComparison.Ordinal));
        Assert.That(result.File.Axes, Is.EqualTo(new[] { "device", "platform", "kernel" }));
        Assert.That(result.Variants.Select(v => v.Result.Failure), Is.All.Null);
        Assert.Multiple(() =>
        {
            foreach (var judged in result.Variants)
            {
                var r = judged.Result;
                Assert.That(r.Variant.Coordinates[1].Value, Is.EqualTo(host), r.Variant.Name);
                Assert.That(judged.Complaints, Is.Empty, r.Variant.Name);
                Assert.That(r.Because, Does.Contain("3 MWr").Or.Contain("1 MWr").And.Contain("stopped nic.vf0 took"), r.Variant.Name);
                if (r.Variant.Coordinates[0].Value != Without) continue;
                Assert.That(judged.AsksLess, Is.True, "what the script expects of its own platforms is not asked");
                Assert.That(r.Registers.Where(f => f.From is not null), Is.Not.Empty, $"{r.Variant.Name}: {r.Because}");
            }
        });
    }

    [TestCaseSource(typeof(Tests.Dumps), nameof(Tests.Dumps.All))]
    public void The_digit_that_what_if_names_changes_verdict_and_reason_when_it_is_changed_in_the_dump(string file)
    {
        var (path, name) = (Tests.Dumps.PathOf(file), $"{With} / {Found} / today");
        var seat = Seat.Read(path);
        var was = new ScenarioRunner(new SimulatedVariants(), 2).Run(Only(OnMachine(seat, Found), v => v == name), CancellationToken.None);
        var answer = new WhatIf(new SimulatedVariants(), 2).Ask(was, CancellationToken.None).Single();
        var (alteration, place) = answer.Alterations.Where(a => a.Changes.Count == 1)
            .Select(a => (a, Place: PlaceOf(seat, a.Changes[0]))).First(a => a.Place is not null);
        var (function, offset, bits) = place!.Value;
        var edited = Tests.Dumps.Flip(File.ReadAllText(path), function, offset, bits);
        var now = Run(OnMachine(Seat.Parse(path, edited), Found), v => v == name).Variants.Single().Result;
        var (expected, change) = (alteration.Result, alteration.Changes[0].ToString());
        Assert.That((now.Host, now.Migration), Is.EqualTo((expected.Host, expected.Migration)), change);
        Assert.That((now.Host, now.Migration), Is.Not.EqualTo((answer.Was.Host, answer.Was.Migration)));
        Assert.That(now.Because, Is.Not.EqualTo(answer.Was.Because));
    }

    [Test]
    public void One_digit_of_a_bridges_SERR_enable_decides_whether_a_message_passes()
    {
        var closed = Tests.Dumps.Flip(Dump(), "02:00.0", 0x3E, 0x02);
        var (passed, stopped) = (Verdict(Dump(), "02:00.0", Found, With), Verdict(closed, "02:00.0", Found, With));
        Assert.That((passed.Host, stopped.Host), Is.EqualTo((HostIntegrity.Logged, HostIntegrity.Intact)), passed.Because);
        Assert.That(stopped.Because, Does.Contain("switch@01:00.0.p0 does not forward ERR_NONFATAL from nic.vf0: Bridge Control.SERR# "
            + "Enable=0 (the dump's 02:00.0)"));
        Assert.That(passed.Because, Does.Contain("rp0").And.Not.Contain("does not forward"));
    }

    [Test]
    public void One_digit_of_the_PFs_AER_severity_decides_whether_its_VFs_are_reset()
    {
        var severity = Tests.Dumps.Extended(Dump(), Nic, ExtendedCapabilityId.AdvancedErrorReporting) + 0x0C + 2;
        var fatal = Tests.Dumps.Flip(Dump(), Nic, severity, 0x10);
        var (mild, hard) = (Verdict(Dump(), "00:02.1", Native, With), Verdict(fatal, "00:02.1", Native, With));
        Assert.That((mild.Host, mild.Migration), Is.EqualTo((HostIntegrity.Contained, MigrationIntegrity.Intact)), mild.Because);
        Assert.That((hard.Host, hard.Migration), Is.EqualTo((HostIntegrity.Contained, MigrationIntegrity.Lost)), hard.Because);
        Assert.That(hard.Because, Does.Contain("Uncorrectable Error Severity.Unsupported Request Error Severity=1 (the dump's 05:00.0)"));
    }

    [Test]
    public void The_Unsupported_Request_that_firmware_masked_on_a_PF_silences_VFs_with_AER_and_no_others()
    {
        // As ConnectX adapters are found: bit 20 of the PF's Uncorrectable Error Mask.
        var mask = Tests.Dumps.Extended(Dump(), Nic, ExtendedCapabilityId.AdvancedErrorReporting) + 0x08 + 2;
        var masked = Tests.Dumps.Flip(Dump(), Nic, mask, 0x10);
        var (with, without) = (Verdict(masked, Nic, Native, With), Verdict(masked, Nic, Native, Without));
        Assert.That(Verdict(Dump(), Nic, Native, With).Host, Is.EqualTo(HostIntegrity.Contained));
        Assert.That(with.Host, Is.EqualTo(HostIntegrity.Intact));
        Assert.That(with.Because, Does.Contain("masked: nic Uncorrectable Error Mask.Unsupported Request Error Mask=1 (the dump's "));
        Assert.That(without.Host, Is.EqualTo(HostIntegrity.Logged), without.Because);
    }

    [TestCase(0, HostIntegrity.Contained, "rp0 signals its AER interrupt")]
    [TestCase(2, HostIntegrity.Contained, "raises a System Error for ERR_NONFATAL from nic.vf0")]
    public void As_dumped_the_Root_Ports_own_registers_say_whose_the_error_is(int systemErrors, HostIntegrity host, string because)
    {
        // Everything on the way reports; then the Root Port either interrupts or raises system errors.
        var dump = Reporting(Dump());
        var aer = Tests.Dumps.Extended(dump, "00:02.0", ExtendedCapabilityId.AdvancedErrorReporting);
        dump = Tests.Dumps.Set(dump, "00:02.0", aer + 0x2C, systemErrors == 0 ? 7 : 0);
        dump = Tests.Dumps.Set(dump, "00:02.0", Tests.Dumps.Express(dump, "00:02.0") + 0x1C, systemErrors);
        var verdict = Verdict(dump, "02:00.0", Found, With);
        Assert.That(verdict.Host, Is.EqualTo(host), verdict.Because);
        Assert.That(verdict.Because, Does.Contain(because).And.Contain("(the dump's 00:02.0)"));
    }

    [Test]
    public void A_device_below_a_dumped_switch_sits_below_its_three_ports()
    {
        var file = Scripts.MainScript().On(Seat.Parse("x.txt", Dump(), "02:00.0"));
        var machine = new Machine(file.Variants[0]);
        machine.Sim.Start("boot", machine.BootAsync);
        machine.Sim.RunUntil(SimTime.FromMilliseconds(300));
        var ports = machine.Switches.Single(s => s.Name == "switch@01:00.0");
        Assert.Multiple(() =>
        {
            Assert.That(machine.Links.Select(l => l.Lower.Name), Is.EqualTo(new[] { "switch@01:00.0.up", "sw0.up", "nic" }));
            Assert.That((ports.Upstream.Function.Config.Read(0, 4), ports.Downstream[0].Function.Config.Read(0, 4)),
                Is.EqualTo((0x8232_104Cu, 0x8233_104Cu)));
            Assert.That((machine.Links[0].Speed, machine.Links[0].Width), Is.EqualTo((LinkSpeed.Gen1, LinkWidth.X1)), "the TI switch's");
            Assert.That(machine.Root.RootPorts[0].Function.Config.Read(0, 4), Is.EqualTo(0x000C_1B36));
        });
    }

    [Test]
    public void An_Endpoint_without_its_ports_is_replaced_below_the_scripts_own()
    {
        var endpoint = string.Join('\n', Dump().Split('\n').SkipWhile(l => !l.StartsWith("03:00.0", StringComparison.Ordinal)));
        var seat = Seat.Parse("x.txt", endpoint);
        Assert.That((seat.RootPort, seat.Switches.Count), Is.EqualTo(((DumpedPart?)null, 0)));
        Assert.That(seat.Device!.Function.Id.ToString(), Is.EqualTo("03:00.0"));
        Assert.That(Verdict(endpoint, null, Found, Without).Because, Does.Contain("nic Command.SERR# Enable=1 (the dump's 03:00.0)"));
    }

    [Test]
    public void What_if_finds_the_one_bit_that_alters_the_verdict()
    {
        var file = Only(OnMachine(Seat.Parse("x.txt", Dump(), "02:00.0"), Native), v => v == $"{With} / {Native} / today");
        var result = new ScenarioRunner(new SimulatedVariants(), 2).Run(file, CancellationToken.None);
        var answer = new WhatIf(new SimulatedVariants(), 2).Ask(result, CancellationToken.None).Single();
        Assert.That(answer.Alterations, Is.Not.Empty);
        Assert.That(answer.Alterations.Select(a => a.Changes.Count), Is.All.EqualTo(1));
        var changes = answer.Alterations.Select(a => $"{a.Changes[0]}: {a.Result.Host.Word()}").ToList();
        Assert.That(changes, Has.Member("rp0: Root Error Command.Non-Fatal Error Reporting Enable 1 -> 0: logged"));
        Assert.That(changes, Has.Member("nic: Uncorrectable Error Severity.Unsupported Request Error Severity 0 -> 1: contained"));
    }

    [Test]
    public void What_if_goes_on_where_no_single_bit_alters_the_verdict()
    {
        // The device does not report, and if it did, the port above would not forward.
        var silent = Tests.Dumps.Flip(Tests.Dumps.Set(Dump(), "03:00.0", 0x05, 0), "02:00.0", 0x3E, 0x02);
        var file = Only(OnMachine(Seat.Parse("x.txt", silent, "02:00.0"), Found), v => v == $"{Without} / {Found} / today");
        var result = new ScenarioRunner(new SimulatedVariants(), 2).Run(file, CancellationToken.None);
        Assert.That(result.Variants[0].Result.Host, Is.EqualTo(HostIntegrity.Intact));
        var answer = new WhatIf(new SimulatedVariants(), 2).Ask(result, CancellationToken.None).Single();
        Assert.That(answer.Alterations.Select(a => string.Join(" and ", a.Changes)), Has.Member("nic: Command.SERR# Enable 0 -> 1 and "
            + "switch@01:00.0.p0: Bridge Control.SERR# Enable 0 -> 1"));
        Assert.That(answer.Alterations.Select(a => (a.Changes.Count, a.Result.Host)), Is.All.EqualTo((2, HostIntegrity.Logged)));
    }

    [Test]
    public void The_command_says_machine_host_setup_verdicts_and_what_if_and_leaves_them_in_the_folder()
    {
        var folder = Directory.CreateTempSubdirectory("pciesim-");
        try
        {
            var (script, machine, output) = (At("x.yaml"), At("machine.yaml"), At("out"));
            File.WriteAllText(script, Traces.TraceRun.Script);
            Pciesim.Output("topology", Tests.Dumps.PathOf(Switch), "--out", machine);
            string[] options = ["--port", "02:00.0", "--host", Native];
            var fromDump = Pciesim.Output(["run", script, "--out", output, "--platform", Tests.Dumps.PathOf(Switch), .. options]);
            var text = Pciesim.Output(["run", script, "--out", output, "--platform", machine, "--what-if", .. options]);
            Assert.That(text, Does.StartWith("rp0 is Root Port 00:02.0 [1b36:000c] of machine.yaml: gen4 x16,"));
            Assert.That(text, Does.Contain($"Host setup {Native}: _OSC granted").And.Contain("  not asked  "));
            Assert.That(text, Does.Contain("The smallest changes that alter a verdict:\n  the run: host logged, migration "));
            Assert.That(Because(text), Is.EqualTo(Because(fromDump)), "the machine decides as the dump it was made from");
            Assert.That(File.ReadAllText(At("out/results.json")), Does.Contain("\"what_if\"").And.Contain($"\"host\": \"{Native}\""));
            Assert.That(File.ReadAllText(At("out/report.html")), Does.Contain("What if registers were different?"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        string At(string name) => Path.Combine(folder.FullName, name);

        // The table stands between the machine and what follows it.
        static string Because(string output) => output.Split("\n\n").Single(p => p.StartsWith("host ", StringComparison.Ordinal));
    }

    [Test]
    public void A_script_can_name_its_machine()
    {
        var dump = Path.GetRelativePath(Scripts.Shipped, Tests.Dumps.PathOf(Switch));
        var machine = $"machine: {{ file: {dump}, port: \"02:00.0\", host: {Native} }}\n";
        var file = ScriptReader.Read(Path.Combine(Scripts.Shipped, "x.yaml"), machine + Scripts.Small);
        Assert.That((file.Platform!.Named.Id.ToString(), file.Host!.Name), Is.EqualTo(("02:00.0", Native)));
        Assert.That(file.Asks(file.Script.Expect[0]), Is.True, "its expectations are about that machine");
    }

    [TestCase("host: linux-naive", "unknown host 'linux-naive'")]
    [TestCase("host: linux-native }, platform: { errors: silent", "'machine: host' and 'platform' both say what firmware and kernel do")]
    public void A_machine_that_a_script_cannot_have_is_refused(string host, string expected)
    {
        var text = Scripts.Small.Replace("topology:", $"machine: {{ file: x.txt, {host} }}\ntopology:", StringComparison.Ordinal);
        text = text.Replace("}, platform: ", "}\nplatform: ", StringComparison.Ordinal);
        Assert.That(Scripts.Errors(text), Has.Some.Contains(expected));
    }

    private static IEnumerable<object[]> EveryMachineAndHost() =>
        Tests.Dumps.All.SelectMany(file => Hosts.Select(host => new object[] { file, host }));

    private static string Dump() => Tests.Dumps.Committed(Switch);

    /// <summary>Where in the dump the field of a change is; null if the dump does not hold its Function.</summary>
    private static (string Function, int Offset, int Bits)? PlaceOf(Seat seat, RegisterChange change)
    {
        var part = change.Function switch
        {
            "rp0" => seat.RootPort,
            "nic" => seat.Device,
            _ when change.Function.EndsWith(".p0", StringComparison.Ordinal) && change.Function.Contains('@') =>
                seat.Switches[^1].Down,
            _ => null,
        };
        if (part is null) return null;
        foreach (var register in Scenarios.Dumps.KnownRegisters.Of(part.Function).SelectMany(s => s.Registers))
            foreach (var field in register.Fields.Where(f => $"{register.Name}.{f.Name}" == change.Path && f.Width == 1))
                return (part.Function.Id.ToString(), register.Offset + field.Lsb / 8, 1 << field.Lsb % 8);
        return null;
    }

    /// <summary>The dump with every reporting enable and SERR# set on the way to 03:00.0.</summary>
    private static string Reporting(string dump)
    {
        foreach (var function in (string[])["00:02.0", "01:00.0", "02:00.0", "03:00.0"])
        {
            dump = Tests.Dumps.Set(dump, function, 0x05, 0x01);
            dump = Tests.Dumps.Set(dump, function, Tests.Dumps.Express(dump, function) + 8,
                Tests.Dumps.Byte(dump, function, Tests.Dumps.Express(dump, function) + 8) | 0xF);
            if (function != "03:00.0") dump = Tests.Dumps.Set(dump, function, 0x3E, 0x02);
        }

        return dump;
    }

    private static ScriptFile OnMachine(Seat seat, string host) =>
        ScriptReader.ReadFile(Simulated.PathOf("mmio-to-stopped-vf"), seat, host);

    private static VariantResult Verdict(string dump, string? port, string host, string device)
    {
        var file = OnMachine(Seat.Parse("x.txt", dump, port), host);
        return Run(file, v => v == $"{device} / {host} / today").Variants.Single().Result;
    }

    private static ScriptFile Only(ScriptFile file, Func<string, bool> which) =>
        file with { Variants = [.. file.Variants.Where(v => which(v.Variant.Name))] };

    private static ScenarioResult Run(ScriptFile file, Func<string, bool> which) => Simulated.Run(Only(file, which), trace: false);
}
