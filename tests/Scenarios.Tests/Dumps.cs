using System.Globalization;
using System.Text;
using Scenarios.Platforms;
using Sim.Core;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Scenarios.Tests;

/// <summary>Dumps for the tests: our own, kept as a file and made by our own fabric, and the real ones beside the repository.</summary>
internal static class Dumps
{
    /// <summary>Root Port 00:01.0 and a PF with two VFs below it, as <see cref="OfOurFabric"/> made them once.</summary>
    public static string Own => File.ReadAllText(OwnPath);

    public static string OwnPath => Path.Combine(Scripts.Shipped, "..", "..", "tests", "Scenarios.Tests", "Data", "own-machine.txt");

    /// <summary>Every Function of a booted machine, as lspci would dump it.</summary>
    public static string OfOurFabric(string script)
    {
        var machine = new Machine(Scripts.Read(script).Variants[0]);
        machine.Sim.Start("boot", machine.BootAsync);
        machine.Sim.RunUntil(SimTime.FromMilliseconds(300));
        var text = new StringBuilder();
        foreach (var (_, function) in machine.Named().OrderBy(n => n.Function.Id))
            LspciDump.Append(text, function.Id, function.Config.Image);
        return text.ToString();
    }

    /// <summary>A dump beside the repository; where there is none the test is skipped.</summary>
    public static string Shared(string file)
    {
        for (var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "shared", "data", "lspci", file);
            if (File.Exists(path)) return path;
        }

        Assert.Ignore($"../shared/data/lspci/{file} is not here");
        return "";
    }

    /// <summary>The dump with some bits of a byte of a Function the other way.</summary>
    public static string Flip(string dump, string function, int offset, int bits)
    {
        var lines = dump.Split('\n');
        var row = Array.FindIndex(lines, l => l.Contains(function, StringComparison.Ordinal)) + 1 + offset / 16;
        var cell = lines[row].IndexOf(':') + 2 + offset % 16 * 3;
        var value = int.Parse(lines[row].AsSpan(cell, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) ^ bits;
        lines[row] = lines[row].Remove(cell, 2).Insert(cell, value.ToString("x2", CultureInfo.InvariantCulture));
        return string.Join('\n', lines);
    }

    /// <summary>Where an extended capability of a Function lies in a dump.</summary>
    public static int Extended(string dump, string function, ushort id) =>
        LspciDump.Parse(dump).Single(f => f.Id == RoutingId.Parse(function)).FindExtendedCapability(id);

    /// <summary>The dump as <c>lspci -x</c> or <c>-xxx</c> prints it: every Function ends early.</summary>
    public static string Shortened(string dump, int bytes)
    {
        var text = new StringBuilder();
        foreach (var f in LspciDump.Parse(dump)) LspciDump.Append(text, f.Id, f.Image.AsSpan(0, bytes));
        return text.ToString();
    }
}
