using NUnit.Framework;
using Sim.Iommu.Vtd;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Iommu.Tests;

/// <summary>What is cached, for how long, what it costs, and what invalidates it.</summary>
public sealed class CacheTests
{
    private const ulong Global = 1 << 4;
    private const ulong ByDomain = 2 << 4;
    private const ulong ByPage = 3 << 4;

    [Test]
    public void A_walk_costs_its_entries_and_caches_shorten_the_next_one()
    {
        var test = new TestUnit();
        for (ulong page = 0; page < 4; page++) test.Map(page << 12, 0x5000_0003 + (page << 12));
        test.Map(0x20_0000, 0x6000_0003);
        Assert.That(Cost(test, 0x0), Is.EqualTo(20 + 175 + 6 * 100), "root, context, four levels");
        Assert.That(Cost(test, 0x1000), Is.EqualTo(20 + 175 + 100), "the paging-structure cache knows the last table");
        Assert.That(Cost(test, 0x20_0000), Is.EqualTo(20 + 175 + 2 * 100), "and the one above");
        Assert.That(Cost(test, 0x1000), Is.Zero, "a hit is answered at once");
        Assert.That(test.Translate(0x1000).Latency, Is.EqualTo(test.Unit.Options.HitLatency));
    }

    [Test]
    public void Without_paging_structure_caches_every_walk_begins_at_the_top()
    {
        var test = new TestUnit(new VtdOptions { StructureCacheEntries = 0 });
        test.Map(0x0, 0x5000_0003);
        test.Map(0x1000, 0x5000_1003);
        test.Translate(0x0);
        Assert.That(Cost(test, 0x1000), Is.EqualTo(20 + 175 + 4 * 100));
    }

    [Test]
    public void So_many_walks_run_at_once_and_the_others_follow_in_order()
    {
        var test = new TestUnit(new VtdOptions { Walkers = 2 });
        for (ulong page = 0; page < 6; page++) test.Map(page << 12, 0x5000_0003 + (page << 12));
        test.Translate(0x5000);
        var begun = Now(test);
        var slots = Enumerable.Range(0, 5).Select(page => test.Ask((ulong)page << 12)).ToList();
        test.Sim.Run();
        Assert.That(slots.Select(s => test.AnsweredAt(s) - begun), Is.EqualTo(new long?[] { 295, 295, 590, 590, 885 }));
        Assert.That(test.Unit.Statistics.MostWalks, Is.EqualTo(2));
    }

    [TestCase(true, 1, 295)]
    [TestCase(false, 2, 295)]
    public void Misses_of_one_page_share_a_walk_if_the_option_says_so(bool coalesces, int walks, long lastAnswer)
    {
        var test = new TestUnit(new VtdOptions { CoalescesMisses = coalesces });
        test.Map(0x0, 0x5000_0003);
        test.Map(0x1000, 0x5000_1003);
        test.Translate(0x1000);
        var (begun, before) = (Now(test), test.Unit.Statistics.Walks);
        var slots = new[] { test.Ask(0x10), test.Ask(0x20) };
        test.Sim.Run();
        Assert.That(test.Unit.Statistics.Walks - before, Is.EqualTo(walks));
        Assert.That(test.AnsweredAt(slots[1]) - begun, Is.EqualTo(lastAnswer));
        Assert.That(test.Answer(slots[1]).Address, Is.EqualTo(0x5000_0020));
    }

    [TestCase(ReplacementPolicy.LeastRecentlyUsed, 0x2000ul, true)]
    [TestCase(ReplacementPolicy.FirstInFirstOut, 0x0ul, true)]
    public void The_IOTLB_gives_up_what_its_policy_says(ReplacementPolicy policy, ulong goes, bool others)
    {
        // Two ways: pages 0, 2, 4 share a set of two sets.
        var test = new TestUnit(new VtdOptions { IotlbEntries = 4, IotlbWays = 2, IotlbReplacement = policy });
        foreach (var page in (ulong[])[0, 2, 4, 1]) test.Map(page << 12, 0x5000_0003 + (page << 12));
        foreach (var page in (ulong[])[0, 2, 1, 0, 4]) test.Translate(page << 12);
        foreach (var page in (ulong[])[0x0, 0x2000, 0x1000])
            if (page != goes) Assert.That(Cost(test, page) == 0, Is.EqualTo(others), $"{page:x}");
        Assert.That(Cost(test, goes), Is.Positive);
    }

