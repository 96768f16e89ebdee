using System.Text.RegularExpressions;
using Scenarios.Results;

namespace Scenarios.Tests.Shipped;

/// <summary>
/// Every error explains: TLP, detecting Function, each deciding bit with register and section, Message, root registers, interrupt, and what
/// the host did, down to each driver that recovery called back. One test for each kind of host action.
/// </summary>
internal sealed class ExplanationTests
{
    private const string Script = "blast-radius";
    private const string Detected =
        @"^nic\.vf0: detected Unsupported Request Error on [0-9a-f ]+ \(MWr 8 B at 0x[0-9a-f]+ \(nic\.vf0 BAR0\+0x20\) from cpu\)$";
    private const string Sent = @"^nic\.vf0: sends ERR_NONFATAL$";

    private static readonly string[] Reported =
    [
        Detected, @"^nic\.vf0: severity NonFatal", @"^nic\.vf0: shows it in Device Status$", Sent, "^rp0: forwards ERR_NONFATAL",
        "^rp0: logs ERR_NONFATAL from 01:00.2: Root Error Status",
    ];

    [Test]
    public void Native_AER_with_details_tells_every_callback_below_the_port_and_its_effect()
    {
        var chain = Chain(Script, "with-aer / native-aer");
        Follows(chain,
        [
            .. Reported, "^rp0: signals its AER interrupt", "^AER driver: reads Root Error Status 00000024h",
            @"^AER driver: reads AER status 00100000h of nic\.vf0$", "^AER driver: begins recovery of all below rp0, channel normal$",
            @"^AER driver: error_detected\(normal\) of ctrlblk at nic: NeedReset; ctrlblk stopped working with nic \(Normal\)$",
            @"^AER driver: error_detected\(normal\) of ctrlblk_vfio_pci at nic\.vf0: CanRecover; .*nic\.vf0",
            @"^AER driver: error_detected\(normal\) of ctrlblk_vfio_pci at nic\.vf3: CanRecover",
            "^AER driver: slot_reset of ctrlblk at nic: Recovered$",
            @"^AER driver: slot_reset of ctrlblk_vfio_pci at nic\.vf3: no opinion$",
            @"^AER driver: clears Device Status \(§7\.5\.3\.5\) and AER status \(§7\.8\.4\.2\) of nic\.vf0$",
            "^AER driver: resume of ctrlblk at nic$", "^AER driver: device recovery successful$",
        ]);
    }

    [Test]
    public void Without_AER_there_are_no_details_and_no_recovery()
    {
        var chain = Chain(Script, "without-aer / native-aer");
        Follows(chain,
        [
            .. Reported, "^rp0: signals its AER interrupt", @"^AER driver: nic\.vf0 has no AER capability: no details and no recovery$",
        ]);
        Assert.That(Lines(chain), Has.None.Contains("error_detected").And.None.Contains("recovery successful"));
    }

    [Test]
    public void Containment_tells_who_waits_who_resets_and_who_comes_back() => Follows(Chain(Script, "without-aer / native-aer-dpc"),
    [
        Detected, Sent, @"^rp0: triggers DPC, NonFatalMessage: ERR_NONFATAL from 01:00\.2 goes no further$",
        "^rp0: signals its DPC interrupt",
        @"^DPC driver: reads DPC Status [0-9A-F]{4}h \(§7\.9\.14\.4\): ERR_NONFATAL, DPC Error Source ID nic\.vf0",
        "^DPC driver: begins recovery of all below rp0, channel frozen$",
        @"^DPC driver: error_detected\(frozen\) of ctrlblk at nic: NeedReset; ctrlblk stopped working with nic \(Frozen\)$",
        "^rp0: leaves DPC$", "^DPC driver: waited until the Link of rp0 was down, and clears DPC Trigger Status",
        "^DPC driver: what is below rp0 was reset and answers again$", "^DPC driver: slot_reset of ctrlblk at nic: Recovered$",
        "^DPC driver: device recovery successful$",
    ]);

    [Test]
    public void Firmware_first_tells_what_firmware_read_and_what_the_kernel_made_of_its_record() => Follows(
        Chain(Script, "without-aer / firmware-recovers"),
        [
            .. Reported, "^rp0: signals no AER interrupt$", "^rp0: raises a System Error for ERR_NONFATAL",
            @"^firmware: handles the system error first: .*Root Error Status \(§7\.8\.4\.10\) of rp0, NonFatal from nic\.vf0$",
            @"^firmware: nic\.vf0 has no AER capability: the record holds rp0's own registers$",
            @"^firmware: clears the registers of rp0 and reports a platform error record \(GHES\): recoverable$",
            @"^kernel: error_detected\(normal\) of ctrlblk at nic: NeedReset; ctrlblk stopped working",
            "^kernel: device recovery successful$",
        ]);

