using NUnit.Framework;

namespace Sim.Iommu.Tests;

public sealed class IoPageTableTests
{
    [TestCase(0x1001ul, 0x2000ul, 0x1000ul)]
    [TestCase(0x1000ul, 0x2010ul, 0x1000ul)]
    [TestCase(0x1000ul, 0x2000ul, 0x800ul)]
    [TestCase(0x1000ul, 0x2000ul, 0ul)]
    public void A_mapping_is_whole_pages(ulong iova, ulong address, ulong bytes) =>
        Assert.That(() => new IoPageTable().Map(iova, address, bytes, IoPermissions.Read), Throws.ArgumentException);

    [Test]
    public void A_mapping_permits_something() =>
        Assert.That(() => new IoPageTable().Map(0, 0, 0x1000, IoPermissions.None), Throws.ArgumentException);

    [Test]
    public void An_overlap_is_refused_as_a_whole()
    {
        var pages = new IoPageTable();
        pages.Map(0x3000, 0x1000, 0x1000, IoPermissions.Read);
        Assert.That(() => pages.Map(0x1000, 0x8000, 0x4000, IoPermissions.Read), Throws.ArgumentException.With.Message.Contains("3000"));
        Assert.That(pages.MappedPages, Is.EqualTo(1));
    }

    [Test]
    public void Random_maps_and_unmaps_agree_with_a_plain_list_of_pages()
    {
        const int seed = 7;
        var random = new Random(seed);
        var pages = new IoPageTable();
        var model = new Dictionary<ulong, ulong>();
        for (var step = 0; step < 2_000; step++)
        {
            var iova = (ulong)random.Next(64) << 12;
            if (random.Next(2) == 0 && !model.ContainsKey(iova))
            {
                model[iova] = (ulong)random.Next(1, 1 << 20) << 12;
                pages.Map(iova, model[iova], 4096, IoPermissions.Read);
            }
            else
            {
                Assert.That(pages.Unmap(iova, 4096), Is.EqualTo(model.Remove(iova) ? 1 : 0), $"seed {seed}, step {step}");
            }

            var probe = (ulong)random.Next(64) << 12 | (uint)random.Next(4096);
            var reason = pages.Translate(probe, isWrite: false, out var address);
            var expected = model.TryGetValue(probe & ~0xFFFul, out var page) ? page | (probe & 0xFFF) : (ulong?)null;
            Assert.That(reason == FaultReason.None ? address : (ulong?)null, Is.EqualTo(expected), $"seed {seed}, step {step}");
        }
    }
}
