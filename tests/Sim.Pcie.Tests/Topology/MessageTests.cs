using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Errors;
using Sim.Pcie.Inject;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Topology;

public class MessageTests
{
    [Test]
    public void INTA_is_swizzled_by_the_device_number_of_every_bridge_on_its_way()
    {
        // dev2 is behind downstream port 2: INTA becomes INTC below rp0, whose device number 1 makes it line 3.
        var p = new PeerPlatform();
        p.Devices[2].Signals.Interrupt = true;
        p.Run();
        Assert.That(p.Ports[0].Messages.AssertedPins, Is.EqualTo(0b0100));
        Assert.That(p.Root.Interrupts.IsLineAsserted(3), Is.True);
        Assert.That(p.Devices[2].Config.Bit(6, 3), Is.True, "Interrupt Status");
        p.Devices[2].Signals.Interrupt = false;
        p.Run();
        Assert.That(p.Root.Interrupts.IsLineAsserted(3), Is.False);
    }

    [Test]
    public void Wires_that_meet_are_collapsed_until_the_last_one_is_deasserted()
    {
        // Pin 4 of dev0, 3 of dev1, ... all arrive as the same wire above the switch: one Assert, one Deassert.
        var p = new PeerPlatform(device: new ScratchOptions { InterruptPin = 1 });
        var changes = new List<LineChange>();
        p.Root.Interrupts.LineChanged.Subscribe((SimTime _, in LineChange change) => changes.Add(change));
        p.Devices[0].Signals.Interrupt = true;
        p.Devices[0].Signals.Interrupt = true;
        p.Run();
        TlpInjector.Send(p.Devices[0].Device, Tlps.Message(p.Devices[0].Id, MessageCode.AssertIntA, MessageRouting.Local));
        p.Run();
        Assert.That(p.At(p.Ports[0]).Count(h => h.MessageCode == MessageCode.AssertIntA), Is.EqualTo(1), "a second Assert goes no further");
        p.Links[1].TakeDown();
        p.Run();
        Assert.That(changes, Is.EqualTo(new[] { new LineChange(1, true), new LineChange(1, false) }), "a dead link deasserts");
    }

    [Test]
    public void Interrupt_Disable_takes_the_wire_away_but_not_the_status()
    {
        var p = new PeerPlatform();
        p.Devices[0].Signals.Interrupt = true;
        p.Run();
        p.Configure(p.Devices[0], 4, 2, 0x0406);
        Assert.That(p.Root.Interrupts.IsLineAsserted(1), Is.False);
        Assert.That(p.Devices[0].Config.Bit(6, 3), Is.True);
        p.Configure(p.Devices[0], 4, 2, 0x0006);
        Assert.That(p.Root.Interrupts.IsLineAsserted(1), Is.True);
    }

    [Test]
    public void PM_PME_shows_in_Root_Status_one_at_a_time()
    {
        var p = new PeerPlatform();
        var root = p.Ports[0].Function;
        p.Devices[0].Signals.SendPme();
        Assert.That(p.Hops.Count(h => h.Header.MessageCode == MessageCode.PmPme && h.Header.IsMessage), Is.Zero, "PME_En is clear");
        foreach (var device in p.Devices.Take(3)) p.Configure(device, device.Power!.Status, 2, 1 << 8);
        foreach (var device in p.Devices.Take(3)) Assert.That(device.Signals.SendPme(), Is.True);
        p.Run();
        Assert.That(root.Config.Read(root.Express.RootStatus), Is.EqualTo(p.Devices[0].Id.Value | 1u << 16 | 1u << 17));
        p.Configure(root, root.Express.RootStatus, 4, 1 << 16);
        Assert.That(root.Config.Read(root.Express.RootStatus), Is.EqualTo(p.Devices[1].Id.Value | 1u << 16 | 1u << 17));
        p.Configure(root, root.Express.RootStatus, 4, 1 << 16);
        Assert.That(root.Config.Read(root.Express.RootStatus), Is.EqualTo(p.Devices[2].Id.Value | 1u << 16));
    }

    [Test]
    public void PME_Turn_Off_reaches_every_device_and_the_switch_gathers_their_acknowledgements_into_one()
    {
        var p = new PeerPlatform();
        var acknowledged = false;
        p.Run(async () => acknowledged = await p.Ports[0].Messages.TurnOffAsync());
        Assert.That(acknowledged, Is.True);
        Assert.That(p.Hops.Count(h => IsA(h.Header, MessageCode.PmeToAck)), Is.EqualTo(4), "three from devices, one from the switch");
        Assert.That(p.At(p.Ports[0]).Count(h => IsA(h, MessageCode.PmeToAck)), Is.EqualTo(1));
        Assert.That(p.Errors, Is.Empty);
        p.AssertQuiet();
    }

    [Test]
    public void A_device_that_disappears_owes_no_acknowledgement()
    {
        var p = new PeerPlatform();
        p.Links[2].TakeDown();
        var acknowledged = false;
        p.Run(async () => acknowledged = await p.Ports[0].Messages.TurnOffAsync());
        Assert.That(acknowledged, Is.True);
    }

