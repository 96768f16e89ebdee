using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Errors;
using Sim.Pcie.Inject;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Tests.Topology;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Inject;

/// <summary>What receivers make of TLPs that no model would send.</summary>
public class CraftedTlpTests
{

    [TestCase("40000002 0000000f 00008000 11111111 22222222", TestName = "Last DW Byte Enables 0 with two DWs is malformed")]
    [TestCase("40000001 000000ff 00008000 11111111", TestName = "Last DW Byte Enables set with one DW is malformed")]
    [TestCase("40000002 000000ff 00008ffc 11111111 22222222", TestName = "A write across 4 KiB is malformed")]
    [TestCase("40000002 000000ff 00008000 11111111", TestName = "A payload shorter than Length is malformed")]
    [TestCase("40000001 0000000f 00008000 11111111 22222222", TestName = "A payload longer than Length is malformed")]
    [TestCase("1f000001 0000000f 00008000", TestName = "A reserved Type is malformed")]
    [TestCase("4c000003 00000000 00008000 1 2 3", TestName = "An AtomicOp of an odd size is malformed")]
    [TestCase("42000002 0000000f 00008000 11111111 22222222", TestName = "An I/O write of two DWs is malformed")]
    public void Malformed(string tlp)
    {
        var p = new PeerPlatform();
        Send(p.Devices[0].Device, tlp);
        p.Run();
        Assert.That(p.Errors.First(), Is.EqualTo(("sw0.p0", PcieError.MalformedTlp)));
        Assert.That(p.At(p.Ports[0]).Where(h => !h.IsMessage), Is.Empty, "it went no further");
        Assert.That(p.Root.Memory.ReadValue(0x8000, 8), Is.Zero);
        p.AssertQuiet();
    }

    [Test]
    public void A_payload_beyond_Max_Payload_Size_is_malformed_at_the_port_that_is_set_smaller()
    {
        var p = new PeerPlatform();
        var device = p.Devices[0];
        p.Configure(device, device.Express.DeviceControl, 2, 2 << 5 | 2 << 12);
        device.Dma.Write(0x8000, new byte[512]);
        p.Run();
        Assert.That(p.Errors, Is.EqualTo(new[] { ("sw0.p0", PcieError.MalformedTlp) }));
        p.AssertQuiet();
    }

    [Test]
    public void Byte_enables_with_holes_write_only_the_enabled_bytes()
    {
        var p = new PeerPlatform();
        p.Root.Memory.WriteValue(0x8000, 0xAAAA_AAAA_AAAA_AAAA, 8);
        p.Devices[1].Memory.AsSpan(0, 8).Fill(0xAA);
        Send(p.Devices[0].Device, "40000001 01000005 00008000 11223344");
        Send(p.Devices[0].Device, $"60000002 01000029 {p.Bars[1] >> 32:x8} {(uint)p.Bars[1]:x8} 11223344 55667788");
        p.Run();
        Assert.That(p.Errors, Is.Empty);
        Assert.That(p.Root.Memory.ReadValue(0x8000, 8), Is.EqualTo(0xAAAA_AAAA_AA33_AA11));
        Assert.That(p.Devices[1].Value(0), Is.EqualTo(0xAAAA_66AA_44AA_AA11), "FBE 1001b, LBE 0010b");
        p.AssertQuiet();
    }

    [Test]
    public void Poisoned_memory_answers_with_poison_until_it_is_written_whole()
    {
        var p = new PeerPlatform();
        var write = Tlps.MemoryWrite(p.Devices[0].Id, 0x8000, p.Ports[0].Bodies.Rent(new byte[] { 1, 2, 3, 4 }));
        write.Header.Poisoned = true;
        TlpInjector.Send(p.Devices[0].Device, in write);
        p.Run();
        Assert.That(p.Errors, Is.EqualTo(new[] { ("sw0.p0", PcieError.PoisonedTlpReceived), ("rp0", PcieError.PoisonedTlpReceived) }));
        var load = default(CpuLoad);
        p.Run(async () => load = await p.Root.LoadAsync(0x8020, 4));
        Assert.That((load.Poisoned, load.Succeeded), Is.EqualTo((true, false)), "the line is poisoned");
        p.Devices[1].Dma.Read(0x7F80, 512, 1);
        p.Run();
        Assert.That(p.Errors[2..], Is.EqualTo(new[]
        {
            ("sw0.up", PcieError.PoisonedTlpReceived), ("dev1.pf", PcieError.PoisonedTlpReceived),
        }));
        Assert.That(p.Devices[1].Done.Single().Status, Is.EqualTo(CompletionStatus.CompleterAbort));
        p.Root.Memory.Write(0x8000, new byte[64]);
        p.Run(async () => load = await p.Root.LoadAsync(0x8020, 4));
        Assert.That(load.Succeeded, Is.True);
        p.AssertQuiet();
    }

