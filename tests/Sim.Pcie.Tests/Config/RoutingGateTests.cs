using NUnit.Framework;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Tests.Config;

/// <summary>What configuration registers let through: ARI, I/O windows, VFs on further buses.</summary>
public sealed class RoutingGateTests
{
    [TestCase(false)]
    [TestCase(true)]
    public void Without_ARI_forwarding_only_device_0_is_behind_a_downstream_port(bool behindSwitch)
    {
        var bench = new Bench(behindSwitch, WithVfs(offset: 8, vfs: 2)).Enumerated();
        EnableVfs(bench, 2);
        var vf = bench.Vfs[1].Id;
        Assert.That((vf.Device, bench.ReadConfig(vf, 0, 4).Status), Is.EqualTo((1, CompletionStatus.Successful)));
        var port = behindSwitch ? bench.Switch!.Downstream[0].Function : bench.Port.Function;
        bench.WriteConfig(port.Id, port.Express.DeviceControl2, 2, 0);
        Assert.That(bench.ReadConfig(vf, 0, 4).Status, Is.EqualTo(CompletionStatus.UnsupportedRequest), "§7.3.1");
        Assert.That(bench.ReadConfig(bench.Pf.Id, 0, 4).Status, Is.EqualTo(CompletionStatus.Successful));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void VFs_on_a_further_bus_are_found_and_speak_under_that_number(bool behindSwitch)
    {
        var bench = new Bench(behindSwitch, WithVfs(offset: 0x100, vfs: 2)).Enumerated();
        EnableVfs(bench, 2);
        var vf = bench.Vfs[1].Id;
        Assert.That(vf.Bus, Is.EqualTo(bench.Pf.Id.Bus + 1), "First VF Offset 100h");
        Assert.That(bench.ReadConfig(vf, 0, 4).Value, Is.EqualTo(uint.MaxValue).And.Not.Zero);
        Assert.That(bench.ReadConfig(vf, 0x60, 1).Value, Is.EqualTo(0x10), "its PCI Express capability");
        bench.WriteConfig(vf, 4, 2, 4);
        Assert.That(bench.Vfs[1].MayRequest, Is.True);
        bench.Vfs[1].Dma.Read(0x1000, 64, 1);
        bench.Sim.Run();
        Assert.That(bench.Detected, Is.Empty, "the Completion found its way back");
        var port = behindSwitch ? bench.Switch!.Downstream[0].Function : bench.Port.Function;
        Assert.That(port.SubordinateBus, Is.GreaterThanOrEqualTo(vf.Bus), "enumeration left room for all of TotalVFs");
    }

    [Test]
    public void VF_numbers_follow_offset_and_stride_as_NumVFs_changes_them()
    {
        var sriov = WithVfs(offset: 4, vfs: 4).Sriov! with { Layouts = [new(2, 2, 1)] };
        var bench = new Bench(options: WithVfs(offset: 4, vfs: 4) with { Sriov = sriov }).Enumerated();
        EnableVfs(bench, 2);
        Assert.That(bench.Vfs[1].Id, Is.EqualTo(RoutingId.Parse("01:00.3")));
        bench.WriteConfig(bench.Pf.Id, bench.Pf.Sriov!.Control, 2, 0);
        Assert.That(bench.ReadConfig(RoutingId.Parse("01:00.3"), 0, 4).Status, Is.EqualTo(CompletionStatus.UnsupportedRequest), "gone");
        EnableVfs(bench, 4);
        Assert.That(bench.Vfs[1].Id, Is.EqualTo(RoutingId.Parse("01:00.5")));
    }

    [Test]
    public void A_VF_BAR_moves_with_System_Page_Size()
    {
        var bench = new Bench(options: WithVfs(offset: 2, vfs: 2)).Enumerated();
        var sriov = bench.Pf.Sriov!;
        bench.WriteConfig(bench.Pf.Id, sriov.Offset + 0x20, 4, 0x10);
        EnableVfs(bench, 2);
        var first = sriov.VfBars[0]!.Address;
        bench.Root.Store(first + 0x1_0000, 0x42, 4);
        bench.Sim.Run();
        Assert.That(bench.Load(first + 0x1_0000).Value, Is.EqualTo(0x42), "VF 1 lies 64 KiB above VF 0");
        Assert.That(bench.Load(first).Value, Is.Zero);
        bench.WriteConfig(bench.Pf.Id, sriov.Offset + 0x20, 4, 0x1);
        Assert.That(bench.ReadConfig(bench.Pf.Id, sriov.Offset + 0x20, 4).Value, Is.EqualTo(0x10), "fixed while VF Enable is set");
    }

    [Test]
    public void FLR_of_a_VF_touches_nobody_else_and_that_of_the_PF_removes_its_VFs()
    {
        var bench = new Bench(options: WithVfs(offset: 2, vfs: 2)).Enumerated();
        EnableVfs(bench, 2);
        bench.WriteConfig(bench.Vfs[0].Id, bench.Vfs[0].Express.DeviceControl, 2, 0x8000);
        Assert.That((bench.Vfs[0].Resets.Count, bench.Vfs[1].Resets.Count, bench.Pf.Resets.Count), Is.EqualTo((1, 0, 0)));
        bench.WriteConfig(bench.Pf.Id, bench.Pf.Express.DeviceControl, 2, 0x8000);
        Assert.That((bench.Pf.Resets.Count, bench.Pf.Sriov!.VfEnable), Is.EqualTo((1, false)));
        Assert.That(bench.Vfs[1].IsPresent, Is.False);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void IO_requests_go_by_IO_windows_to_IO_BARs(bool behindSwitch)
    {
        var bench = new Bench(behindSwitch, new()
        {
            Bars = [new(0, BarKind.Memory32, 0x1000), new(1, BarKind.Io, 32)],
        }).Enumerated();
        var port = (uint)bench.Found.Bars.Single(b => b.IsIo).Address;
        bench.Run(async () => Assert.That((await bench.Root.OutAsync(port + 5, 1, 0xAB)).Status, Is.EqualTo(CompletionStatus.Successful)));
        var read = bench.Run(async () => await bench.Root.InAsync(port + 4, 2));
        Assert.That((read.Status, read.Value >> 8), Is.EqualTo((CompletionStatus.Successful, 0xABUL)));
        bench.WriteConfig(bench.Pf.Id, HeaderView.CommandOffset, 2, 6);
        read = bench.Run(async () => await bench.Root.InAsync(port + 4, 2));
        Assert.That(read.Status, Is.EqualTo(CompletionStatus.UnsupportedRequest));
        Assert.That(bench.Detected, Is.EqualTo(new[] { PcieError.UnsupportedRequest }));
        Assert.That(bench.Port.Function.Config.Bit(Type1Header.SecondaryStatusOffset, HeaderView.ReceivedMasterAbort), Is.True);
    }

    private static BenchOptions WithVfs(int offset, int vfs) => new()
    {
        Vfs = vfs,
        Sriov = new()
        {
            TotalVfs = vfs,
            FirstVfOffset = offset,
            VfDeviceId = 0x5679,
            VfBars = [new(0, BarKind.Memory64Prefetchable, 0x1000)],
        },
    };

    private static void EnableVfs(Bench bench, int count)
    {
        var (id, sriov) = (bench.Pf.Id, bench.Pf.Sriov!);
        bench.WriteConfig(id, sriov.Offset + 0x10, 2, (uint)count);
        bench.WriteConfig(id, sriov.Control, 2, 0x19);
        bench.Sim.RunUntil(bench.Sim.Now + Sim.Core.SimDuration.FromMilliseconds(100));
    }
}