    [Test]
    public void The_switch_reports_the_strictest_latency_tolerance_of_what_is_below_it()
    {
        var p = new PeerPlatform();
        var lax = new LatencyTolerance(LatencyTolerance.Encode(100, 2), LatencyTolerance.Encode(100, 2));
        var strict = new LatencyTolerance(LatencyTolerance.Encode(900, 1), LatencyTolerance.Encode(200, 2));
        Assert.That(p.Devices[0].Signals.SendLatencyTolerance(lax), Is.False, "LTR Mechanism Enable is clear");
        var bridges = p.Switch.Downstream.Append(p.Switch.Upstream).Select(port => port.Function).Append(p.Ports[0].Function);
        foreach (var f in (Function[])[.. bridges, .. p.Devices])
            p.Configure(f, f.Express.DeviceControl2, 2, 1 << 10);
        p.Devices[0].Signals.SendLatencyTolerance(lax);
        p.Run();
        Assert.That(p.Ports[0].Messages.Tolerance, Is.EqualTo(lax));
        p.Devices[1].Signals.SendLatencyTolerance(strict);
        p.Run();
        Assert.That(p.Ports[0].Messages.Tolerance, Is.EqualTo(new LatencyTolerance(strict.Snoop, lax.NoSnoop)));
        Assert.That(p.Ports[0].Messages.Tolerance.SnoopLatency, Is.EqualTo(SimDuration.FromNanoseconds(900 * 32)));
        p.Links[2].TakeDown();
        p.Run();
        Assert.That(p.Ports[0].Messages.Tolerance, Is.EqualTo(lax), "who is gone requires nothing");
    }

    [Test]
    public void A_Vendor_Defined_Message_that_nobody_takes_is_unsupported_if_Type_0_and_silent_if_Type_1()
    {
        var p = new PeerPlatform();
        var target = (uint)p.Devices[1].Id.Value << 16;
        foreach (var code in (MessageCode[])[MessageCode.VendorDefined1, MessageCode.VendorDefined0])
            TlpInjector.Send(p.Ports[0], Tlps.Message(p.Ports[0].Function.Id, code, MessageRouting.ById, target | 0x1DE5));
        p.Run();
        Assert.That(p.Devices[1].Messages.Select(m => m.MessageCode),
            Is.EqualTo(new[] { MessageCode.VendorDefined1, MessageCode.VendorDefined0 }));
        Assert.That(p.Errors, Is.EqualTo(new[] { ("dev1.pf", PcieError.UnsupportedRequest) }));
        p.Devices[1].TakesMessages = true;
        TlpInjector.Send(p.Ports[0], Tlps.Message(p.Ports[0].Function.Id, MessageCode.VendorDefined0, MessageRouting.ById, target));
        p.Run();
        Assert.That(p.Errors, Has.Count.EqualTo(1));
        p.AssertQuiet();
    }

    [Test]
    public void Messages_routed_by_ID_reach_a_peer_and_Set_Slot_Power_Limit_is_captured()
    {
        var p = new PeerPlatform();
        p.Devices[2].TakesMessages = true;
        TlpInjector.Send(p.Devices[0].Device, Tlps.Message(
            p.Devices[0].Id, MessageCode.InvalidateCompletion, MessageRouting.ById, (uint)p.Devices[2].Id.Value << 16));
        TlpInjector.Send(p.Switch.Downstream[0], Tlps.Message(
            p.Switch.Downstream[0].Function.Id, MessageCode.SetSlotPowerLimit, MessageRouting.Local,
            body: p.Ports[0].Bodies.RentDword(75)));
        p.Run();
        Assert.That(p.Devices[2].Messages.Single().MessageCode, Is.EqualTo(MessageCode.InvalidateCompletion));
        Assert.That(p.Devices[0].Config.Read(p.Devices[0].Express.Offset + 4) >> 18 & 0xFF, Is.EqualTo(75));
        Assert.That(p.Errors, Is.Empty);
        p.AssertQuiet();
    }

    [Test]
    public void A_Message_that_no_receiver_supports_is_an_Unsupported_Request_and_INTx_downstream_is_malformed()
    {
        var p = new PeerPlatform();
        TlpInjector.Send(p.Devices[3].Device, Tlps.Message(p.Devices[3].Id, MessageCode.Obff, MessageRouting.Local));
        TlpInjector.Send(p.Ports[1], Tlps.Message(p.Ports[1].Function.Id, MessageCode.AssertIntA, MessageRouting.Local));
        p.Run();
        Assert.That(p.Errors, Is.EquivalentTo(new[] { ("rp1", PcieError.UnsupportedRequest), ("dev3.pf", PcieError.MalformedTlp) }));
    }

    private static bool IsA(in TlpHeader header, MessageCode code) => header.IsMessage && header.MessageCode == code;
}
