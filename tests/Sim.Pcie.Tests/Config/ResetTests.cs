using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Pcie.Tests.Config;

/// <summary>The reset kinds of §6.6: what each does to the link, to registers, and for how long RRS is the answer.</summary>
public sealed class ResetTests
{
    private const int InterruptLine = 0x3C;
    private const uint VendorAndDevice = 0x5678_1234;

    [TestCase(false)]
    [TestCase(true)]
    public void Secondary_bus_reset_takes_the_link_through_DL_Down_while_it_is_asserted(bool behindSwitch)
    {
        var bench = new Bench(behindSwitch).Enumerated();
        var link = bench.Device.Link!;
        var bridge = ((RootPort?)(behindSwitch ? null : bench.Port))?.Function ?? bench.Switch!.Downstream[0].Function;
        bench.WriteConfig(bridge.Id, Type1Header.BridgeControlOffset, 2, 0x42);
        Assert.That((link.IsUp, bridge.Config.Bit(bridge.Express.LinkStatus, 13)), Is.EqualTo((false, false)));
        Assert.That(bench.Pf.Resets, Is.EqualTo(new[] { ResetKind.Hot }));
        Assert.That(bench.ReadConfig(bench.Found.Id, 0, 4).Status, Is.EqualTo(CompletionStatus.UnsupportedRequest));
        bench.WriteConfig(bridge.Id, Type1Header.BridgeControlOffset, 2, 2);
        Assert.That((link.IsUp, bridge.Config.Bit(bridge.Express.LinkStatus, 13)), Is.EqualTo((true, true)));
        Assert.That(bench.Detected, Has.None.EqualTo(PcieError.SurpriseDown), "it was ordered (§3.2.1)");
        Assert.That(bench.ReadConfig(bench.Found.Id, 0, 4).Value, Is.EqualTo(0xFFFF_0001), "RRS: it takes its time");
        bench.Sim.RunUntil(bench.Sim.Now + SimDuration.FromMilliseconds(100));
        Assert.That(bench.ReadConfig(bench.Found.Id, 0, 4).Value, Is.EqualTo(VendorAndDevice));
    }

    [Test]
    public void A_reset_of_the_link_above_a_switch_resets_everything_below_and_brings_it_back()
    {
        var bench = new Bench(behindSwitch: true).Enumerated();
        var id = bench.Found.Id;
        bench.WriteConfig(bench.Port.Function.Id, Type1Header.BridgeControlOffset, 2, 0x42);
        Assert.That((bench.Switch!.Upstream.Function.SecondaryBus, bench.Switch.Downstream[0].Function.SecondaryBus), Is.EqualTo((0, 0)));
        Assert.That((bench.Device.Link!.IsUp, bench.Pf.Resets), Is.EqualTo((false, new[] { ResetKind.Hot })));
        bench.WriteConfig(bench.Port.Function.Id, Type1Header.BridgeControlOffset, 2, 2);
        Assert.That(bench.Device.Link.IsUp, Is.True);
        Assert.That(bench.ReadConfig(id, 0, 4).Status, Is.EqualTo(CompletionStatus.UnsupportedRequest), "bus numbers are gone");
    }

    [Test]
    public void Link_disable_holds_the_link_down_as_no_error_and_is_no_hot_reset()
    {
        var bench = new Bench().Enumerated();
        var express = bench.Port.Function.Express;
        bench.WriteConfig(bench.Port.Function.Id, express.LinkControl, 2, 1 << 4);
        Assert.That((bench.Device.Link!.IsUp, bench.Pf.Resets), Is.EqualTo((false, new[] { ResetKind.LinkDown })));
        bench.WriteConfig(bench.Port.Function.Id, express.LinkControl, 2, 0);
        Assert.That((bench.Device.Link.IsUp, bench.Detected), Is.EqualTo((true, Array.Empty<PcieError>())));
    }

    [Test]
    public void A_link_that_nobody_took_down_is_a_surprise_down_error_of_the_port_above()
    {
        var bench = new Bench().Enumerated();
        bench.Device.Link!.TakeDown();
        var aer = bench.Port.Function.Aer!;
        Assert.That(bench.Detected, Is.EqualTo(new[] { PcieError.SurpriseDown }));
        Assert.That(bench.Port.Function.Config.Bit(aer.UncorrectableStatus, 5), Is.True);
    }

    [Test]
    public void After_every_reset_configuration_requests_get_RRS_for_as_long_as_the_function_says()
    {
        var times = new ReadinessTimes
        {
            AfterConventionalReset = SimDuration.FromMilliseconds(30),
            AfterFlr = SimDuration.FromMilliseconds(7),
            AfterD3Hot = SimDuration.FromMilliseconds(3),
        };
        var bench = new Bench(options: new()
        {
            Device = new() { Readiness = times },
            NoSoftReset = false,
            Root = new() { ConfigurationRetries = 0 },
        }).Enumerated();
        Assert.Multiple(() =>
        {
            Assert.That(TimeToReady(bench, () => bench.Device.Reset(ResetKind.Fundamental)), Is.EqualTo(30));
            Assert.That(TimeToReady(bench, () => bench.Pf.Reset(ResetKind.FunctionLevel)), Is.EqualTo(7));
            Assert.That(TimeToReady(bench, () =>
            {
                bench.WriteConfig(bench.Pf.Id, 0x44, 1, 3);
                bench.WriteConfig(bench.Pf.Id, 0x44, 1, 0);
            }), Is.EqualTo(3));
        });
    }

