using System.Text.RegularExpressions;

namespace Scenarios.Tests.Shipped;

/// <summary>Ten ways to break the main script, through the program's own entry point: one line, exit code 2, and nothing written.</summary>
internal sealed class BrokenInputTests
{
    private static readonly object[] Edits =
    [
        new object[] { "an unknown key", "stop: before-device", "stops: before-device", "unknown key 'vcpus_stops'" },
        new object[] { "a wrong unit", "every: 2500ns", "every: 2500nz", "expected a time with its unit" },
        new object[] { "a dangling device name", "of: nic.vf0 }", "of: nick.vf0 }", "no device is called 'nick' (did you mean 'nic'?)" },
        new object[] { "an impossible topology", "at: sw0.p0, link: gen4 x16, vfs: 2 }",
            "at: sw0.p0, link: gen4 x16, vfs: 2 }\n    other: { model: plain, at: sw0.p0, link: gen4 x16 }", "impossible topology" },
        new object[] { "a duplicate", "seed: 1\n", "seed: 1\nseed: 2\n", "duplicate 'seed', first written on line" },
        new object[] { "a matrix value of the wrong type", "zap: { kernel: { revoke: zap } }", "zap: [ revoke ]", "expected" },
        new object[] { "a cyclic topology", "sw0: { at: rp0,", "sw0: { at: sw0.p1,", "cyclic topology: sw0 -> sw0" },
    ];

    private DirectoryInfo _folder = null!;

    [SetUp]
    public void SetUp() => _folder = Directory.CreateTempSubdirectory("pciesim-");

    [TearDown]
    public void TearDown() => _folder.Delete(recursive: true);

    [TestCaseSource(nameof(Edits))]
    public void A_damaged_text_is_told_with_its_place(string what, string old, string fresh, string expected)
    {
        var text = File.ReadAllText(Simulated.PathOf("mmio-to-stopped-vf"));
        Assert.That(text, Does.Contain(old), what);
        var index = text.IndexOf(old, StringComparison.Ordinal);
        Check(Written(text.Remove(index, old.Length).Insert(index, fresh)), expected);
    }

    [Test]
    public void A_binary_file_is_told_with_its_place() => Check(Written("title: \0\u0001\u0002"), "byte 0x00 is not text");

    [Test]
    public void An_empty_file_is_told_with_its_place() => Check(Written(""), "the script is empty");

    [Test]
    public void An_unreadable_file_is_told_with_its_place()
    {
        Check(_folder.FullName, "this is a folder");
        Check(Path.Combine(_folder.FullName, "none.yaml"), "there is no such file");
    }

    private string Written(string text)
    {
        var path = Path.Combine(_folder.FullName, "x.yaml");
        File.WriteAllText(path, text);
        return path;
    }

    private void Check(string script, string expected)
    {
        var before = Everything();
        var (code, output, error) = Program("run", script, "--out", Path.Combine(_folder.FullName, "out"));
        Assert.That((code, output), Is.EqualTo((2, "")), error);
        Assert.That(error.TrimEnd(), Does.Match($@"^{Regex.Escape(script)}:\d+:\d+: [^\n]+; expected [^\n]+$").And.Contain(expected));
        Assert.That(Everything(), Is.EqualTo(before), "nothing is written");
    }

    private string[] Everything() => [.. Directory.EnumerateFileSystemEntries(_folder.FullName, "*", SearchOption.AllDirectories)];

    /// <summary>The entry point itself, with the console's streams replaced.</summary>
    private static (int Code, string Output, string Error) Program(params string[] args)
    {
        var (output, error) = (Console.Out, Console.Error);
        var (written, complained) = (new StringWriter(), new StringWriter());
        try
        {
            Console.SetOut(written);
            Console.SetError(complained);
            var code = (int)typeof(Cli.PciesimProgram).Assembly.EntryPoint!.Invoke(null, [args])!;
            return (code, written.ToString(), complained.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
    }
}
