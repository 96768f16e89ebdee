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

    public static string OwnPath => CommittedPath("own-machine.txt");

    /// <summary>Every dump there may be: those of this folder, and the real ones beside the repository.</summary>
    public static readonly string[] All =
    [
        "own-machine.txt", "qemu-switch-sriov.txt", "qemu-two-roots.txt",
        "host-x58-tree.txt", "igb-82576-sriov.txt", "plx-switch-port-dpc.txt", "xeon-root-port-and-connectx3.txt",
    ];

    /// <summary>One of <see cref="All"/>; where a real one is missing the test is skipped.</summary>
    public static string PathOf(string file) => File.Exists(CommittedPath(file)) ? CommittedPath(file) : Shared(file);

    /// <summary>The text of a dump that is kept here.</summary>
    public static string Committed(string file) => File.ReadAllText(CommittedPath(file));

    private static string CommittedPath(string file) =>
        Path.Combine(Scripts.Shipped, "..", "..", "tests", "Scenarios.Tests", "Data", file);

    /// <summary>Every Function of a booted machine, as lspci would dump it.</summary>
    public static string OfOurFabric(string script)
    {
        var machine = new Machine(Scripts.Read(script).Variants[0]);
        machine.Sim.Start("boot", machine.BootAsync);
        machine.Sim.RunUntil(SimTime.FromMilliseconds(300));
        return MachineDump.Of(machine);
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
    public static string Flip(string dump, string function, int offset, int bits) =>
        Set(dump, function, offset, Byte(dump, function, offset) ^ bits);

    /// <summary>A byte of a Function.</summary>
    public static int Byte(string dump, string function, int offset) => Function(dump, function).Image[offset];

    /// <summary>The dump with one byte of a Function changed.</summary>
    public static string Set(string dump, string function, int offset, int value)
    {
        var (line, column) = PlaceOf(dump, function, offset);
        var lines = dump.Split('\n');
        lines[line - 1] = lines[line - 1].Remove(column - 1, 2).Insert(column - 1, value.ToString("x2", CultureInfo.InvariantCulture));
        return string.Join('\n', lines);
    }

    /// <summary>Line and column of a byte of a Function, counted from 1.</summary>
    public static (int Line, int Column) PlaceOf(string dump, string function, int offset) => Function(dump, function).PlaceOf(offset);

    private static LspciFunction Function(string dump, string function) =>
        LspciDump.Parse(dump).Single(f => f.Id == RoutingId.Parse(function));

    /// <summary>Where an extended capability of a Function lies in a dump.</summary>
    public static int Extended(string dump, string function, ushort id) =>
        Function(dump, function).FindExtendedCapability(id);

    /// <summary>Where the PCI Express Capability of a Function lies in a dump.</summary>
    public static int Express(string dump, string function) => Function(dump, function).FindCapability(CapabilityId.PciExpress);

    /// <summary>The dump as <c>lspci -x</c> or <c>-xxx</c> prints it: every Function ends early.</summary>
    public static string Shortened(string dump, int bytes)
    {
        var text = new StringBuilder();
        foreach (var f in LspciDump.Parse(dump)) LspciDump.Append(text, f.Id, f.Image.AsSpan(0, bytes));
        return text.ToString();
    }
}
