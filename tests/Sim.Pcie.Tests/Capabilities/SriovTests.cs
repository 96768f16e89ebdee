using NUnit.Framework;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Tests.Capabilities;

public sealed class SriovTests
{
    private ConfigSpace _config = null!;
    private SriovCapability _sriov = null!;

    [SetUp]
    public void MakePf()
    {
        _config = new("PF");
        _sriov = SriovCapability.Add(_config, 0x100, new()
        {
            TotalVfs = 8,
            FirstVfOffset = 2,
            VfStride = 1,
            FirstVfOffsetWithoutAri = 16,
            VfDeviceId = 0x1018,
            SupportedPageSizes = 0x553,
            VfBars = [new(0, BarKind.Memory64Prefetchable, 1 << 13)],
        });
    }

    [Test]
    public void Offsets_follow_the_ari_hierarchy()
    {
        Assert.That(_sriov.FirstVfOffset, Is.EqualTo(16));
        _config.Write(0x108, 2, 1 << 4);
        Assert.That(_sriov.VfRoutingId(RoutingId.Parse("01:00.0"), 2), Is.EqualTo(RoutingId.Parse("01:00.4")));
        _config.Reset(ResetKind.Hot);
        Assert.That(_sriov.FirstVfOffset, Is.EqualTo(16));
    }

    [Test]
    public void A_vf_bar_is_sized_by_one_vf_and_at_least_a_system_page()
    {
        _config.WriteDword(0x124, 0xFFFF_FFFF);
        Assert.That(_config.Read(0x124), Is.EqualTo(0xFFFF_E00Cu));
        _config.WriteDword(0x120, 1 << 4);
        _config.WriteDword(0x124, 0xFFFF_FFFF);
        Assert.That(_config.Read(0x124), Is.EqualTo(0xFFFF_000Cu));
        _config.WriteDword(0x120, 0b101);
        Assert.That(_sriov.SystemPageSize, Is.EqualTo(65536), "one size at a time");
        _config.WriteDword(0x120, 0b100);
        Assert.That(_sriov.SystemPageSize, Is.EqualTo(65536), "16 KiB is not among the supported sizes");
    }

    [Test]
    public void Num_vfs_is_read_only_while_vfs_are_enabled()
    {
        var told = new List<bool>();
        _sriov.OnVfEnable += told.Add;
        _config.Write(0x110, 2, 4);
        _config.Write(0x108, 2, 9);
        _config.Write(0x110, 2, 6);
        Assert.That(_sriov.NumVfs, Is.EqualTo(4));
        _config.Write(0x108, 2, 8);
        _config.Write(0x110, 2, 60);
        Assert.Multiple(() =>
        {
            Assert.That(_sriov.NumVfs, Is.EqualTo(8), "no more than TotalVFs exist");
            Assert.That(told, Is.EqualTo(new[] { true, false }));
        });
    }

    [Test]
    public void An_address_finds_its_vf_only_while_vf_mse_is_set()
    {
        _config.Write(0x110, 2, 4);
        _config.WriteDword(0x128, 0x10);
        _config.Write(0x108, 2, 1);
        Assert.That(_sriov.TryDecode(0x10_0000_2004, out _, out _, out _), Is.False);
        _config.Write(0x108, 2, 9);
        Assert.Multiple(() =>
        {
            Assert.That(_sriov.TryDecode(0x10_0000_2004, out var vf, out var bar, out var offset), Is.True);
            Assert.That((vf, bar, offset), Is.EqualTo((1, 0, 4ul)));
            Assert.That(_sriov.VfBarAddress(0, 1), Is.EqualTo(0x10_0000_2000));
            Assert.That(_sriov.TryDecode(0x10_0000_8000, out _, out _, out _), Is.False, "NumVFs is 4");
        });
    }

    [Test]
    public void A_vf_has_no_ids_no_bars_and_no_enables_but_bus_master()
    {
        var pf = new ConfigSpace("PF2");
        var identity = new FunctionIdentity(0x15B3, 0x1017, 0x020000) { SubsystemId = 7, InterruptPin = 1 };
        Type0Header.Add(pf, identity, new BarSpec(0, BarKind.Memory64, 4096));
        var pfExpress = PciExpressCapability.Add(pf, 0x60, new(PciePortType.Endpoint) { FunctionLevelReset = true });
        pf.Write(0x68, 2, 0x504F);
        var vf = new ConfigSpace("VF");
        Type0Header.AddVirtual(vf, identity);
        var express = PciExpressCapability.AddVirtual(vf, 0x60, pfExpress);
        var resets = 0;
        express.OnInitiateFlr(() => resets++);
        for (var at = 0; at < 0x100; at += 4)
            vf.WriteDword(at, 0xFFFF_FFFF);
        Assert.Multiple(() =>
        {
            Assert.That(vf.Read(0), Is.EqualTo(0xFFFF_FFFF));
            Assert.That(vf.Read(4, 2), Is.EqualTo(4u), "Bus Master Enable");
            Assert.That(Enumerable.Range(4, 6).Select(dw => vf.Read(dw * 4)), Is.All.Zero, "BARs");
            Assert.That(vf.Read(0x2C), Is.EqualTo(0x0007_0000));
            Assert.That((vf.Read(0x3C), vf.Read(0x68), vf.Read(0x70), vf.Read(0x88), vf.Read(0x90)), Is.EqualTo((0u, 0u, 0u, 0u, 0u)));
            Assert.That((express.MaxPayloadSize, express.MaxReadRequestSize), Is.EqualTo((512, 4096)), "the PF's settings apply");
            Assert.That(resets, Is.EqualTo(1), "Initiate Function Level Reset");
        });
    }
}
