using NUnit.Framework;
using Sim.Iommu.Vtd;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Iommu.Tests;

/// <summary>Fault records and events, dirty bits, interrupt remapping.</summary>
public sealed class FaultAndDirtyTests
{
    [Test]
    public void A_fault_is_recorded_with_source_address_type_and_reason()
    {
        var test = new TestUnit();
        test.Translate(0x1234_5678);
        test.Translate(0x9000, MemoryAccess.Write);
        Assert.That(test.Unit.Read(VtdRegister.FaultRecording, 8), Is.EqualTo(0x1234_5000));
        Assert.That(test.Unit.Read(VtdRegister.FaultRecording + 8, 8), Is.EqualTo(0xC000_0006_0000_0300));
        Assert.That(test.Unit.Read(VtdRegister.FaultRecording + 24, 8), Is.EqualTo(0x8000_0005_0000_0300));
        Assert.That(test.FaultStatus, Is.EqualTo(FaultStatusBits.Pending));
    }

    [Test]
    public void Too_many_faults_overflow_and_the_ring_goes_on_where_it_stopped()
    {
        var test = new TestUnit(new VtdOptions { FaultRecords = 2 });
        for (ulong page = 1; page <= 3; page++) test.Translate(page << 12);
        Assert.That(test.FaultStatus, Is.EqualTo(FaultStatusBits.Pending | FaultStatusBits.Overflow));
        for (var i = 0; i < 2; i++) test.Unit.Write(VtdRegister.FaultRecording + 16 * i + 12, 0x8000_0000, 4);
        Assert.That(test.FaultStatus, Is.EqualTo(FaultStatusBits.Overflow), "pending follows the records");
        test.Translate(0x4000);
        Assert.That(test.FaultStatus, Is.EqualTo(FaultStatusBits.Overflow), "nothing is recorded until software clears it");
        test.Unit.Write(VtdRegister.FaultStatus, (uint)FaultStatusBits.Overflow, 4);
        test.Translate(0x5000);
        Assert.That(test.Unit.Read(VtdRegister.FaultRecording, 8), Is.EqualTo(0x5000));
        test.Unit.Write(VtdRegister.FaultRecording + 12, 0x8000_0000, 4);
        test.Translate(0x6000);
        Assert.That(test.Unit.Read(VtdRegister.FaultRecording + 16, 8), Is.EqualTo(0x6000));
        Assert.That((uint)test.FaultStatus >> 8, Is.EqualTo(1), "the index of the first pending record");
        Assert.That(test.Unit.Faults.Count, Is.EqualTo(6), "the model knows of all");
    }

    [Test]
    public void Faults_of_a_requester_collapse_if_the_option_says_so()
    {
        var test = new TestUnit(new VtdOptions { CollapsesFaults = true });
        test.Translate(0x1000);
        test.Translate(0x2000);
        test.Translate(0x3000, requester: RoutingId.Of(3, 0, 1));
        Assert.That(test.Unit.Read(VtdRegister.FaultRecording, 8), Is.EqualTo(0x1000));
        Assert.That(test.Unit.Read(VtdRegister.FaultRecording + 16, 8), Is.EqualTo(0x3000));
        Assert.That(test.Unit.Read(VtdRegister.FaultRecording + 40, 8), Is.Zero);
    }

    [Test]
    public void Fault_Processing_Disable_keeps_a_fault_out_of_the_records()
    {
        var test = new TestUnit();
        var (low, high) = ContextEntry.Legacy(TranslationType.Untranslated, TestUnit.Tables, 4, TestUnit.Domain);
        test.WriteContext((low | ContextEntry.FaultDisable, high));
        Assert.That(test.Translate(0x1000).Permitted, Is.False);
        Assert.That(test.Unit.Faults.Count, Is.Zero);
    }

    [Test]
    public void One_event_tells_of_all_that_is_pending_and_a_masked_one_waits()
    {
        var test = new TestUnit();
        var events = 0;
        var target = test.Root.Interrupts.Allocate("dmar", () => events++);
        test.Unit.Write(VtdRegister.FaultEventData, target.Data, 4);
        test.Unit.Write(VtdRegister.FaultEventAddress, target.Address, 8);
        test.Translate(0x1000);
        Assert.That(events, Is.Zero, "masked after reset");
        Assert.That(test.Unit.Read(VtdRegister.FaultEventControl, 4), Is.EqualTo(0xC000_0000));
        test.Unit.Write(VtdRegister.FaultEventControl, 0, 4);
        Assert.That(events, Is.EqualTo(1));
        test.Translate(0x2000);
        Assert.That(events, Is.EqualTo(1), "the first one was not serviced");
        for (var i = 0; i < 2; i++) test.Unit.Write(VtdRegister.FaultRecording + 16 * i + 12, 0x8000_0000, 4);
        test.Translate(0x3000);
        Assert.That(events, Is.EqualTo(2));
    }

    [Test]
    public void Walks_set_accessed_and_dirty_bits_and_the_IOTLB_keeps_the_dirty_one()
    {
        var test = new TestUnit(scalable: true);
        var leaf = test.Map(0x1000, 0x5000_0003);
        var dirty = PagingEntry.Accessed | PagingEntry.Dirty;
        test.Translate(0x1000);
        Assert.That(test.Read(leaf) & dirty, Is.EqualTo(PagingEntry.Accessed));
        Assert.That(test.Read(TestUnit.Tables) & dirty, Is.EqualTo(PagingEntry.Accessed), "upper levels too");
        var walks = test.Unit.Statistics.Walks;
        test.Translate(0x1000, MemoryAccess.Write);
        Assert.That(test.Read(leaf) & dirty, Is.EqualTo(dirty));
        Assert.That(test.Unit.Statistics.Walks, Is.EqualTo(walks + 1), "the cached translation did not know the bit to be set");
        test.Write(leaf, 0x5000_0003);
        test.Translate(0x1000, MemoryAccess.Write);
        Assert.That(test.Read(leaf) & dirty, Is.Zero, "cleared without a flush: the write is lost for tracking");
        test.Invalidate((2 | 1 << 4, 0));
        test.Sim.Run();
        test.Translate(0x1000, MemoryAccess.Write);
        Assert.That(test.Read(leaf) & dirty, Is.EqualTo(dirty));
    }

