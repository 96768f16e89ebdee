using NUnit.Framework;
using Sim.Iommu.Vtd;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Iommu.Tests;

/// <summary>Walks of tables in memory: addresses, permissions, reasons.</summary>
public sealed class TranslationTests
{
    private static readonly VtdOptions Narrow = new() { FourLevels = false, LargePages = false, GuestAddressWidth = 39 };

    [TestCase(3, 1, 0x12_3456_7ABCul, 0x4567_8000ul, 0x4567_8ABCul)]
    [TestCase(4, 1, 0x9_8765_4321ul, 0x4567_8000ul, 0x4567_8321ul)]
    [TestCase(4, 2, 0x9_8765_4321ul, 0x4560_0000ul, 0x4565_4321ul)]
    [TestCase(4, 3, 0xFFFF_8765_4321ul, 0x4000_0000ul, 0x4765_4321ul)]
    public void A_mapped_address_becomes_the_host_address_at_every_level_and_size(
        int levels, int at, ulong iova, ulong page, ulong expected)
    {
        var test = new TestUnit(levels: levels);
        test.Map(iova, page | (at > 1 ? PagingEntry.Large : 0) | 3, at);
        Assert.That(test.Translate(iova).Address, Is.EqualTo(expected));
        Assert.That(test.Translate(iova, MemoryAccess.Write).Address, Is.EqualTo(expected));
        Assert.That(test.Unit.Statistics.Walks, Is.EqualTo(1), "the second one hits");
        Assert.That(test.Unit.Faults.Count, Is.Zero);
    }

    [Test]
    public void Permissions_of_all_levels_count_and_the_reason_names_what_was_missing() => Assert.Multiple(() =>
    {
        var test = new TestUnit();
        test.Map(0x1000, 0x5000_0000 | PagingEntry.Read);
        test.Map(0x2000, 0x5000_1000 | PagingEntry.Write);
        test.Map(0x4000_0000, 0x5000_2000 | 3);
        var above = test.Map(0x4000_0000, 0, at: 2);
        test.Write(above, TestUnit.Tables + 0x8000 | PagingEntry.Read);
        test.Write(TestUnit.Tables + 0x8000, 0x5000_2000 | 3);
        Assert.That(Reason(test, 0x1000, MemoryAccess.Read), Is.EqualTo(FaultReason.None));
        Assert.That(Reason(test, 0x1000, MemoryAccess.Write), Is.EqualTo(FaultReason.WriteNotPermitted));
        Assert.That(Reason(test, 0x2000, MemoryAccess.Read), Is.EqualTo(FaultReason.ReadNotPermitted));
        Assert.That(Reason(test, 0x2000, MemoryAccess.ReadWrite), Is.EqualTo(FaultReason.ReadNotPermitted), "an AtomicOp needs both");
        Assert.That(Reason(test, 0x3000, MemoryAccess.Read), Is.EqualTo(FaultReason.ReadNotPermitted), "not mapped");
        Assert.That(Reason(test, 0x4000_0000, MemoryAccess.Read), Is.EqualTo(FaultReason.None));
        Assert.That(Reason(test, 0x4000_0000, MemoryAccess.Write), Is.EqualTo(FaultReason.WriteNotPermitted), "an upper level decides");
        Assert.That(test.Translate(0x2000, bytes: 0).Permitted, Is.True, "a zero-length read is content with write permission");
        Assert.That(Reason(test, 1ul << 48, MemoryAccess.Read), Is.EqualTo(FaultReason.AddressBeyondWidth));
    });

    [Test]
    public void Each_table_on_the_way_has_its_reasons() => Assert.Multiple(() =>
    {
        Assert.That(ReasonOf(t => t.Write(TestUnit.RootTable + 48, 0)), Is.EqualTo(FaultReason.RootEntryNotPresent));
        Assert.That(ReasonOf(t => t.Write(TestUnit.RootTable + 48, TestUnit.ContextTable | 3)), Is.EqualTo(FaultReason.RootEntryReserved));
        Assert.That(ReasonOf(t => t.Write(TestUnit.RootTable + 48, 0x10_0000_0001)), Is.EqualTo(FaultReason.ContextEntryInaccessible));
        Assert.That(ReasonOf(t => t.Write(TestUnit.ContextTable, 0)), Is.EqualTo(FaultReason.ContextEntryNotPresent));
        Assert.That(ReasonOf(t => t.Write(TestUnit.ContextTable, TestUnit.Tables | 0x11)), Is.EqualTo(FaultReason.ContextEntryReserved));
        Assert.That(ReasonOf(t => t.Write(TestUnit.ContextTable, TestUnit.Tables | 0xD)), Is.EqualTo(FaultReason.ContextEntryInvalid));
        Assert.That(ReasonOf(t => t.Write(TestUnit.ContextTable + 8, 0x703)), Is.EqualTo(FaultReason.ContextEntryInvalid), "5 levels");
        Assert.That(ReasonOf(t => t.Write(TestUnit.ContextTable, 0x10_0000_0001)), Is.EqualTo(FaultReason.ContextEntryInvalid));
        Assert.That(ReasonOf(t => t.Map(0x1000, 0x10_0000_0003, at: 2)), Is.EqualTo(FaultReason.PagingEntryInaccessible));
        Assert.That(ReasonOf(t => t.Map(0x1000, 0x5000_0803)), Is.EqualTo(FaultReason.PagingEntryReserved));
        Assert.That(ReasonOf(t => t.Map(0x1000, 0x5000_1083, at: 2)), Is.EqualTo(FaultReason.PagingEntryReserved), "a misaligned 2 MiB");
        Assert.That(ReasonOf(t => t.Map(0x1000, 0x5000_0083, at: 4)), Is.EqualTo(FaultReason.PagingEntryReserved), "no page of 512 GiB");
    });

