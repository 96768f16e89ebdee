using System.Diagnostics;
using NUnit.Framework;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Sim.Mlx5.Tests.Device;

/// <summary>The judge of a believable adapter is lspci, not us.</summary>
public sealed class LspciTests
{
    [Test]
    public void Lspci_shows_a_PF_and_a_VF_with_the_capabilities_of_real_ones()
    {
        var host = new TestHost();
        var pf = Lspci(LspciDump.Format(RoutingId.Parse("b1:00.0"), host.Pf.Config));
        string[] expected =
        [
            "[40] Power Management", "[60] Express (v2) Endpoint", "[9c] MSI-X: Enable- Count=64",
            "BAR=0 offset=00002000", "BAR=0 offset=00003000", "[100", "Advanced Error Reporting", "[150", "[180", "SR-IOV",
            "VF offset: 2, stride: 1, Device ID: 101e", "[230", "Access Control Services",
        ];
        Assert.Multiple(() =>
        {
            foreach (var words in expected) Assert.That(pf, Does.Contain(words));
        });
        var vf = Lspci(LspciDump.Format(RoutingId.Parse("b1:00.2"), host.Vf.Config));
        Assert.Multiple(() =>
        {
            foreach (var words in (string[])["[60] Express (v2) Endpoint", "[9c] MSI-X: Enable- Count=12", "ID=0000 Rev=0 Len=00c", "[150"])
                Assert.That(vf, Does.Contain(words));
            foreach (var absent in (string[])["Advanced Error Reporting", "Access Control Services", "Power Management", "!!!", "broken"])
                Assert.That(vf, Does.Not.Contain(absent));
        });
    }

    private static string Lspci(string dump)
    {
        const string program = "/usr/bin/lspci";
        if (!File.Exists(program)) Assert.Ignore("lspci is not installed");
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, dump);
            using var process = Process.Start(new ProcessStartInfo(program, ["-F", file, "-vvv", "-n"]) { RedirectStandardOutput = true })!;
            return process.StandardOutput.ReadToEnd();
        }
        finally
        {
            File.Delete(file);
        }
    }
}
