using System.ComponentModel;
using System.Diagnostics;
using Scenarios.Dumps;
using Scenarios.Tests.Shipped;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Scenarios.Tests.Machines;

/// <summary><c>pciesim lspci</c>: the machine of a scenario at a moment, with the real lspci as the judge.</summary>
internal sealed class LspciCommandTests
{
    private const string Main = "mmio-to-stopped-vf";

    private static readonly string[] Complaints =
        ["!!!", "broken", "<unreadable>", "<access denied>", "Unknown", "<?>", "Cannot", "Invalid", "looped", "Extended Capability ID 0x"];

    // What it says of sound devices, too: bodies nobody can know, and capabilities newer than it is.
    private static readonly string[] Usual =
    [
        "Vendor Specific Information", "Designated Vendor-Specific", "Physical Layer 16.0 GT/s <?>",
        "Data Link Feature <?>", "Extended Capability ID 0x2a",
        "AttnInd Unknown",
    ];

    private string _file = "";

    [SetUp]
    public void SetUp() => _file = Path.GetTempFileName();

    [TearDown]
    public void TearDown() => File.Delete(_file);

    [TestCaseSource(typeof(Simulated), nameof(Simulated.Names))]
    public void The_real_lspci_decodes_every_Function_of_every_shipped_script(string script)
    {
        var dump = Pciesim.Output("lspci", Simulated.PathOf(script));
        var functions = LspciDump.Parse(dump);
        File.WriteAllText(_file, dump);
        var decoded = Lspci("-vvv", "-nn");
        foreach (var line in decoded.Split('\n').Where(l => !Usual.Any(l.Contains)))
            Assert.That(Complaints.Where(line.Contains), Is.Empty, line);
        Assert.That(decoded.Split('\n').Count(l => l.Length > 0 && char.IsAsciiHexDigit(l[0])), Is.EqualTo(functions.Count));
        var tree = Lspci("-t");
        Assert.That(tree, Does.StartWith("-[0000:00]-"), "one tree: nothing hangs in the air");
        foreach (var function in functions) Assert.That(tree, Does.Contain($"{function.Id.Device:x2}.{function.Id.Function}"));
    }

    [Test]
    public void The_moment_decides_what_the_registers_hold()
    {
        var variant = "ur-with-aer / native-aer / today";
        var before = Vf(Pciesim.Output("lspci", Simulated.PathOf(Main), "--variant", variant));
        var after = Vf(Pciesim.Output("lspci", Simulated.PathOf(Main), "--variant", variant, "--at", "stopped + 3us"));
        Assert.Multiple(() =>
        {
            Assert.That(DeviceStatus(before) & 0x8, Is.Zero);
            Assert.That(DeviceStatus(after) & 0x8, Is.Not.Zero, "Unsupported Request Detected");
        });

        static uint DeviceStatus(LspciFunction f) => f.U16(f.Express() + 0x0A);
    }

    [Test]
    public void The_ConnectX_VF_looks_like_a_real_one()
    {
        var dump = Pciesim.Output("lspci", Simulated.PathOf(Main));
        var vf = Vf(dump);
        Assert.Multiple(() =>
        {
            Assert.That(vf.FindCapability(CapabilityId.PciExpress), Is.EqualTo(0x60));
            Assert.That(vf.FindCapability(CapabilityId.Msix), Is.EqualTo(0x9C));
            Assert.That(vf.FindExtendedCapability(ExtendedCapabilityId.VendorSpecific), Is.EqualTo(0x100));
            Assert.That(vf.FindExtendedCapability(ExtendedCapabilityId.AlternativeRoutingId), Is.EqualTo(0x150));
            Assert.That(vf.FindCapability(CapabilityId.PowerManagement), Is.Zero);
            foreach (var absent in (ushort[])[ExtendedCapabilityId.AdvancedErrorReporting, ExtendedCapabilityId.AccessControlServices,
                ExtendedCapabilityId.SingleRootIov])
                Assert.That(vf.FindExtendedCapability(absent), Is.Zero);
            Assert.That(vf.U16(0x60 + 0x12), Is.Zero, "Link Status");
            Assert.That(vf.U16(0x60 + 0x08), Is.Zero, "Device Control");
            Assert.That(vf.U32(0x10), Is.Zero, "a VF's own BAR");
        });
        File.WriteAllText(_file, dump);
        Assert.That(Lspci("-vvv", "-s", "03:00.2"), Does.Contain("LnkSta:\tSpeed unknown").And.Contain("MSI-X: Enable+ Count=12"));
    }

    [TestCase("--at", "yesterday", "--at 'yesterday'; expected a time like 30us")]
    [TestCase("--at", "900ms", "'900ms' never came in this run; expected a moment of it")]
    [TestCase("--variant", "mlx6 / silent / today", "did you mean 'mlx5 / silent / today'")]
    public void A_moment_or_variant_that_is_not_there_is_refused(string option, string value, string expected)
    {
        var (code, output, error) = Pciesim.Run("lspci", Simulated.PathOf(Main), option, value);
        Assert.That((code, output), Is.EqualTo((2, "")), error);
        Assert.That(error, Does.Contain(expected));
    }

    private static LspciFunction Vf(string dump) => LspciDump.Parse(dump).First(f => f.U16(0) == 0xFFFF);

    private string Lspci(params string[] options)
    {
        try
        {
            using var lspci = Process.Start(new ProcessStartInfo("lspci", ["-F", _file, .. options]) { RedirectStandardOutput = true })!;
            var output = lspci.StandardOutput.ReadToEnd();
            lspci.WaitForExit();
            return output;
        }
        catch (Win32Exception)
        {
            Assert.Ignore("lspci (pciutils) is not installed: the dump was not judged");
            return "";
        }
    }
}
