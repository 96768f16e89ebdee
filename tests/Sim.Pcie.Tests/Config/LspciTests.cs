using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using NUnit.Framework;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Tests.Config;

/// <summary>The judge of a believable device is lspci, not us.</summary>
public sealed class LspciTests
{
    private static readonly string[] Complaints =
        ["!!!", "broken", "<unreadable>", "<access denied>", "Unknown", "<?>", "Cannot", "Invalid", "looped", "Extended Capability ID 0x"];

    // What lspci says of sound real devices too: a body it cannot know or (3.9) has no decoder for, a slot without indicators.
    private static readonly string[] Usual =
    [
        "Vendor Specific Information", "Vendor-Specific", "AttnInd Unknown", "Physical Layer 16.0 GT/s <?>", "Data Link Feature <?>",
        "Extended Capability ID 0x2a",
    ];

    [TestCaseSource(nameof(Functions))]
    public void Lspci_decodes_our_functions_without_a_complaint(string name, string[] mustSay)
    {
        var lines = Lspci(LspciDump.Format(RoutingId.Parse("01:00.0"), Made(name))).Split('\n');
        var text = string.Join('\n', lines.Where(line => !Usual.Any(line.Contains)));
        Assert.Multiple(() =>
        {
            foreach (var complaint in Complaints)
                Assert.That(text, Does.Not.Contain(complaint), text);
            foreach (var words in mustSay)
                Assert.That(string.Join('\n', lines), Does.Contain(words), text);
        });
    }

    [Test]
    public void A_dump_reads_back_as_it_was_written()
    {
        var config = Made("PF");
        var old = new ConfigSpace("old", extended: false);
        var text = LspciDump.Format(RoutingId.Parse("1b:00.2"), config, domain: 1) + LspciDump.Format(RoutingId.Parse("1b:00.3"), old);
        var read = LspciDump.Parse(text);
        Assert.Multiple(() =>
        {
            Assert.That(read, Has.Count.EqualTo(2));
            Assert.That((read[0].Domain, read[0].Id.ToString()), Is.EqualTo((1, "1b:00.2")));
            Assert.That(read[0].Image, Is.EqualTo(config.Image.ToArray()));
            Assert.That(read[0].FindExtendedCapability(ExtendedCapabilityId.SingleRootIov), Is.EqualTo(0x180));
            Assert.That(read[1].Image, Has.Length.EqualTo(256));
        });
    }

    [Test]
    public void A_dump_with_a_missing_row_is_refused() =>
        Assert.That(() => LspciDump.Parse("01:00.0 0200: 15b3:1017\n10:" + string.Concat(Enumerable.Repeat(" 00", 16))),
            Throws.InstanceOf<FormatException>().With.Message.Contains("line 2"));

    private static IEnumerable<TestCaseData> Functions()
    {
        yield return new("PF", (string[])
        [
            "Ethernet controller [0200]", "Express (v2) Endpoint", "MSI-X: Enable- Count=64", "Initial VFs: 8, Total VFs: 8",
            "Advanced Error Reporting", "Alternative Routing-ID",
            "UESvrt:\tDLP+ SDES- TLP- FCP+ CmpltTO- CmpltAbrt- UnxCmplt- RxOF+ MalfTLP+ ECRC- UnsupReq-",
            "AdvNonFatalErr+", "Device Serial Number 00-11-22-33-44-55-66-77", "Physical Layer 16.0 GT/s", "Data Link Feature",
            "Secondary PCI Express", "LnkCap:\tPort #0, Speed 16GT/s, Width x16", "Latency Tolerance", "BAR 0: current size: 32MB",
        ]);
        yield return new("VF", (string[])
            ["Express (v2) Endpoint", "MSI-X: Enable- Count=12", "ID=0000 Rev=0 Len=00c", "LnkSta:\tSpeed unknown"]);
        yield return new("Root Port", (string[])
        [
            "Express (v2) Root Port (Slot+)", "RootCmd: CERptEn- NFERptEn- FERptEn-", "Downstream Port Containment",
            "RootCtl: ErrCorrectable-",
            "ACSCap:\tSrcValid+ TransBlk+ ReqRedir+ CmpltRedir+ UpstreamFwd+ EgressCtrl- DirectTrans+",
            "RPExt+ PoisonedTLP+ SwTrigger+ RP PIO Log 4",
        ]);
        yield return new("Downstream Port", (string[])["Express (v2) Downstream Port", "Downstream Port Containment", "PCI bridge [0604]"]);
        yield return new("Upstream Port", (string[])["Express (v2) Upstream Port", "PCI bridge [0604]"]);
    }

