using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Iommu.Tests;

public sealed class TranslationAgentTests
{
    private static readonly RoutingId Vf = RoutingId.Of(0x1B, 0, 2);
    private static readonly RoutingId OtherVf = RoutingId.Of(0x1B, 0, 3);
    private static readonly SimDuration Latency = SimDuration.FromNanoseconds(50);

    private Simulator _sim = null!;
    private TranslationAgent _agent = null!;
    private Domain _domain = null!;

    [SetUp]
    public void SetUp()
    {
        _sim = new();
        _agent = new(_sim, Latency);
        _domain = Domain.Create("guest");
        _agent.Contexts.Attach(Vf, _domain);
        _domain.Pages!.Map(0x10_0000, 0x8000_0000, 0x2000, IoPermissions.ReadWrite);
        _domain.Pages!.Map(0x20_0000, 0x9000_0000, 0x1000, IoPermissions.Read);
        _domain.Pages!.Map(0x30_0000, 0xA000_0000, 0x1000, IoPermissions.Write);
    }

    [TestCase(0x10_0000u, 0x8000_0000u)]
    [TestCase(0x10_0FFCu, 0x8000_0FFCu)]
    [TestCase(0x10_1234u, 0x8000_1234u)]
    public void A_mapped_address_becomes_the_host_address_after_the_configured_latency(uint iova, uint expected)
    {
        var translation = Translate(Vf, iova, isWrite: false);
        Assert.That(translation, Is.EqualTo(Translation.To(expected, Latency)));
        Assert.That(_agent.Faults.Count, Is.Zero);
    }

    [TestCase(0x40_0000u, true, FaultReason.WriteNotPermitted)]
    [TestCase(0x40_0000u, false, FaultReason.ReadNotPermitted)]
    [TestCase(0x20_0000u, true, FaultReason.WriteNotPermitted)]
    [TestCase(0x30_0000u, false, FaultReason.ReadNotPermitted)]
    public void A_miss_is_refused_and_recorded_with_its_reason(uint iova, bool isWrite, FaultReason reason)
    {
        _sim.RunUntil(new SimTime(7_000));
        Assert.That(Translate(Vf, iova + 0x44, isWrite).Permitted, Is.False);
        Assert.That(_agent.Faults.Records, Is.EqualTo(new[] { new FaultRecord(new(7_000), Vf, iova + 0x44, isWrite, reason) }));
        Assert.That(_agent.Faults.Records[0].PageAddress, Is.EqualTo(iova));
    }

    [Test]
    public void A_requester_without_a_domain_is_refused_and_one_on_an_unknown_bus_for_another_reason() => Assert.Multiple(() =>
    {
        Assert.That(Translate(OtherVf, 0x10_0000, isWrite: false).Permitted, Is.False);
        Assert.That(Translate(RoutingId.Of(0x40, 0, 0), 0x10_0000, isWrite: false).Permitted, Is.False);
        Assert.That(_agent.Faults.Records.Select(f => f.Reason),
            Is.EqualTo(new[] { FaultReason.ContextEntryNotPresent, FaultReason.RootEntryNotPresent }));
    });

    [Test]
    public void A_requester_reaches_its_own_domain_only()
    {
        var other = Domain.Create("other guest");
        other.Pages!.Map(0x10_0000, 0xC000_0000, 0x1000, IoPermissions.ReadWrite);
        _agent.Contexts.Attach(OtherVf, other);
        Assert.That(Translate(Vf, 0x10_0010, isWrite: true).Address, Is.EqualTo(0x8000_0010));
        Assert.That(Translate(OtherVf, 0x10_0010, isWrite: true).Address, Is.EqualTo(0xC000_0010));
    }

    [Test]
    public void After_detach_and_after_unmap_nothing_is_translated_any_more()
    {
        Assert.That(_domain.Pages!.Unmap(0x10_0000, 0x1000), Is.EqualTo(1));
        Assert.That(Translate(Vf, 0x10_0000, isWrite: false).Permitted, Is.False);
        Assert.That(Translate(Vf, 0x10_1000, isWrite: false).Permitted, Is.True);
        _agent.Contexts.Detach(Vf);
        Assert.That(Translate(Vf, 0x10_1000, isWrite: false).Permitted, Is.False);
    }

    [Test]
    public void Pass_through_leaves_every_address_unchanged()
    {
        _agent.Contexts.Attach(OtherVf, Domain.PassThrough("host"));
        Assert.That(Translate(OtherVf, 0xDEAD_B000, isWrite: true), Is.EqualTo(Translation.To(0xDEAD_B000, Latency)));
        _agent.Contexts.Fallback = Domain.PassThrough("host");
        Assert.That(Translate(RoutingId.Of(0x40, 0, 0), 0x1000, isWrite: true).Permitted, Is.True);
    }