    [Test]
    public void Scalable_mode_has_reasons_of_its_own() => Assert.Multiple(() =>
    {
        Assert.That(ReasonOf(t => t.Write(TestUnit.RootTable + 48, 0), true), Is.EqualTo(FaultReason.ScalableRootNotPresent));
        Assert.That(ReasonOf(t => t.Write(TestUnit.ContextTable, 0), true), Is.EqualTo(FaultReason.ScalableContextNotPresent));
        Assert.That(ReasonOf(t => t.Write(TestUnit.ContextTable + 8, 1 << 19), true), Is.EqualTo(FaultReason.ScalableContextInvalid));
        Assert.That(ReasonOf(t => t.Write(0x13_0000, 0), true), Is.EqualTo(FaultReason.PasidDirectoryNotPresent));
        Assert.That(ReasonOf(t => t.WritePasid(0), true), Is.EqualTo(FaultReason.PasidEntryNotPresent));
        Assert.That(ReasonOf(t => t.WritePasid(TestUnit.Tables | 0x49), true), Is.EqualTo(FaultReason.PasidEntryInvalid), "first-stage");
        Assert.That(ReasonOf(t => t.Map(0x1000, 0), true), Is.EqualTo(FaultReason.SecondStageNotPermitted));
        Assert.That(ReasonOf(t => t.Map(0x1000, 0xFEE0_0003), true), Is.EqualTo(FaultReason.TranslatedToInterruptRange));
    });

    [Test]
    public void Pass_through_leaves_addresses_unchanged_and_the_fourth_level_is_an_option()
    {
        var test = new TestUnit();
        test.WriteContext(ContextEntry.Legacy(TranslationType.PassThrough, 0, 4, 9));
        Assert.That(test.Translate(0xDEAD_B000, MemoryAccess.Write).Address, Is.EqualTo(0xDEAD_B000));
        var narrow = new TestUnit(Narrow, levels: 4);
        Assert.That(Reason(narrow, 0x1000, MemoryAccess.Read), Is.EqualTo(FaultReason.ContextEntryInvalid));
    }

    [Test]
    public void Until_translation_is_enabled_everything_passes()
    {
        var root = new RootComplex(new Sim.Core.Simulator());
        var request = new TranslationRequest(TestUnit.Device, 0x1234, 4, MemoryAccess.Write, AddressType.Untranslated, 0);
        Assert.That(new VtdUnit(root).Translate(in request, null!, 0), Is.EqualTo(Translation.To(0x1234)));
    }

    [TestCase(false, FaultReason.TranslationBlocked)]
    [TestCase(true, FaultReason.ScalableTranslationBlocked)]
    public void A_translated_request_is_blocked_because_nobody_may_use_ATS(bool scalable, FaultReason reason)
    {
        var test = new TestUnit(scalable: scalable);
        Assert.That(test.Translate(0x1000, at: AddressType.Translated).Permitted, Is.False);
        Assert.That(test.Unit.Faults.Records[0].Reason, Is.EqualTo(reason));
    }

    [Test]
    public void The_capability_registers_say_what_there_is() => Assert.Multiple(() =>
    {
        var wide = new TestUnit().Unit;
        Assert.That(wide.Read(VtdRegister.Capability, 8), Is.EqualTo(0x00D2_078C_226F_0606ul));
        Assert.That(wide.Read(VtdRegister.ExtendedCapability, 8), Is.EqualTo(0x0000_6800_00F0_0F4Bul));
        var narrow = new TestUnit(Narrow with { ScalableMode = false, FaultRecords = 1 }, levels: 3).Unit;
        Assert.That(narrow.Read(VtdRegister.Capability, 8), Is.EqualTo(0x00D2_0080_2266_0206ul));
        Assert.That(narrow.Read(VtdRegister.ExtendedCapability, 8), Is.EqualTo(0xF0_0F4Bul));
    });

    private static FaultReason ReasonOf(Action<TestUnit> damage, bool scalable = false)
    {
        var test = new TestUnit(scalable: scalable);
        test.Map(0x1000, 0x5000_0003);
        damage(test);
        return Reason(test, 0x1000, MemoryAccess.Read);
    }

    private static FaultReason Reason(TestUnit test, ulong iova, MemoryAccess access)
    {
        var before = test.Unit.Faults.Records.Count;
        var translation = test.Translate(iova, access);
        Assert.That(translation.Permitted, Is.EqualTo(test.Unit.Faults.Records.Count == before));
        return translation.Permitted ? FaultReason.None : test.Unit.Faults.Records[^1].Reason;
    }
}
