using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Tests.Shipped;

namespace Scenarios.Tests;

/// <summary>Errors that a script injects, broken at one place: a line says file, line, column, what was wrong and what was
/// expected.</summary>
internal sealed class BrokenErrorEntriesTests
{
    private const string Inject = "containment-at-root-or-switch";
    private const string Fault = "link-faults-and-what-they-report";

    private string _folder = "";

    [SetUp]
    public void SetUp() => _folder = Directory.CreateTempSubdirectory("pciesim-").FullName;

    [TearDown]
    public void TearDown() => Directory.Delete(_folder, recursive: true);

    [TestCase(Inject, "on: nic,", "on: nik,", "x.yaml:{0}:33: no component is called 'nik' (did you mean 'nic'?)")]
    [TestCase(Inject, "error: malformed-tlp", "error: malformed-tpl",
        "x.yaml:{0}:45: no error is called 'malformed-tpl' (did you mean 'malformed-tlp'?)")]
    [TestCase(Inject, "error: malformed-tlp", "error: malformed-tlp, header: 40000001 f",
        "x.yaml:{0}:68: '40000001 f' is no TLP header; expected 3 or 4 DWs")]
    [TestCase(Inject, "do: inject, on: nic, error", "do: inject, error",
        "x.yaml:{0}:5: an entry of 'timeline' says no 'on'; expected 'on: a name'")]
    [TestCase(Fault, "on: rp0, fault: bad-tlp", "on: nic, fault: bad-tlp", "x.yaml:{0}:36: no port is called 'nic'; expected one of rp0")]
    [TestCase(Fault, "fault: bad-tlp, towards: device }\n  -", "fault: bad-tpl, towards: device }\n  -",
        "x.yaml:{0}:48: 'fault' is 'bad-tpl' (did you mean 'bad-tlp'?)")]
    [TestCase(Fault, "towards: device }\n  -", "towards: host }\n  -",
        "x.yaml:{0}:66: 'towards' is 'host' (did you mean 'root'?); expected one of device, root")]
    public void An_entry_is_named_where_it_is_wrong(string script, string old, string broken, string complaint)
    {
        var text = File.ReadAllText(Simulated.PathOf(script));
        Assert.That(text, Does.Contain(old));
        var at = text.IndexOf(old, StringComparison.Ordinal);
        var errors = Errors("x.yaml", text[..at] + broken + text[(at + old.Length)..]);
        var line = text[..at].Count(c => c == '\n') + 1;
        Assert.That(errors, Has.Some.StartsWith(string.Format(System.Globalization.CultureInfo.InvariantCulture, complaint, line)));
        Assert.That(errors, Has.All.Contains("; expected "));
    }

    [TestCase("AER BUS 256", "bad.aer:1:9: '256' is no number for BUS; expected a number from 0 to 255")]
    [TestCase("# nothing\n", "bad.aer:1:1: there is no error in this file; expected AER")]
    [TestCase("AER PCI_ID 1:0.0\nUNCOR_STATUS COMP_ABBORT",
        "bad.aer:2:14: 'COMP_ABBORT' is no error of this kind; expected a number or one of DLP,")]
    [TestCase("AER PCI_ID 1:0.0\nUNCOR_STATUS DLP\nHEADER_LOG 1 2 3", "bad.aer:3:1: HEADER_LOG ends the file; expected a number behind it")]
    public void An_aer_inject_file_is_complained_of_in_its_own_lines(string content, string complaint)
    {
        File.WriteAllText(Path.Combine(_folder, "bad.aer"), content);
        var errors = Errors(Path.Combine(_folder, "x.yaml"), Script("file: bad.aer"));
        Assert.That(errors, Has.Some.StartsWith(Path.Combine(_folder, complaint)));
    }

    [TestCase("file: none.aer", "'none.aer': there is no such file; expected an aer-inject file")]
    [TestCase("file: .", "'.': this is a folder; expected an aer-inject file")]
    [TestCase("text: AER BUS 1, file: a.aer", "this entry says both 'text' and 'file', or neither; expected one of them")]
    [TestCase("times: 2", "this entry says both 'text' and 'file', or neither; expected one of them")]
    [TestCase("text: AER BUS 1 FN 8", "line 1, column 14 of the aer-inject text: '8' is no number for FN; expected a number from 0 to 7")]
    public void The_entry_itself_is_complained_of_in_the_script(string keys, string complaint)
    {
        var errors = Errors(Path.Combine(_folder, "x.yaml"), Script(keys));
        Assert.That(errors.Single(), Does.StartWith(Path.Combine(_folder, "x.yaml:6:")).And.Contains(complaint));
    }

    [TestCase("file: bus9.aer", "bus9.aer:2:1: no Function is at 09:00.0; expected one of 00:01.0 (rp0), 01:00.0 (nic)")]
    [TestCase("text: AER BUS 9 UNCOR_STATUS DLP", "x.yaml:6:38: line 1 of the aer-inject text: no Function is at 09:00.0; expected one of")]
    public void A_Function_that_the_machine_does_not_have_is_exit_code_2(string keys, string complaint)
    {
        File.WriteAllText(Path.Combine(_folder, "bus9.aer"), "# the bus that is not there\nAER BUS 9 UNCOR_STATUS DLP\n");
        var script = Path.Combine(_folder, "x.yaml");
        File.WriteAllText(script, Script(keys));
        var (code, output, error) = Pciesim.Run("run", script, "--out", Path.Combine(_folder, "out"));
        Assert.That((code, output), Is.EqualTo((2, "")));
        Assert.That(error, Does.StartWith(Path.Combine(_folder, complaint)));
    }

    [Test]
    public void A_file_is_found_from_the_script_s_folder_whatever_the_present_one()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "deep"));
        File.WriteAllText(Path.Combine(_folder, "one.aer"), "AER BUS 1 COR_STATUS RCVR");
        var script = Path.Combine(_folder, "deep", "x.yaml");
        File.WriteAllText(script, Script("file: ../one.aer"));
        var result = Simulated.Run(ScriptReader.ReadFile(script)).Variants.Single().Result;
        Assert.That(result.Chains.Single().Title, Is.EqualTo("nic detected Receiver Error"));
    }

    private static string Script(string keys) => $$"""
        title: A small script
        topology:
          root_ports: { rp0: { link: gen4 x16 } }
          devices: { nic: { model: plain, at: rp0, link: gen4 x8 } }
        timeline:
          - { at: 1us, do: aer-inject, {{keys}} }
        expect:
          - host: logged
        """;

    private static IReadOnlyList<string> Errors(string file, string text) =>
        [.. Assert.Throws<ScriptException>(() => ScriptReader.Read(file, text))!.Errors.Select(e => e.ToString())];
}
