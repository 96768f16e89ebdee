namespace Scenarios.Tests;

/// <summary>Every way to break a script ends in a line with file, line, column, what was wrong and what was expected.</summary>
internal sealed class BrokenScriptTests
{
    private static readonly object[] Broken =
    [
        new object[] { "an unknown key", "devices:", "devcies:",
            "x.yaml:4:3: unknown key 'devcies' in 'topology' (did you mean 'devices'?)" },
        new object[] { "a wrong unit", "500ns", "500nz", "x.yaml:7:11: 'at' is '500nz'; expected a time like 30us" },
        new object[] { "a missing unit", "500ns", "500", "x.yaml:7:11: 'at' is '500'; expected a time like 30us" },
        new object[] { "a wrong link", "gen4 x8", "gen9 x8", "x.yaml:4:49: 'link' is 'gen9 x8'; expected a link like 'gen4 x16'" },
        new object[] { "a dangling device", "maps: nic.vf0", "maps: nik.vf0",
            "x.yaml:5:39: no device is called 'nik' (did you mean 'nic'?)" },
        new object[] { "a dangling VF", "maps: nic.vf0", "maps: nic.vf7", "x.yaml:5:39: 'nic' has 2 VFs; expected nic.vf0 to nic.vf1" },
        new object[] { "a dangling actor", "by: guest", "by: gest", "x.yaml:7:32: no actor is called 'gest' (did you mean 'guest'?)" },
        new object[] { "a dangling port", "at: rp0", "at: rp1", "x.yaml:4:38: no port is called 'rp1' (did you mean 'rp0'?)" },
        new object[] { "an unknown word", "model: mlx5", "model: mlx4", "x.yaml:4:28: 'model' is 'mlx4' (did you mean 'mlx5'?)" },
        new object[] { "an unknown action", "do: load", "do: laod", "x.yaml:7:22: unknown 'do: laod' (did you mean 'load'?)" },
        new object[] { "a duplicate", "title: A small script", "title: A\ntitle: B",
            "x.yaml:2:1: duplicate 'title', first written on line 1" },
        new object[] { "two plugs in one port", "devices: { ", "devices: { other: { model: plain, at: rp0, link: gen3 x4 }, ",
            "impossible topology: 'rp0' already holds 'other'; expected one plug to a port" },
        new object[] { "no Root Port", "{ rp0: { link: gen4 x16 } }", "{}", "x.yaml:3:15: impossible topology: there is no Root Port" },
        new object[] { "a device under a device", "devices: { ", "devices: { other: { model: plain, at: nic, link: gen3 x4 }, ",
            "impossible topology: 'other' is plugged into the device 'nic'; expected a port: rp0" },
        new object[] { "a name twice", "devices: { nic:", "devices: { rp0:", "duplicate 'rp0', first written on line 3" },
        new object[] { "a missing key", "title: A small script", "about: nothing",
            "x.yaml:1:1: the script says no 'title'; expected 'title: a text'" },
        new object[] { "a list in place of a mapping", "{ rp0: { link: gen4 x16 } }", "[ rp0 ]",
            "x.yaml:3:15: 'root_ports' is a list; expected a mapping of names" },
        new object[] { "a number out of range", "vfs: 2", "vfs: 1000", "x.yaml:4:63: 'vfs' is '1000'; expected 0 to 64" },
        new object[] { "text that is no YAML", "title: A small script", "title: [", "this is not YAML" },
        new object[] { "an alias", "title: A small script", "title: *a", "alias '*a'" },
        new object[] { "an expectation without a demand", "- host: intact", "- {}",
            "x.yaml:9:5: this expectation demands nothing, so it cannot fail" },
        new object[] { "an expectation of no axis", "- host: intact", "- { host: intact, where: { device: a } }",
            "x.yaml:9:30: no axis is called 'device'" },
        new object[] { "a point that never comes", "at: 500ns", "at: stopped + 1us", "nothing migrates, so 'stopped' never comes" },
        new object[] { "an unknown preset", "actors:", "platform: { errors: slient }\nactors:",
            "x.yaml:5:21: unknown preset 'slient' (did you mean 'silent'?)" },
        new object[] { "a register without a field", "actors:", "registers: { nic: { URRE: 1 } }\nactors:",
            "x.yaml:5:21: register 'URRE' names no field" },
        new object[] { "a register of nobody", "actors:", "registers: { nci: { A.B: 1 } }\nactors:",
            "no component is called 'nci' (did you mean 'nic'?)" },
        new object[] { "traffic of what generates none", "{ at: 500ns, do: load, by: guest, from: nic.vf0.identity }",
            "{ at: 500ns, do: traffic, of: nic }", "'nic' generates no traffic; expected a device with 'model: traffic'" },
        new object[] { "a transfer beyond 4 KiB", "{ at: 500ns, do: load, by: guest, from: nic.vf0.identity }",
            "{ at: 500ns, do: traffic, of: nic, bytes: [64B, 8KiB] }", "a transfer of 8KiB; expected 1B to 4KiB" },
        new object[] { "a place that is not mapped", "from: nic.vf0.identity", "from: nic.vf1.identity",
            "'guest' has mapped nic.vf0, not nic.vf1" },
        new object[] { "a guest that harasses", "do: load, by: guest, from: nic.vf0.identity", "do: harass, by: guest",
            "'guest' is a guest, which runs its driver; expected a process" },
        new object[] { "an unknown policy of an interrupt", "model: mlx5", "model: mlx5, suspended_interrupt: hodl",
            "'suspended_interrupt' is 'hodl' (did you mean 'hold'?)" },
        new object[] { "an aperture of what has none", "vfs: 2", "vfs: 2, aperture: 16MiB",
            "x.yaml:4:76: model 'mlx5' has no aperture; expected a simple device, like plain" },
        new object[] { "an aperture of no power of two", "model: mlx5,", "model: plain, aperture: 3MiB,",
            "x.yaml:4:45: an aperture of 3MiB; expected a power of two from 1MiB to 64GiB" },
        new object[] { "chunks of what has none", "model: mlx5,", "model: plain, image_chunk: 1KiB,",
            "x.yaml:4:48: model 'plain' has no images in chunks; expected model 'mlx5'" },
        new object[] { "a chunk that is none", "vfs: 2", "vfs: 2, image_chunk: 0B", "a chunk of 0B; expected 64B to 1MiB" },
        new object[] { "an unknown order", "actors:", "vmm: { resume_order: parallel }\nactors:",
            "'resume_order' is 'parallel'" },
    ];