    [Test]
    public void Firmware_that_calls_it_fatal_ends_in_a_panic() => Follows(
        Chain("mmio-to-stopped-vf", "ur-with-aer / firmware-first / today"),
        [
            Sent, "^rp0: raises a System Error", @"^firmware: .* reports a platform error record \(GHES\): fatal$",
            "^kernel: panics: .*Fatal hardware error!$",
        ]);

    [TestCase("ignore", "it goes on")]
    [TestCase("panic", "it panics")]
    public void A_system_error_is_an_NMI_that_names_nobody(string policy, string end)
    {
        var edited = Simulated.Edited(
            "mmio-to-stopped-vf", "ur-without-aer / native-aer / today", "native-aer: { platform: { errors: native-aer }",
            "native-aer: { registers: { root-ports: { Root Control.System Error on Non-Fatal Error Enable: 1 } }, "
            + $"platform: {{ errors: native-aer, system_error: {policy} }}");
        Follows(edited.Variants.Single().Result.Chains[0],
        [
            Sent, "^rp0: raises a System Error",
            $"^kernel: takes the system error as an SERR NMI, which names no Function: {end}$",
        ]);
    }

    [Test]
    public void A_fatal_error_resets_the_bus_and_the_chain_says_so()
    {
        var edited = Simulated.Edited(
            "mmio-to-stopped-vf", "ur-with-aer / native-aer / today", "native-aer: { platform: { errors: native-aer }",
            "native-aer: { registers: { functions: { Uncorrectable Error Severity.Unsupported Request Error Severity: 1 } }, "
            + "platform: { errors: native-aer }");
        Follows(edited.Variants.Single().Result.Chains[0],
        [
            @"^nic\.vf0: sends ERR_FATAL$", "^rp0: signals its AER interrupt",
            @"^AER driver: does not read nic\.vf0: the Link to a Function with a fatal error may be dead$",
            @"^AER driver: error_detected\(frozen\) of ctrlblk at nic: NeedReset",
            "^AER driver: what is below sw0.* was reset and answers again$",
        ]);
    }

    [TestCaseSource(typeof(Simulated), nameof(Simulated.Names))]
    public void Every_field_of_every_chain_has_its_section(string name)
    {
        var fields = Simulated.Shipped(name).Variants
            .SelectMany(v => v.Result.Chains).SelectMany(c => c.Steps).SelectMany(s => s.Fields).Where(f => !f.IsAbsent);
        Assert.That(fields.Where(f => f.Section is null || !Regex.IsMatch(f.Section, @"^§[0-9.]+$")).Select(f => f.ToString()), Is.Empty);
    }

    [Test]
    public void Root_registers_are_shown_as_they_were_set()
    {
        var logged = Chain(Script, "with-aer / native-aer").Steps.Single(s => s.What.StartsWith("logs ERR", StringComparison.Ordinal));
        Assert.That(logged.Fields.Select(f => f.ToString()), Is.EqualTo(new[]
        {
            "rp0: Root Error Status.ERR_FATAL/NONFATAL Received = 1 (§7.8.4.10)",
            "rp0: Root Error Status.Non-Fatal Error Messages Received = 1 (§7.8.4.10)",
            "rp0: Error Source Identification.ERR_FATAL/NONFATAL Source Identification = 0x102 (§7.8.4.11)",
        }));
    }

    [Test]
    public void What_was_set_is_no_register_that_decided()
    {
        var result = Simulated.Shipped(Script, "with-aer / native-aer").Result;
        Assert.That(result.Registers.Select(r => r.Register), Has.None.EqualTo("Root Error Status").And.None.EqualTo("Device Status"));
        Assert.That(result.Registers.Select(r => r.Register), Has.Some.EqualTo("Bridge Control").And.Some.EqualTo("Root Error Command"));
    }

    [Test]
    public void Explain_prints_the_host_s_part_too()
    {
        var folder = Path.Combine(TestContext.CurrentContext.WorkDirectory, "explained");
        var output = Pciesim.Output("run", Simulated.PathOf(Script), "--explain", "--out", folder);
        Assert.That(output, Does.Contain("AER driver: slot_reset of ctrlblk at nic: Recovered"));
        Assert.That(output, Does.Contain("rp0: Bridge Control.SERR# Enable = 1 (§7.5.1.3.13)"));
    }

    private static ErrorChain Chain(string script, string variant) => Simulated.Shipped(script, variant).Result.Chains[0];

    private static IReadOnlyList<string> Lines(ErrorChain chain) => [.. chain.Steps.Select(s => $"{s.Component}: {s.What}")];

    /// <summary>Each pattern matches a line, in this order.</summary>
    private static void Follows(ErrorChain chain, string[] patterns)
    {
        var lines = Lines(chain);
        var at = 0;
        foreach (var pattern in patterns)
        {
            var found = Enumerable.Range(at, lines.Count - at).FirstOrDefault(i => Regex.IsMatch(lines[i], pattern), -1);
            Assert.That(found, Is.GreaterThanOrEqualTo(0), $"nothing like '{pattern}' after line {at} of\n{string.Join('\n', lines)}");
            at = found + 1;
        }
    }
}