    [TestCase(PoisonedWrite.Reject)]
    [TestCase(PoisonedWrite.Accept)]
    public void A_poisoned_write_to_a_BAR_is_reported_and_taken_or_not_as_the_device_s_policy_says(PoisonedWrite policy)
    {
        var p = new PeerPlatform(cost: new DeviceOptions { PoisonedWrites = policy });
        var write = Tlps.MemoryWrite(p.Devices[0].Id, p.Bars[1], p.Ports[0].Bodies.Rent(new byte[] { 99, 98, 97, 96 }));
        write.Header.Poisoned = true;
        TlpInjector.Send(p.Devices[0].Device, in write);
        p.Run();
        Assert.That(p.Errors.Last(), Is.EqualTo(("dev1.pf", PcieError.PoisonedTlpReceived)));
        Assert.That(p.Devices[1].Memory[0] == 99, Is.EqualTo(policy == PoisonedWrite.Accept));
        Assert.That(p.Devices[1].Config.Bit(6, 15), Is.True, "Detected Parity Error (§6.2.7.1)");
        p.AssertQuiet();
    }

    [Test]
    public void A_poisoned_configuration_write_completes_with_UR_and_changes_nothing()
    {
        var p = new PeerPlatform();
        var write = Tlps.ConfigWrite(RoutingId.Of(0, 0, 0), 0, p.Devices[3].Id, 4, p.Ports[1].Bodies.RentDword(0), 0xF);
        write.Header.Poisoned = true;
        TlpInjector.Send(p.Ports[1], in write);
        p.Run();
        Assert.That(p.At(p.Ports[1]).Single(h => h.IsCompletion).Status, Is.EqualTo(CompletionStatus.UnsupportedRequest));
        Assert.That(p.Devices[3].BusMasterEnable, Is.True);
        Assert.That(p.Errors, Does.Contain(("dev3.pf", PcieError.PoisonedTlpReceived)));
        p.AssertQuiet();
    }

    [TestCase(3, TestName = "A bit of the Length flipped: the ECRC fails at the destination")]
    [TestCase(96 + 17, TestName = "A bit of the payload flipped: the ECRC fails at the destination")]
    [TestCase(14, TestName = "EP flipped is no ECRC error: the bit is variant")]
    public void Ecrc(int bit)
    {
        var p = new PeerPlatform();
        var root = p.Ports[0].Function;
        p.Configure(root, root.Aer!.Control, 4, 1 << 8);
        var write = Tlps.MemoryWrite(p.Devices[0].Id, 0x8000, p.Ports[0].Bodies.Rent(new byte[64]));
        var flipped = TlpInjector.WithFlippedBit(p.Devices[0].Device, in write, bit);
        if (bit == 3) flipped.Body!.Data.AsSpan().Clear();
        TlpInjector.Send(p.Devices[0].Device, in flipped);
        p.Run();
        var failed = p.Errors.Contains(("rp0", PcieError.EcrcCheckFailed));
        Assert.That(failed || p.Errors.Contains(("sw0.p0", PcieError.MalformedTlp)), Is.EqualTo(bit != 14));
        p.AssertQuiet();
    }

    [Test]
    public void Ecrc_Generation_Enable_puts_a_digest_on_what_a_function_sends_and_checks_pass()
    {
        var p = new PeerPlatform();
        foreach (var f in p.Devices.Select(d => (Function: (Function)d, d.Aer)).Append((p.Ports[0].Function, p.Ports[0].Function.Aer)))
            p.Configure(f.Function, f.Aer!.Control, 4, 1 << 6 | 1 << 8);
        p.Hops.Clear();
        p.Devices[0].Dma.Read(0x8000, 300, 1);
        p.Devices[0].Dma.Write(p.Bars[1], new byte[100]);
        var load = default(CpuLoad);
        p.Run(async () => load = await p.Root.LoadAsync(p.Bars[0], 8));
        Assert.That(load.Succeeded, Is.True);
        Assert.That(p.Hops.Select(h => h.Header.Td), Is.All.True);
        Assert.That(p.Devices[0].Done.Single().Status, Is.EqualTo(CompletionStatus.Successful));
        Assert.That(p.Errors, Is.Empty);
        p.AssertQuiet();
    }

    [Test]
    public void An_End_End_prefix_travels_to_who_supports_it_and_is_malformed_where_not_and_blocked_where_blocking_is_enabled()
    {
        const string pasid = "91000001 40000001 0300000f 00008000 44332211";
        var supporting = new PeerPlatform();
        Send(supporting.Devices[0].Device, pasid);
        supporting.Run();
        Assert.That(supporting.Errors, Is.Empty);
        Assert.That(supporting.Root.Memory.ReadValue(0x8000, 4), Is.EqualTo(0x11223344));

        var egress = supporting.Switch.Upstream.Function;
        supporting.Configure(egress, egress.Express.DeviceControl2, 2, 1 << 15);
        Send(supporting.Devices[0].Device, pasid);
        supporting.Run();
        Assert.That(supporting.Errors, Is.EqualTo(new[] { ("sw0.up", PcieError.TlpPrefixBlocked) }));

        var without = new PeerPlatform(sw: new SwitchOptions { EndEndTlpPrefix = false });
        Send(without.Devices[0].Device, pasid);
        without.Run();
        Assert.That(without.Errors, Is.EqualTo(new[] { ("sw0.p0", PcieError.MalformedTlp) }));
        without.AssertQuiet();
    }

