using NUnit.Framework;
using Sim.Vfio.Migration;

namespace Sim.Vfio.Tests.Migration;

public sealed class DirtyLogTests
{
    private readonly FakeLog _driver = new();

    [TestCase(Errno.EINVAL, 4096ul)]
    [TestCase(Errno.EINVAL, 4096ul, 0x1000ul, 0x1800ul)]
    [TestCase(Errno.EINVAL, 4096ul, 0x800ul, 0x1000ul)]
    [TestCase(Errno.EINVAL, 4096ul, 0x1000ul, 0x2000ul, 0x2000ul, 0x1000ul)]
    [TestCase(Errno.EOVERFLOW, 4096ul, 0xFFFF_FFFF_FFFF_F000ul, 0x2000ul)]
    [TestCase(Errno.None, 4096ul, 0x1000ul, 0x1000ul, 0x2000ul, 0x1000ul)]
    public void Start_checks_its_ranges_before_the_driver_sees_them(Errno expected, ulong page, params ulong[] pairs)
    {
        var ranges = pairs.Chunk(2).Select(p => new IovaRange(p[0], p[1])).ToList();
        Assert.That(new VfioDirtyLog(_driver).StartAsync(ranges, page).Result.Error, Is.EqualTo(expected));
        Assert.That(_driver.Started, Is.EqualTo(expected == Errno.None));
    }

    [TestCase(256, Errno.None)]
    [TestCase(257, Errno.E2BIG)]
    public void Start_takes_what_fits_into_a_page_of_the_kernel(int count, Errno expected)
    {
        var ranges = Enumerable.Range(0, count).Select(i => new IovaRange((ulong)i * 0x2000, 0x1000)).ToList();
        Assert.That(new VfioDirtyLog(_driver).StartAsync(ranges, 4096).Result.Error, Is.EqualTo(expected));
    }

    [TestCase(2048ul, Errno.EINVAL)]
    [TestCase(4096ul, Errno.None)]
    [TestCase(12288ul, Errno.EINVAL)]
    [TestCase(65536ul, Errno.None)]
    public void Report_takes_powers_of_two_from_4_KiB(ulong page, Errno expected) =>
        Assert.That(new VfioDirtyLog(_driver).ReportAsync(new(0, 0x10_0000), page).Result.Error, Is.EqualTo(expected));

    [Test]
    public void Without_a_log_every_call_is_ENOTTY() => Assert.Multiple(() =>
    {
        var log = new VfioDirtyLog(null);
        Assert.That(log.StartAsync([new(0, 4096)], 4096).Result.Error, Is.EqualTo(Errno.ENOTTY));
        Assert.That(log.StopAsync().Result, Is.EqualTo(Errno.ENOTTY));
        Assert.That(log.ReportAsync(new(0, 4096), 4096).Result.Error, Is.EqualTo(Errno.ENOTTY));
    });

    [TestCase(0x1000ul, 1ul, new[] { 0x1000ul })]
    [TestCase(0x1FFFul, 2ul, new[] { 0x1000ul, 0x2000ul })]
    [TestCase(0x0ul, 0x1000ul, new ulong[0])]
    [TestCase(0x4000ul, 0x9000ul, new[] { 0x4000ul })]
    public void A_bitmap_marks_the_pages_a_write_touches_inside_its_range(ulong iova, ulong length, ulong[] pages)
    {
        var bitmap = new DirtyBitmap(new(0x1000, 0x4000), 4096);
        bitmap.Set(iova, length);
        Assert.That(bitmap.Pages(), Is.EqualTo(pages));
        Assert.That(bitmap.Count, Is.EqualTo(pages.Length));
        Assert.That(pages.All(p => bitmap[p]), Is.True);
    }

    private sealed class FakeLog : IDirtyLogDriver
    {
        public bool Started { get; private set; }

        public Task<(Errno Error, ulong PageBytes)> StartLogAsync(IReadOnlyList<IovaRange> ranges, ulong pageBytes)
        {
            Started = true;
            return Task.FromResult((Errno.None, pageBytes));
        }

        public Task<Errno> StopLogAsync() => Task.FromResult(Errno.None);

        public Task<Errno> ReadAndClearLogAsync(DirtyBitmap dirty) => Task.FromResult(Errno.None);
    }
}
