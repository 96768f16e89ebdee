using NUnit.Framework;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Pcie.Tests.Topology;

public class FabricTests
{
    [Test]
    public void Enumeration_by_configuration_requests_finds_the_tree_that_was_wired()
    {
        var platform = new TestPlatform().Enumerated();
        var ids = platform.Tree.SelectMany(f => f.Subtree()).Select(f => f.Id.ToString());
        Assert.That(ids, Is.EqualTo(new[] { "00:01.0", "01:00.0", "02:00.0", "03:00.0", "02:01.0" }));
        Assert.That(platform.DiscoveredPf.Bars[0].Size, Is.EqualTo((ulong)DmaQueueLayout.BarSize));
    }

    [Test]
    public void A_load_crosses_the_switch_and_brings_the_register_back()
    {
        var platform = new TestPlatform().Enumerated();
        var load = default(CpuLoad);
        platform.Run(async () => load = await platform.Root.LoadAsync(platform.DiscoveredPf.Bars[0].Address, 4));
        Assert.That(load.Value, Is.EqualTo(DmaQueueLayout.Magic));
        Assert.That(load.Completed, Is.GreaterThan(load.Issued));
    }

    [Test]
    public void A_load_of_an_address_nobody_claims_below_the_port_returns_all_ones_with_UR()
    {
        var platform = new TestPlatform().Enumerated();
        var load = default(CpuLoad);
        platform.Run(async () => load = await platform.Root.LoadAsync(platform.DiscoveredPf.Bars[0].Address + 0x40000, 4));
        Assert.That(load.Value, Is.EqualTo(ulong.MaxValue));
        Assert.That(load.Status, Is.EqualTo(CompletionStatus.UnsupportedRequest));
    }

    [Test]
    public void A_doorbell_makes_the_device_copy_memory_and_complete()
    {
        var platform = new TestPlatform().Enumerated();
        var memory = platform.Root.Memory;
        var bar = platform.DiscoveredPf.Bars[0].Address;
        memory.WriteValue(0x10000, 7, 4);
        memory.WriteValue(0x10004, 1000, 4);
        memory.WriteValue(0x10008, 0x20010, 8);
        memory.WriteValue(0x10010, 0x30F00, 8);
        for (var i = 0; i < 1000; i += 8) memory.WriteValue(0x20010 + (ulong)i, (ulong)i * 0x0101, 8);
        platform.Run(async () =>
        {
            platform.Root.Store(bar + DmaQueueLayout.SubmissionBase, 0x10000, 8);
            platform.Root.Store(bar + DmaQueueLayout.CompletionBase, 0x11000, 8);
            platform.Root.Store(bar + DmaQueueLayout.RingSize, 16, 4);
            platform.Root.Store(bar + DmaQueueLayout.Control, 1, 4);
            platform.Root.Store(bar + DmaQueueLayout.Doorbell, 1, 4);
            await platform.Sim.Delay(Core.SimDuration.FromMicroseconds(10));
            Assert.That((await platform.Root.LoadAsync(bar + DmaQueueLayout.Head, 4)).Value, Is.EqualTo(1));
        });
        Assert.That(memory.ReadValue(0x11000, 8), Is.EqualTo(7));
        for (var i = 0; i < 1000; i += 8) Assert.That(memory.ReadValue(0x30F00 + (ulong)i, 8), Is.EqualTo((ulong)i * 0x0101));
        Assert.That(platform.Port.Bodies.Rented, Is.Zero, "every TLP body went back to the pool");
        foreach (var link in new[] { platform.Port.Link!, platform.Device.Link! })
        {
            Assert.That(link.Upstream.CreditsWhole && link.Downstream.CreditsWhole, Is.True, "credits are conserved");
        }
    }
}
