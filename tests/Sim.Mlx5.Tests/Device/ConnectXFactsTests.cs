using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using NUnit.Framework;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Sim.Mlx5.Tests.Device;

/// <summary>Our PF and VF show what lspci showed of real adapters.</summary>
public sealed partial class ConnectXFactsTests
{
    private const string Facts = "../shared/notes/connectx-facts.json";

    private readonly TestHost _host = new();

    private ConfigSpace Pf => _host.Pf.Config;

    private ConfigSpace Vf => _host.Vf.Config;

    [Test]
    public void A_PF_masks_Unsupported_Request_as_its_firmware_does()
    {
        var aer = Pf.FindExtendedCapability(ExtendedCapabilityId.AdvancedErrorReporting);
        Pf.Reset(ResetKind.Fundamental);
        Assert.That((Pf.Read(aer + 0x08), Pf.Read(aer + 0x0C), Pf.Read(aer + 0x14)), Is.EqualTo((0x0010_0000u, 0x0006_2030u, 0x2000u)));
    }

    [Test]
    public void The_PF_has_the_masks_and_severities_of_a_real_one()
    {
        var facts = Part("PF_ConnectX-5").GetProperty("AER");
        var aer = Pf.FindExtendedCapability(ExtendedCapabilityId.AdvancedErrorReporting);
        Assert.Multiple(() =>
        {
            Assert.That(Pf.Read(aer + 0x08), Is.EqualTo(Hex(facts, "UncMask")));
            Assert.That(Pf.Read(aer + 0x0C), Is.EqualTo(Hex(facts, "UncSev")));
            Assert.That(Pf.Read(aer + 0x14), Is.EqualTo(Hex(facts, "CorMask")));
            Assert.That(Pf.Read(aer + 0x18) & 0x1F, Is.EqualTo(facts.GetProperty("FEP").GetUInt32()));
            Assert.That(Pf.Read(aer + 0x18) & 0x3E0, Is.EqualTo(0xA0), "ECRC capable and off, no multiple headers");
        });
    }

    [Test]
    public void The_PF_announces_what_a_real_one_announces()
    {
        var (old, facts) = (Part("PF_ConnectX-5"), Part("PF_ConnectX-7"));
        var express = Pf.FindCapability(CapabilityId.PciExpress);
        Assert.Multiple(() =>
        {
            Assert.That($"{Pf.Read(0, 2):x4}:{Pf.Read(2, 2):x4}", Is.EqualTo(facts.GetProperty("id").GetString()));
            Assert.That(128 << (int)(Pf.Read(express + 4) & 7), Is.EqualTo(facts.GetProperty("exp").GetProperty("MPS").GetInt32()));
            Assert.That(Pf.Read(express + 0x24) & 0x1F, Is.EqualTo(0x17), old.GetProperty("exp").GetProperty("CTO").GetString());
            Assert.That(Pf.Read(express + 0x24) >> 16 & 3, Is.EqualTo(3), "10-Bit Tag Completer and Requester");
            Assert.That(Pf.Read(express + 0x0C) & 0x3FF, Is.EqualTo(5 | 16 << 4), facts.GetProperty("exp").GetProperty("link").GetString());
            Assert.That(Pf.Read(0x9E, 2) & 0x7FF, Is.EqualTo(old.GetProperty("MSIX").GetProperty("count").GetInt32() - 1));
            foreach (var capability in old.GetProperty("caps").EnumerateObject().Where(c => c.Name != "VPD"))
                Assert.That(Pf.FindCapability(IdOf(capability.Name)), Is.EqualTo(Place(capability)), capability.Name);
            foreach (var capability in old.GetProperty("ecaps").EnumerateObject())
                Assert.That(Pf.FindExtendedCapability(ExtendedIdOf(capability.Name)), Is.EqualTo(Place(capability)), capability.Name);
            foreach (var capability in facts.GetProperty("more_ecaps").EnumerateObject().Where(c => c.Name != "LMR"))
                Assert.That(Pf.FindExtendedCapability(ExtendedIdOf(capability.Name)), Is.EqualTo(Place(capability)), capability.Name);
        });
    }