    [Test]
    public void RRS_is_0001h_with_software_visibility_else_the_root_complex_asks_again()
    {
        var bench = new Bench().Enumerated();
        var root = bench.Port.Function;
        bench.Pf.Reset(ResetKind.FunctionLevel);
        Assert.That(bench.ReadConfig(bench.Pf.Id, 0, 4).Value, Is.EqualTo(0xFFFF_0001));
        Assert.That(bench.ReadConfig(bench.Pf.Id, 0, 2).Value, Is.EqualTo(0x0001));
        Assert.That(bench.ReadConfig(bench.Pf.Id, 0, 1).Value, Is.EqualTo(0x34), "half of the Vendor ID is retried");
        bench.WriteConfig(root.Id, root.Express.RootControl, 2, 0);
        bench.Pf.Reset(ResetKind.FunctionLevel);
        Assert.That(bench.ReadConfig(bench.Pf.Id, 0, 4).Value, Is.EqualTo(VendorAndDevice));
    }

    [TestCase(ResetKind.Fundamental, false, false)]
    [TestCase(ResetKind.Hot, true, false)]
    [TestCase(ResetKind.LinkDown, true, false)]
    [TestCase(ResetKind.FunctionLevel, true, true)]
    [TestCase(ResetKind.D3HotToD0, true, true)]
    public void A_reset_keeps_sticky_registers_but_for_the_fundamental_one_and_function_resets_keep_the_exempt(
        ResetKind kind, bool keepsSticky, bool keepsExempt)
    {
        var bench = new Bench().Enumerated();
        var (config, aer) = (bench.Pf.Config, bench.Pf.Aer!);
        config.Write(InterruptLine, 1, 0x55);
        config.WriteDword(aer.UncorrectableMask, 1u << 20);
        config.HwSetBits(aer.UncorrectableStatus, 4, 1u << 18);
        config.Write(bench.Pf.Express.DeviceControl, 2, 0x2020);
        bench.Pf.Reset(kind);
        Assert.Multiple(() =>
        {
            Assert.That(config.Read(InterruptLine, 1), Is.Zero, "Interrupt Line");
            Assert.That(config.Bit(HeaderView.CommandOffset, HeaderView.MemorySpaceEnable), Is.False, "Memory Space Enable");
            Assert.That(config.Bit(aer.UncorrectableMask, 20), Is.EqualTo(keepsSticky), "RWS");
            Assert.That(config.Bit(aer.UncorrectableStatus, 18), Is.EqualTo(keepsSticky), "RW1CS");
            Assert.That(bench.Pf.Express.MaxPayloadSize, Is.EqualTo(keepsExempt ? 256 : 128), "Max_Payload_Size (§6.6.2)");
        });
    }

    [TestCase(true)]
    [TestCase(false)]
    public void In_D3Hot_only_configuration_requests_are_taken_and_No_Soft_Reset_decides_what_D0_finds(bool noSoftReset)
    {
        var bench = new Bench(options: new() { NoSoftReset = noSoftReset }).Enumerated();
        var bar = bench.Found.Bars[0].Address;
        bench.Root.Store(bar, 0x77, 4);
        Assert.That(bench.Load(bar).Value, Is.EqualTo(0x77));
        bench.WriteConfig(bench.Pf.Id, 0x44, 1, 3);
        Assert.That(bench.Load(bar).Status, Is.EqualTo(CompletionStatus.UnsupportedRequest));
        Assert.That(bench.Pf.Dma.Write(0x1000, [1]), Is.False, "it issues nothing");
        Assert.That(bench.ReadConfig(bench.Pf.Id, 0, 4).Value, Is.EqualTo(VendorAndDevice));
        bench.WriteConfig(bench.Pf.Id, 0x44, 1, 0);
        Assert.That(bench.Pf.Resets, Is.EqualTo(noSoftReset ? Array.Empty<ResetKind>() : [ResetKind.D3HotToD0]));
        bench.Sim.RunUntil(bench.Sim.Now + SimDuration.FromMilliseconds(10));
        var load = bench.Load(bar);
        Assert.That((load.Status, noSoftReset ? load.Value : 0x77),
            Is.EqualTo((noSoftReset ? CompletionStatus.Successful : CompletionStatus.UnsupportedRequest, 0x77UL)), "BARs are 0 then");
    }

    [Test]
    public void A_bridge_in_D3Hot_passes_no_memory_request()
    {
        var bench = new Bench(behindSwitch: true).Enumerated();
        var port = bench.Switch!.Downstream[0].Function;
        var power = port.Config.FindCapability(CapabilityId.PowerManagement);
        bench.WriteConfig(port.Id, power + 4, 1, 3);
        Assert.That(bench.Load(bench.Found.Bars[0].Address).Status, Is.EqualTo(CompletionStatus.UnsupportedRequest));
        bench.WriteConfig(port.Id, power + 4, 1, 0);
        Assert.That(bench.Load(bench.Found.Bars[0].Address).Status, Is.EqualTo(CompletionStatus.Successful));
    }

    private static double TimeToReady(Bench bench, Action reset)
    {
        reset();
        var start = bench.Sim.Now;
        bench.Run(async () =>
        {
            while ((await bench.Root.ConfigReadAsync(bench.Pf.Id, 0, 4)).Value != VendorAndDevice)
                await bench.Sim.Delay(SimDuration.FromMicroseconds(100));
        });
        return Math.Round((bench.Sim.Now - start).Femtoseconds / 1e12);
    }
}