    [Test]
    public void A_large_page_takes_one_entry()
    {
        var test = new TestUnit();
        test.Map(0x4000_0000, 0x4000_0000 | PagingEntry.Large | 3, at: 2);
        test.Translate(0x4000_0000);
        for (ulong page = 1; page < 512; page++) Assert.That(Cost(test, 0x4000_0000 + (page << 12)), Is.Zero);
    }

    [Test]
    public void An_unmap_without_invalidation_goes_unnoticed_and_a_new_permission_does_not()
    {
        var test = new TestUnit();
        test.Map(0x1000, 0x5000_0000 | PagingEntry.Read);
        test.Translate(0x1000);
        test.Map(0x1000, 0x5000_0003);
        Assert.That(test.Translate(0x1000, MemoryAccess.Write).Permitted, Is.True, "a refusal out of the cache is looked up again");
        test.Map(0x1000, 0);
        Assert.That(test.Translate(0x1000, MemoryAccess.Write).Address, Is.EqualTo(0x5000_0000), "stale");
        test.Invalidate((2 | ByPage | (ulong)TestUnit.Domain << 16, 0x1000));
        test.Sim.Run();
        Assert.That(test.Translate(0x1000).Permitted, Is.False);
    }

    [Test]
    public void Invalidations_take_what_they_name_and_leave_the_rest() => Assert.Multiple(() =>
    {
        Assert.That(Survivors((2 | Global, 0)), Is.Empty);
        Assert.That(Survivors((2 | ByDomain | (ulong)TestUnit.Domain << 16, 0)), Is.Empty);
        Assert.That(Survivors((2 | ByDomain | 99 << 16, 0)), Is.EqualTo(new ulong[] { 0x0, 0x1000, 0x2000, 0x4000_3000 }));
        Assert.That(Survivors((2 | ByPage | (ulong)TestUnit.Domain << 16, 0x1000)), Is.EqualTo(new ulong[] { 0x0, 0x2000, 0x4000_3000 }));
        Assert.That(Survivors((2 | ByPage | (ulong)TestUnit.Domain << 16, 0x0 | 1)), Is.EqualTo(new ulong[] { 0x2000, 0x4000_3000 }));
        Assert.That(Survivors((2 | ByPage | (ulong)TestUnit.Domain << 16, 0x4000_0000)), Is.EqualTo(new ulong[] { 0x0, 0x1000, 0x2000 }),
            "a page of 2 MiB goes with any of its parts");
    });

    [Test]
    public void A_context_entry_is_cached_until_it_is_invalidated()
    {
        var test = new TestUnit();
        test.Map(0x1000, 0x5000_0003);
        test.Translate(0x1000);
        test.Write(TestUnit.ContextTable, 0);
        Assert.That(test.Translate(0x1000).Permitted, Is.True, "stale");
        test.Invalidate((1 | 3 << 4 | (ulong)TestUnit.Device.Value << 32, 0));
        test.Sim.Run();
        Assert.That(test.Translate(0x1000).Permitted, Is.False);
        Assert.That(test.Unit.Faults.Records[0].Reason, Is.EqualTo(FaultReason.ContextEntryNotPresent));
    }

    [Test]
    public void An_invalidation_waits_for_walks_under_way_and_they_fill_nothing()
    {
        var test = new TestUnit();
        test.Map(0x1000, 0x5000_0003);
        var begun = test.Ask(0x1000);
        test.Sim.RunUntil(test.Sim.Now + Sim.Core.SimDuration.FromNanoseconds(100));
        test.Invalidate((2 | Global, 0));
        test.Sim.RunUntil(test.Sim.Now + Sim.Core.SimDuration.FromNanoseconds(600));
        Assert.That(test.Read(TestUnit.Status), Is.Zero, "the walk still runs");
        test.Sim.Run();
        Assert.That(test.Read(TestUnit.Status), Is.EqualTo(1));
        Assert.That(test.Answer(begun).Permitted, Is.True);
        Assert.That(Cost(test, 0x1000), Is.Positive, "its translation was not cached");
    }

