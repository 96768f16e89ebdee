using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Tests.Shipped;

namespace Scenarios.Tests;

/// <summary>Address spaces, traffic and resets of a shipped script, broken at one place: a located line says what was expected.</summary>
internal sealed class BrokenSpacesTests
{
    [TestCase("of: [peer]", "of: [pear]", "x.yaml:18:24: no device is called 'pear' (did you mean 'peer'?)")]
    [TestCase("bar: nic.vf0", "bar: nic.vf7", "x.yaml:18:66: 'nic' has 1 VFs; expected nic.vf0 to nic.vf0")]
    [TestCase("iova: 0x2000000000", "iova: 0x2000000001", "x.yaml:18:47: 0x2000000001 is not at a page; expected a multiple of 4096")]
    [TestCase("kernel: type1", "kernel: type3", "x.yaml:27:40: 'kernel' is 'type3' (did you mean 'type1'?)")]
    [TestCase("pattern: write", "pattern: wrte", "x.yaml:21:81: 'pattern' is 'wrte' (did you mean 'write'?)")]
    [TestCase("do: reset, of: nic.vf0", "do: reset, of: nick.vf0", "x.yaml:22:32: no device is called 'nick' (did you mean 'nic'?)")]
    public void A_break_is_named_where_it_is(string old, string broken, string complaint)
    {
        var text = File.ReadAllText(Simulated.PathOf("peer-writes-race-reset"));
        Assert.That(text, Does.Contain(old));
        var errors = Assert.Throws<ScriptException>(() => ScriptReader.Read("x.yaml", text.Replace(old, broken)))!.Errors;
        Assert.That(errors.Select(e => e.ToString()), Has.Some.StartsWith(complaint));
    }
}