    [Test]
    public void A_large_page_is_dirty_as_a_whole_and_without_the_enable_nothing_is_set()
    {
        var test = new TestUnit(scalable: true);
        var leaf = test.Map(0x4000_0000, 0x4000_0000 | PagingEntry.Large | 3, at: 2);
        test.Translate(0x4000_5000, MemoryAccess.Write);
        Assert.That(test.Read(leaf) & PagingEntry.Dirty, Is.Not.Zero);
        var off = new TestUnit(scalable: true);
        off.WritePasid(PasidEntry.First(PasidType.SecondStage, TestUnit.Tables, 4, accessedDirty: false));
        var untouched = off.Map(0x1000, 0x5000_0003);
        off.Translate(0x1000, MemoryAccess.Write);
        Assert.That(off.Read(untouched), Is.EqualTo(0x5000_0003));
    }

    [Test]
    public void Without_interrupt_remapping_an_interrupt_write_is_no_DMA_and_a_read_is() => Assert.Multiple(() =>
    {
        var test = new TestUnit();
        Assert.That(test.Translate(0xFEE0_0100, MemoryAccess.Write, RoutingId.Of(9, 0, 0), data: 0x41).Data, Is.EqualTo(0x41));
        Assert.That(test.Translate(0xFEE0_0100).Permitted, Is.False);
        Assert.That(test.Translate(0xFEF0_0000, MemoryAccess.Write).Permitted, Is.False);
    });

    [Test]
    public void A_remapped_interrupt_has_its_entrys_vector_and_only_its_requester_may_raise_it() => Assert.Multiple(() =>
    {
        var test = Remapping(out var table);
        Assert.That(Raise(test, InterruptEntry.RequestAddress(5)), Is.EqualTo((0x55u, FaultReason.None)));
        var other = RoutingId.Of(3, 0, 1);
        Assert.That(Raise(test, InterruptEntry.RequestAddress(5), other).Reason, Is.EqualTo(FaultReason.InterruptSourceBlocked));
        Assert.That(test.Unit.Read(VtdRegister.FaultRecording, 8), Is.EqualTo(5ul << 48));
        Assert.That(Raise(test, InterruptEntry.RequestAddress(3) | InterruptEntry.SubhandleValid, data: 2).Data, Is.EqualTo(0x55));
        Assert.That(Raise(test, InterruptEntry.RequestAddress(6)).Reason, Is.EqualTo(FaultReason.InterruptEntryNotPresent));
        Assert.That(Raise(test, InterruptEntry.RequestAddress(16)).Reason, Is.EqualTo(FaultReason.InterruptIndexOutOfRange));
        Assert.That(Raise(test, 0xFEE0_0000).Reason, Is.EqualTo(FaultReason.InterruptFormatBlocked));
        test.Write(table + 7 * 16, 0x1001);
        Assert.That(Raise(test, InterruptEntry.RequestAddress(7)).Reason, Is.EqualTo(FaultReason.InterruptEntryReserved));
        Assert.That(Raise(test, InterruptEntry.RequestAddress(5) | 1).Reason, Is.EqualTo(FaultReason.InterruptRequestReserved));
        test.Command(GlobalBits.CompatibilityFormat);
        Assert.That(Raise(test, 0xFEE0_0000, data: 0x61).Data, Is.EqualTo(0x61));
    });

    [Test]
    public void An_interrupt_entry_is_cached_until_it_is_invalidated()
    {
        var test = Remapping(out var table);
        Raise(test, InterruptEntry.RequestAddress(5));
        test.Write(table + 5 * 16, 0);
        Assert.That(Raise(test, InterruptEntry.RequestAddress(5)).Reason, Is.EqualTo(FaultReason.None), "stale");
        test.Invalidate((4 | 1 << 4 | 5ul << 32, 0));
        test.Sim.Run();
        Assert.That(Raise(test, InterruptEntry.RequestAddress(5)).Reason, Is.EqualTo(FaultReason.InterruptEntryNotPresent));
    }

    private static TestUnit Remapping(out ulong table)
    {
        var test = new TestUnit();
        table = 0x14_0000;
        var (low, high) = InterruptEntry.For(0x55, 0, TestUnit.Device.Value);
        test.Write(table + 5 * 16, low);
        test.Write(table + 5 * 16 + 8, high);
        test.Unit.Write(VtdRegister.InterruptTableAddress, table | 3, 8);
        test.Command(GlobalBits.InterruptTable);
        test.Command(GlobalBits.InterruptRemapping);
        return test;
    }

    private static (uint Data, FaultReason Reason) Raise(TestUnit test, ulong address, RoutingId? requester = null, uint data = 0)
    {
        var before = test.Unit.Faults.Count;
        var translation = test.Translate(address, MemoryAccess.Write, requester, data: data);
        return (translation.Data, test.Unit.Faults.Count == before ? FaultReason.None : test.Unit.Faults.Records[^1].Reason);
    }
}
