using System.Runtime.CompilerServices;
using NUnit.Framework;
using Qtest;

namespace Sim.Pcie.Tests.Qemu;

/// <summary>
/// Plays a script of accesses on a board and holds what it saw against the recorded expectations; where QEMU is installed, against QEMU
/// itself, too. Set PCIESIM_UPDATE_QEMU=1 to record anew from QEMU.
/// </summary>
internal static class Comparison
{
    public static void Hold(string name, Func<IBoard, IEnumerable<string>> play)
    {
        var path = Path.Combine(Path.GetDirectoryName(Here())!, "Data", name + ".txt");
        var update = Environment.GetEnvironmentVariable("PCIESIM_UPDATE_QEMU") == "1";
        if (update) File.WriteAllLines(path, Play(new QemuBoard(), play));
        var expected = File.ReadAllLines(path);
        Same("our model", Play(new ModelBoard(), play), expected);
        if (QtestMachine.IsInstalled && !update) Same("QEMU", Play(new QemuBoard(), play), expected);
    }

    private static List<string> Play(IBoard board, Func<IBoard, IEnumerable<string>> play)
    {
        using (board)
        {
            Board.SetBuses(board);
            return [.. play(board)];
        }
    }

    private static void Same(string who, List<string> seen, string[] expected)
    {
        var differences = new List<string>();
        for (var i = 0; i < Math.Max(seen.Count, expected.Length); i++)
        {
            var (mine, recorded) = (i < seen.Count ? seen[i] : "(none)", i < expected.Length ? expected[i] : "(none)");
            if (mine != recorded) differences.Add($"line {i + 1}: {who} '{mine}', recorded '{recorded}'");
        }

        if (differences.Count > 0)
            Assert.Fail($"{differences.Count} of {expected.Length} lines differ\n{string.Join('\n', differences.Take(200))}");
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