    [Test]
    public void A_translated_request_is_blocked_because_nobody_may_use_ATS()
    {
        Assert.That(Translate(_agent, Vf, 0x10_0000, isWrite: false, AddressType.Translated).Permitted, Is.False);
        Assert.That(_agent.Faults.Records[0].Reason, Is.EqualTo(FaultReason.TranslationBlocked));
    }

    [Test]
    public void A_write_to_the_interrupt_range_is_no_DMA_and_a_read_is() => Assert.Multiple(() =>
    {
        Assert.That(Translate(OtherVf, 0xFEE0_0100, isWrite: true).Permitted, Is.True);
        Assert.That(Translate(Vf, 0xFEEF_FFFC, isWrite: true).Address, Is.EqualTo(0xFEEF_FFFC));
        Assert.That(Translate(Vf, 0xFEE0_0100, isWrite: false).Permitted, Is.False);
        Assert.That(Translate(Vf, 0xFEF0_0000, isWrite: true).Permitted, Is.False);
    });

    [Test]
    public void Interrupt_remapping_decides_on_interrupt_writes()
    {
        _agent.Interrupts = new OnlyFrom(Vf);
        Assert.That(Translate(Vf, 0xFEE0_0000, isWrite: true).Address, Is.EqualTo(0xFEE0_1000));
        Assert.That(Translate(OtherVf, 0xFEE0_0000, isWrite: true).Permitted, Is.False);
        Assert.That(_agent.Faults.Records[0], Has.Property("Reason").EqualTo(FaultReason.InterruptSourceBlocked)
            .And.Property("IsInterrupt").True);
    }

    [Test]
    public void Another_remapping_can_take_the_place_of_the_tables()
    {
        var agent = new TranslationAgent(_sim, new Offset(0x1000));
        Assert.That(Translate(agent, Vf, 0x5000, isWrite: true).Address, Is.EqualTo(0x6000));
    }

    [Test]
    public void A_device_write_sets_the_dirty_bit_and_reading_clears_it()
    {
        Translate(Vf, 0x10_0000, isWrite: false);
        Translate(Vf, 0x10_1FF0, isWrite: true);
        List<ulong> dirty = [];
        _domain.Pages!.ReadAndClearDirty(0x10_0000, 0x2000, dirty);
        _domain.Pages!.ReadAndClearDirty(0x10_0000, 0x2000, dirty);
        Assert.That(dirty, Is.EqualTo(new[] { 0x10_1000ul }));
    }

    [Test]
    public void A_fault_log_keeps_its_first_records_and_counts_all()
    {
        for (var i = 0; i < FaultLog.Capacity + 5; i++) Translate(Vf, 0x40_0000, isWrite: true);
        Assert.That(_agent.Faults.Count, Is.EqualTo(FaultLog.Capacity + 5));
        Assert.That(_agent.Faults.Records, Has.Count.EqualTo(FaultLog.Capacity));
    }

    [Test]
    public void A_translation_allocates_nothing()
    {
        for (var i = 0; i < 100; i++) Translate(Vf, 0x10_0000, isWrite: true);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++) Translate(Vf, 0x10_0000ul + (ulong)(i & 0x1FFF), isWrite: (i & 1) == 0);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private Translation Translate(RoutingId requester, ulong address, bool isWrite) =>
        Translate(_agent, requester, address, isWrite);

    private static Translation Translate(
        TranslationAgent agent, RoutingId requester, ulong address, bool isWrite, AddressType at = AddressType.Untranslated)
    {
        var request = new TranslationRequest(requester, address, 4, isWrite ? MemoryAccess.Write : MemoryAccess.Read, at, 0);
        return agent.Translate(in request, null!, 0);
    }

    private sealed class OnlyFrom(RoutingId permitted) : IInterruptRemapping
    {
        public FaultReason Remap(RoutingId requester, ulong address, out ulong remapped)
        {
            remapped = address + 0x1000;
            return requester == permitted ? FaultReason.None : FaultReason.InterruptSourceBlocked;
        }
    }

    private sealed class Offset(ulong offset) : IDmaRemapping
    {
        public FaultReason Remap(RoutingId requester, ulong iova, bool isWrite, out ulong address)
        {
            address = iova + offset;
            return FaultReason.None;
        }
    }
}