    [TestCase(0, TestName = "Byte Count"), TestCase(1, TestName = "Lower Address"), TestCase(2, TestName = "Traffic Class")]
    public void A_completion_that_does_not_fit_its_request_is_malformed_and_the_request_times_out(int field)
    {
        foreach (var malformed in (bool[])[true, false])
        {
            var p = new PeerPlatform(cost: new DeviceOptions { MismatchIsMalformed = malformed });
            p.Devices[3].Decision = AccessDecision.NoCompletion;
            p.Devices[0].Dma.Read(p.Bars[3], 64, 1);
            p.Sim.RunUntil(p.Sim.Now + SimDuration.FromMicroseconds(10));
            var request = p.At(p.Devices[3].Device).Single(h => h.Type == TlpType.MRd);
            var body = p.Ports[0].Bodies.Rent(64);
            var completion = Tlps.CompletionWithData(in request, p.Devices[3].Id, field == 0 ? 128 : 64, field == 1 ? 64 : 0, body);
            if (field == 2) completion.Header.Tc = 3;
            TlpInjector.Send(p.Devices[3].Device, in completion);
            p.Run();
            var error = malformed ? PcieError.MalformedTlp : PcieError.UnexpectedCompletion;
            Assert.That(p.Errors, Is.EqualTo(new[] { ("dev0.pf", error), ("dev0.pf", PcieError.CompletionTimeout) }));
            Assert.That(p.Devices[0].Done.Single().Status, Is.Not.EqualTo(CompletionStatus.Successful));
            p.AssertQuiet();
        }
    }

    [Test]
    public void A_late_completion_is_unexpected_and_the_tag_is_free_again()
    {
        var p = new PeerPlatform();
        var device = p.Devices[0];
        p.Configure(device, device.Express.DeviceControl2, 2, 0b0001);
        p.Devices[3].Decision = AccessDecision.NoCompletion;
        device.Dma.Read(p.Bars[3], 64, 1);
        p.Run();
        Assert.That(device.Done.Single().Status, Is.Not.EqualTo(CompletionStatus.Successful));
        var request = p.At(p.Devices[3].Device).Single(h => h.Type == TlpType.MRd);
        var late = Tlps.CompletionWithData(in request, p.Devices[3].Id, 64, 0, p.Ports[0].Bodies.Rent(64));
        TlpInjector.Send(p.Devices[3].Device, in late);
        p.Run();
        Assert.That(p.Errors, Is.EqualTo(new[] { ("dev0.pf", PcieError.CompletionTimeout), ("dev0.pf", PcieError.UnexpectedCompletion) }));
        p.AssertQuiet();
    }

    [TestCase(0, 0, 32), TestCase(1 << 8, 0, 256), TestCase(1 << 8, 1 << 12, 768)]
    public void Tags_are_as_many_as_the_enables_leave_and_more_reads_wait(int deviceControl, int deviceControl2, int tags)
    {
        var p = new PeerPlatform();
        var function = new ScratchFunction(p.Sim, "wide.pf", ScratchFunction.Layout("wide.pf", new ScratchOptions()), tags: 1024);
        var device = new PcieDevice(p.Sim, "wide");
        device.Add(function, 0);
        Link.Connect(p.Root.AddRootPort("rp2"), device, LinkSpeed.Gen4, LinkWidth.X16);
        p.Run(async () => await Enumerator.EnumerateAsync(p.Root));
        p.Configure(function, function.Express.DeviceControl, 2, (uint)(0x2020 | deviceControl));
        p.Configure(function, function.Express.DeviceControl2, 2, (uint)deviceControl2);
        var (outstanding, most, used) = (0, 0, new HashSet<int>());
        device.Link!.Upstream.Arrived.Subscribe((SimTime _, in TlpHop hop) =>
        {
            used.Add(hop.Tlp.Header.Tag);
            most = Math.Max(most, ++outstanding);
        });
        device.Link.Downstream.Arrived.Subscribe((SimTime _, in TlpHop _) => outstanding--);
        for (var i = 0; i < 1500; i++) function.Dma.Read(0x8000, 64, i);
        Assert.That(function.Dma.HasTags, Is.False, "exhausted");
        p.Run();
        Assert.That(function.Done, Has.Count.EqualTo(1500));
        Assert.That(used, Has.Count.EqualTo(tags));
        Assert.That(used.Min(), Is.EqualTo(tags == 768 ? 256 : 0), "10-Bit Tags have T9:T8 set (§2.2.6.2)");
        Assert.That(most, Is.LessThanOrEqualTo(tags));
    }

    private static void Send(Port from, string tlp)
    {
        TlpInjector.Send(from, [.. tlp.Split(' ').Select(d => Convert.ToUInt32(d, 16))]);
    }
}