    [Test]
    public void The_VFs_of_the_PF_are_numbered_as_real_ones()
    {
        var facts = Part("PF_ConnectX-5").GetProperty("SRIOV");
        var sriov = Pf.FindExtendedCapability(ExtendedCapabilityId.SingleRootIov);
        Assert.Multiple(() =>
        {
            Assert.That(Pf.Read(sriov + 0x0C, 2), Is.EqualTo(facts.GetProperty("InitialVFs").GetInt32()));
            Assert.That(Pf.Read(sriov + 0x0E, 2), Is.EqualTo(facts.GetProperty("TotalVFs").GetInt32()));
            Assert.That(Pf.Read(sriov + 0x14, 2), Is.EqualTo(facts.GetProperty("First VF Offset").GetInt32()));
            Assert.That(Pf.Read(sriov + 0x16, 2), Is.EqualTo(facts.GetProperty("VF Stride").GetInt32()));
            Assert.That($"15b3:{Pf.Read(sriov + 0x1A, 2):x4}", Is.EqualTo(Part("PF_ConnectX-7").GetProperty("vf_id").GetString()));
            Assert.That(Pf.Read(sriov + 0x1C), Is.EqualTo(Hex(facts, "SupportedPageSizes")));
            Assert.That(Pf.Read(sriov + 0x20), Is.EqualTo(Hex(facts, "SystemPageSize")));
            Assert.That(Pf.Read(sriov + 0x24) & 0xF, Is.EqualTo(0xC), facts.GetProperty("VF BAR0").GetString());
        });
    }

    [Test]
    public void A_VF_has_as_little_as_a_real_one()
    {
        var facts = Part("VF_ConnectX-7");
        var express = Vf.FindCapability(CapabilityId.PciExpress);
        Assert.Multiple(() =>
        {
            foreach (var capability in facts.GetProperty("caps").EnumerateObject())
                Assert.That(Vf.FindCapability(IdOf(capability.Name)), Is.EqualTo(Place(capability)), capability.Name);
            foreach (var capability in facts.GetProperty("ecaps").EnumerateObject())
                Assert.That(Vf.FindExtendedCapability(ExtendedIdOf(capability.Name)), Is.EqualTo(Place(capability)), capability.Name);
            foreach (var absent in (string[])["AER", "ACS", "SRIOV"])
                Assert.That(Vf.FindExtendedCapability(ExtendedIdOf(absent)), Is.Zero, absent);
            Assert.That(Vf.FindCapability(CapabilityId.PowerManagement), Is.Zero, "PM");
            Assert.That(Vf.Read(0x3D, 1), Is.Zero, "INTx");
            Assert.That(128 << (int)(Vf.Read(express + 4) & 7), Is.EqualTo(facts.GetProperty("exp").GetProperty("MPSS").GetInt32()));
            Assert.That(Vf.Read(express + 8, 2), Is.Zero, "Device Control");
            Assert.That(Vf.Read(express + 0x12, 2), Is.Zero, "Link Status");
            Assert.That(Vf.Read(0x9E, 2) & 0x7FF, Is.EqualTo(facts.GetProperty("MSIX").GetProperty("count").GetInt32() - 1));
            Assert.That(Vf.Read(0x10), Is.Zero, "the VF's own BAR");
        });
    }

    private static byte IdOf(string name) => name switch
    {
        "EXP" => CapabilityId.PciExpress,
        "MSIX" => CapabilityId.Msix,
        "PM" => CapabilityId.PowerManagement,
        "VNDR" => CapabilityId.VendorSpecific,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such capability"),
    };

    private static ushort ExtendedIdOf(string name) => name switch
    {
        "AER" => ExtendedCapabilityId.AdvancedErrorReporting,
        "ARI" => ExtendedCapabilityId.AlternativeRoutingId,
        "SRIOV" => ExtendedCapabilityId.SingleRootIov,
        "SPCIE" => ExtendedCapabilityId.SecondaryPciExpress,
        "ACS" => ExtendedCapabilityId.AccessControlServices,
        "VSEC" => ExtendedCapabilityId.VendorSpecific,
        "DLF" => ExtendedCapabilityId.DataLinkFeature,
        "PL16" => 0x26,
        "PL32" => 0x2A,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such capability"),
    };

    private static int Place(JsonProperty capability) => (int)First(capability.Value.GetString()!);

    private static uint Hex(JsonElement facts, string name) => First(facts.GetProperty(name).GetString()!);

    private static uint First(string text) =>
        uint.Parse(Number().Match(text).Value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    [GeneratedRegex("^[0-9a-f]+")]
    private static partial Regex Number();

    private static JsonElement Part(string name)
    {
        for (var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, Facts[3..]);
            if (File.Exists(path)) return JsonDocument.Parse(File.ReadAllText(path)).RootElement.GetProperty(name);
        }

        Assert.Ignore($"{Facts} is not here");
        return default;
    }
}
