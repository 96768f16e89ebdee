using System.IO.Compression;
using System.Text;
using Scenarios.Traces;

namespace Scenarios.Tests.Traces;

public class EventLogTests
{
    private const int Variants = 40;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pciesim-");

    private string Parts => Path.Combine(_folder.FullName, "parts");

    [OneTimeTearDown]
    public void Delete() => _folder.Delete(recursive: true);

    [Test]
    public void Parts_stand_in_the_order_of_the_variants_whichever_is_done_first([Values] bool large, [Values] bool compressed)
    {
        foreach (var order in (int[][])[[.. Numbers], [.. Numbers.Reverse()], [.. Numbers.OrderBy(n => n * 7 % Variants)]])
        {
            var path = PathOf(compressed);
            using (var log = new EventLog(path, Parts))
            {
                foreach (var number in order) log.Add(number, large, Writes($"{number}"));
                log.Finish(Numbers.Select(n => (n, Writes($"never {n}"))));
            }

            Assert.That(Read(path), Is.EqualTo(Text(Numbers)));
            Assert.That(Directory.Exists(Parts), Is.False, "nothing is left of the parts");
        }
    }

    [Test]
    public void Threads_may_add_parts_at_once()
    {
        var path = PathOf(compressed: false);
        using (var log = new EventLog(path, Parts))
        {
            Parallel.ForEach(Numbers, n => log.Add(n, n % 3 == 0, Writes($"{n}")));
            log.Finish(Numbers.Select(n => (n, Writes($"never {n}"))));
        }

        Assert.That(Read(path), Is.EqualTo(Text(Numbers)));
    }

    [Test]
    public void Of_a_variant_that_was_cut_off_the_end_decides_whether_its_part_counts()
    {
        foreach (var counts in (bool[])[true, false])
        {
            var path = PathOf(compressed: false);
            using (var log = new EventLog(path, Parts))
            {
                log.Add(0, false, Writes("0"));
                log.Keep(1, false, Writes("1"));
                log.Add(3, false, Writes("3"));
                int[] numbers = counts ? [0, 1, 2, 3] : [0, 2, 3];
                log.Finish(numbers.Select(n => (n, Writes($"{n}"))));
            }

            Assert.That(Read(path), Is.EqualTo(counts ? Text([0, 1, 2, 3]) : Text([0, 2, 3])), "2 left no part and is written at the end");
        }
    }

    private static IEnumerable<int> Numbers => Enumerable.Range(0, Variants);

    private static string Text(IEnumerable<int> numbers) => string.Concat(numbers.Select(n => Line($"{n}")));

    private static string Line(string word) => word + new string('x', 100_000) + "\n";

    private static Action<Stream> Writes(string word) => stream =>
    {
        foreach (var character in Encoding.UTF8.GetBytes(Line(word)).Chunk(1000)) stream.Write(character);
    };

    private string PathOf(bool compressed) => Path.Combine(_folder.FullName, compressed ? "log.gz" : "log");

    private static string Read(string path)
    {
        using Stream file = File.OpenRead(path);
        var compressed = path.EndsWith(".gz", StringComparison.Ordinal);
        using var reader = new StreamReader(compressed ? new GZipStream(file, CompressionMode.Decompress) : file);
        return reader.ReadToEnd();
    }
}