    private static ConfigSpace Made(string name)
    {
        var config = new ConfigSpace(name);
        var identity = new FunctionIdentity(0x15B3, 0x1017, 0x020000)
        {
            SubsystemVendorId = 0x15B3,
            SubsystemId = 0x0020,
            InterruptPin = 1,
        };
        if (name is "PF" or "VF")
        {
            var pfConfig = name == "PF" ? config : new("its PF");
            var header = Type0Header.Add(pfConfig, identity, new BarSpec(0, BarKind.Memory64Prefetchable, 32 << 20));
            var pf = PciExpressCapability.Add(pfConfig, 0x60, new(PciePortType.Endpoint) { FunctionLevelReset = true });
            if (name == "VF")
                return VirtualFunction(config, identity, pf);
            pf.SetLinkUp(4, 16);
            header.Bars[0]!.Address = 0x20_0000_0000;
            MsixCapability.Add(config, 0x9C, 64, 0, 0x2000, 0x3000);
            IdentityCapabilities.AddVendorSpecificCapability(config, 0xC0, 0x18);
            PowerManagementCapability.Add(config, 0x40);
            MsiCapability.Add(config, 0x48, 4, perVectorMasking: false);
            AerCapability.Add(config, 0x100, new() { TlpPrefixLog = true });
            AriCapability.Add(config, 0x150, 1);
            SriovCapability.Add(config, 0x180, new()
            {
                TotalVfs = 8,
                VfDeviceId = 0x1018,
                VfBars = [new(0, BarKind.Memory64Prefetchable, 1 << 20)],
            });
            LinkCapabilities.AddSecondaryPciExpress(config, 0x1C0, 16, false);
            AcsCapability.Add(config, 0x230, AcsFeatures.None);
            LinkCapabilities.AddPhysicalLayer16(config, 0x240, 16);
            LinkCapabilities.AddPhysicalLayer32(config, 0x280, 16);
            LinkCapabilities.AddDataLinkFeature(config, 0x2C0);
            IdentityCapabilities.AddSerialNumber(config, 0x2D0, 0x0011_2233_4455_6677);
            IdentityCapabilities.AddLatencyToleranceReporting(config, 0x2E0);
            IdentityCapabilities.AddDesignatedVendorSpecific(config, 0x2F0, 0x15B3, 2, 1, 0x10);
            ResizableBarCapability.Add(config, 0x300, header.Bars[0]!, 0x3F);
            return config;
        }

        var type = name switch
        {
            "Root Port" => PciePortType.RootPort,
            "Upstream Port" => PciePortType.UpstreamPort,
            _ => PciePortType.DownstreamPort,
        };
        Type1Header.Add(config, new(0x8086, 0x2F04, 0x060400) { InterruptPin = 1 });
        PciExpressCapability.Add(config, 0x90, new(type) { SlotImplemented = type != PciePortType.UpstreamPort }).SetLinkUp(3, 8);
        MsiCapability.Add(config, 0x60, 2);
        PowerManagementCapability.Add(config, 0xE0);
        AerCapability.Add(config, 0x100, new() { Errors = AerOptions.PortErrors, RootRegisters = type == PciePortType.RootPort });
        AcsCapability.Add(config, 0x148, (AcsFeatures)0x5F);
        if (type != PciePortType.UpstreamPort)
            DpcCapability.Add(config, 0x160, new() { RootPortExtensions = type == PciePortType.RootPort });
        return config;
    }

    private static ConfigSpace VirtualFunction(ConfigSpace config, FunctionIdentity identity, PciExpressCapability pf)
    {
        Type0Header.AddVirtual(config, identity);
        PciExpressCapability.AddVirtual(config, 0x60, pf);
        MsixCapability.Add(config, 0x9C, 12, 0, 0x2000, 0x3000);
        IdentityCapabilities.AddVendorSpecific(config, 0x100, 0, 0, 0x0C);
        AriCapability.Add(config, 0x150);
        return config;
    }

    private static string Lspci(string dump)
    {
        var file = Path.Combine(Path.GetTempPath(), $"pciesim-{Guid.NewGuid():N}.txt");
        File.WriteAllText(file, dump, new UTF8Encoding(false));
        try
        {
            using var lspci = Process.Start(new ProcessStartInfo("lspci", ["-F", file, "-vvv", "-nn"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var output = lspci.StandardOutput.ReadToEnd() + lspci.StandardError.ReadToEnd();
            lspci.WaitForExit();
            return output;
        }
        catch (Win32Exception)
        {
            Assert.Ignore("lspci (pciutils) is not installed: our functions were not judged");
            return "";
        }
        finally
        {
            File.Delete(file);
        }
    }
}