    [TestCaseSource(nameof(Broken))]
    public void Is_one_line_with_position_and_what_was_expected(string what, string old, string fresh, string expected)
    {
        var errors = Scripts.Errors(Scripts.With(old, fresh));
        Assert.That(errors, Has.Some.Contains(expected), what);
        Assert.That(errors, Has.All.Matches(@"^x\.yaml:\d+:\d+: [^\n]*(; expected [^\n]+)$"));
    }

    [Test]
    public void What_a_script_lacks_is_missing_in_the_script_whatever_presets_it_names()
    {
        var text = Scripts.With("expect:\n  - host: intact", """
            kernel: { policy: as-of-2021 }
            matrix:
              platform:
                silent: { platform: { errors: silent } }
                native: { platform: { errors: native-aer } }
            """);
        Assert.That(Scripts.Errors(text), Is.EqualTo(new[] { "x.yaml:1:1: the script says no 'expect'; expected 'expect: a list'" }));
    }

    [Test]
    public void Any_damage_is_an_error_of_the_script_or_none()
    {
        var random = new Sim.Core.RandomStream(1, "damage");
        var text = File.ReadAllText(Path.Combine(Scripts.Shipped, "mmio-to-stopped-vf.yaml"));
        const string Letters = "[]{}:,-&*!|>'\"%@`# \n\tax0";
        for (var n = 0; n < 150; n++)
        {
            var at = random.NextBelow(text.Length);
            var damaged = text.Remove(at, random.NextBelow(Math.Min(4, text.Length - at) + 1))
                .Insert(at, $"{Letters[random.NextBelow(Letters.Length)]}");
            try
            {
                Scripts.Read(damaged);
            }
            catch (Language.ScriptException e)
            {
                Assert.That(e.Errors, Is.Not.Empty);
            }
            catch (Exception e)
            {
                Assert.Fail($"damage {n} at offset {at}: {e}");
            }
        }
    }

    [Test]
    public void A_matrix_value_of_the_wrong_type_is_reported_where_it_stands()
    {
        var errors = Scripts.Errors(Scripts.Small + """

            matrix:
              vfs:
                few: { topology: { devices: { nic: { vfs: 2 } } } }
                many: { topology: { devices: { nic: { vfs: [lots] } } } }
            """);
        Assert.That(errors, Is.EqualTo(new[] { "x.yaml:13:48: 'vfs' is a list; expected a whole number" }));
    }

    [Test]
    public void A_cyclic_topology_names_the_way_round()
    {
        var errors = Scripts.Errors(Scripts.With("  devices:", """
              switches:
                a: { at: b.p, link: gen4 x4, ports: { p: { link: gen4 x4 } } }
                b: { at: a.p, link: gen4 x4, ports: { p: { link: gen4 x4 } } }
              devices:
            """));
        Assert.That(errors, Has.Some.EqualTo("x.yaml:5:14: cyclic topology: a -> b -> a; expected every switch to lead up to a Root Port"));
    }

    [Test]
    public void Files_that_are_no_scripts_exit_with_2_and_one_line()
    {
        var folder = Directory.CreateTempSubdirectory("pciesim-");
        try
        {
            var empty = Path.Combine(folder.FullName, "empty.yaml");
            File.WriteAllText(empty, "");
            var comment = Path.Combine(folder.FullName, "comment.yaml");
            File.WriteAllText(comment, "# nothing\n");
            var binary = Path.Combine(folder.FullName, "binary.yaml");
            File.WriteAllBytes(binary, [(byte)'a', (byte)'\n', (byte)'b', 0, 1, 2]);
            var latin = Path.Combine(folder.FullName, "latin.yaml");
            File.WriteAllBytes(latin, [(byte)'a', 0xE9, (byte)'b']);
            var locked = Path.Combine(folder.FullName, "locked.yaml");
            File.WriteAllText(locked, Scripts.Small);
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(locked, UnixFileMode.None);
            foreach (var (path, expected) in new[]
            {
                (empty, ":1:1: the script is empty"), (comment, ":1:1: the script is empty"), (binary, ":2:2: byte 0x00 is not text"),
                (latin, ":1:2: these bytes are not UTF-8"), (folder.FullName, ":1:1: this is a folder"),
                (Path.Combine(folder.FullName, "none.yaml"), ":1:1: there is no such file"),
            })
            {
                Assert.That(Pciesim.Refused("run", path, "--out", Path.Combine(folder.FullName, "out")),
                    Does.StartWith(path + expected).And.Contain("; expected "));
            }
            Assert.That(Directory.Exists(Path.Combine(folder.FullName, "out")), Is.False, "nothing is written");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
