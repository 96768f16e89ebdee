using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sim.Pcie.Spec;

namespace Scenarios.Tests.Machines;

/// <summary>Dumps that cannot be true give one line with the place of the byte that gives them away.</summary>
internal sealed class BrokenDumpTests
{
    private const string Switch = "qemu-switch-sriov.txt";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private DirectoryInfo _folder = null!;

    [SetUp]
    public void SetUp() => _folder = Directory.CreateTempSubdirectory("pciesim-");

    [TearDown]
    public void TearDown() => _folder.Delete(recursive: true);

    [Test]
    public void A_loop_in_the_capability_list_is_found()
    {
        var first = Tests.Dumps.Byte(Text(), "00:02.0", 0x34);
        var second = Tests.Dumps.Byte(Text(), "00:02.0", first + 1);
        var looped = Tests.Dumps.Set(Text(), "00:02.0", second + 1, first);
        AssertRefused(looped, "00:02.0", second + 1, $"the capability list of 0000:00:02.0 is a loop: {second + 1:x2}h leads back to the "
            + $"capability at {first:x2}h; expected 00h");
    }

    [Test]
    public void A_loop_in_the_extended_capability_list_is_found()
    {
        var acs = Tests.Dumps.Extended(Text(), "00:02.0", ExtendedCapabilityId.AccessControlServices);
        var looped = Tests.Dumps.Set(Tests.Dumps.Set(Text(), "00:02.0", acs + 3, 0x10), "00:02.0", acs + 2, 0x01);
        AssertRefused(looped, "00:02.0", acs + 2, "leads back to the extended capability at 100h; expected 000h");
    }

    [Test]
    public void Bridges_side_by_side_that_claim_the_same_addresses_are_found()
    {
        var dump = Text();
        foreach (var at in (int[])[0x20, 0x21, 0x22, 0x23])
            dump = Tests.Dumps.Set(dump, "00:02.1", at, Tests.Dumps.Byte(dump, "00:02.0", at));
        AssertRefused(dump, "00:02.1", 0x20, "0000:00:02.1 claims memory ", " of 0000:00:02.0; expected windows of bridges on one bus");
    }

    [Test]
    public void Bridges_side_by_side_that_claim_the_same_buses_are_found()
    {
        var dump = Tests.Dumps.Set(Text(), "00:02.1", 0x19, 3);
        AssertRefused(dump, "00:02.1", 0x19, "0000:00:02.1 claims buses 03-05, which overlaps 01-04 of 0000:00:02.0; expected");
    }

    [TestCase("truncated in a Function", "ends after")]
    [TestCase("truncated in a row", "the row ends after")]
    [TestCase("wrong hexadecimal digit", "is no byte; expected two hexadecimal digits")]
    [TestCase("a Function twice", "stands twice, first on line 1")]
    [TestCase("a row twice", "does not follow")]
    [TestCase("no dump", "there is no Function in this text")]
    public void Texts_that_are_no_dump_are_refused(string what, string expected)
    {
        var text = Text();
        text = what switch
        {
            "truncated in a Function" => text[..text.IndexOf("\n2c0:", StringComparison.Ordinal)],
            "truncated in a row" => text[..(text.IndexOf("\n2c0:", StringComparison.Ordinal) + 20)],
            "wrong hexadecimal digit" => text.Replace("\n2c0: 00", "\n2c0: 0o", StringComparison.Ordinal),
            "a Function twice" => text + text,
            "a row twice" => text.Replace("\n2c0: ", "\n2b0: ", StringComparison.Ordinal),
            _ => "It was a dark and stormy night.\n",
        };
        var error = Refused(text);
        Assert.That(error, Does.Match("^[^:]+:[0-9]+:[0-9]+: ").And.Contain(expected).And.Contain("; expected "));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Fifty_megabytes_are_refused_in_one_line_and_soon(bool rows)
    {
        var line = rows ? "00: 86 80 7a 34 06 01 10 00 00 00 04 06 00 00 01 00\n" : "lorem ipsum dolor sit amet consectetur adipiscing\n";
        var text = new StringBuilder(rows ? "00:00.0 0600: 8086:29c0\n" : "", 51 << 20);
        while (text.Length < 50 << 20) text.Append(line);
        var watch = Stopwatch.StartNew();
        Assert.That(Refused(text.ToString()), Does.Contain(rows ? ":3:1: row 00 does not follow" : ":1:1: there is no Function"));
        Assert.That(watch.Elapsed, Is.LessThan(Patience));
    }

    private static string Text() => Tests.Dumps.Committed(Switch);

    private void AssertRefused(string dump, string function, int offset, params string[] expected)
    {
        var (line, column) = Tests.Dumps.PlaceOf(dump, function, offset);
        var error = Refused(dump);
        var place = string.Create(CultureInfo.InvariantCulture, $"{line}:{column}");
        Assert.That(error, Does.StartWith($"{Path.Combine(_folder.FullName, "x.txt")}:{place}: "));
        foreach (var text in expected) Assert.That(error, Does.Contain(text));
    }

    private string Refused(string dump)
    {
        var path = Path.Combine(_folder.FullName, "x.txt");
        File.WriteAllText(path, dump);
        return Pciesim.Refused("topology", path);
    }
}