    [Test]
    public void Registers_invalidate_as_the_queue_does()
    {
        var test = new TestUnit();
        test.Map(0x1000, 0x5000_0003);
        test.Translate(0x1000);
        test.Map(0x1000, 0);
        test.Unit.Write(VtdRegister.InvalidateAddress, 0x1000, 8);
        test.Unit.Write(VtdRegister.IotlbInvalidate, 1ul << 63 | 3ul << 60 | (ulong)TestUnit.Domain << 32, 8);
        Assert.That(test.Unit.Read(VtdRegister.IotlbInvalidate, 8), Is.EqualTo(3ul << 60 | 3ul << 57 | (ulong)TestUnit.Domain << 32));
        Assert.That(test.Translate(0x1000).Permitted, Is.False);
        test.Write(TestUnit.ContextTable, 0);
        test.Unit.Write(VtdRegister.ContextCommand, 1ul << 63 | 1ul << 61, 8);
        Assert.That(test.Translate(0x1000).Permitted, Is.False);
        Assert.That(test.Unit.Faults.Records[^1].Reason, Is.EqualTo(FaultReason.ContextEntryNotPresent));
    }

    [Test]
    public void A_descriptor_that_makes_no_sense_stops_the_queue_until_software_clears_the_error()
    {
        var test = new TestUnit();
        test.Invalidate((0xE, 0));
        test.Sim.Run();
        Assert.That(test.FaultStatus, Is.EqualTo(FaultStatusBits.QueueError));
        Assert.That(test.Read(TestUnit.Status), Is.Zero);
        test.Write(TestUnit.Queue, 2 | Global);
        test.Unit.Write(VtdRegister.FaultStatus, (uint)FaultStatusBits.QueueError, 4);
        test.Sim.Run();
        Assert.That(test.Read(TestUnit.Status), Is.EqualTo(1));
    }

    [Test]
    public void Translations_allocate_nothing_hit_or_miss()
    {
        var client = new Silent();
        var test = new TestUnit();
        for (ulong page = 0; page < 256; page++) test.Map(page << 12, 0x5000_0003 + (page << 12));
        void Round()
        {
            for (ulong page = 0; page < 256; page++)
            {
                var request = new TranslationRequest(TestUnit.Device, page << 12, 4, MemoryAccess.Write, AddressType.Untranslated, 0);
                for (var i = 0; i < 4; i++) test.Unit.Translate(in request, client, 0);
            }

            test.Sim.Run();
        }

        for (var i = 0; i < 20; i++) Round();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 20; i++) Round();
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private static IReadOnlyList<ulong> Survivors((ulong Low, ulong High) descriptor)
    {
        ulong[] pages = [0x0, 0x1000, 0x2000, 0x4000_3000];
        var test = new TestUnit();
        foreach (var page in pages.Take(3)) test.Map(page, 0x5000_0003 + page);
        test.Map(0x4000_0000, 0x4000_0000 | PagingEntry.Large | 3, at: 2);
        foreach (var page in pages) test.Translate(page);
        test.Invalidate(descriptor);
        test.Sim.Run();
        return [.. pages.Where(page => Cost(test, page) == 0)];
    }

    private static long Now(TestUnit test) => test.Sim.Now.Femtoseconds / 1_000_000;

    private static long Cost(TestUnit test, ulong iova)
    {
        var begun = Now(test);
        var slot = test.Ask(iova);
        test.Sim.Run();
        return test.AnsweredAt(slot)!.Value - begun;
    }

    private sealed class Silent : ITranslationClient
    {
        public void OnTranslated(int slot, in Translation translation)
        {
        }
    }
}
