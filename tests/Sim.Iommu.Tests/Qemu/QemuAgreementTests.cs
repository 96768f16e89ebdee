using NUnit.Framework;
using Qtest;

namespace Sim.Iommu.Tests.Qemu;

/// <summary>
/// Random tables and requests give the same translated addresses and the same fault registers as QEMU's intel-iommu. What QEMU said is
/// recorded and replayed on each run; where QEMU is installed, it is asked again.
/// </summary>
public sealed class QemuAgreementTests
{
    private const int Recorded = 200;
    private const int AskedAgain = 25;

    private static readonly int[] Widths = [39, 48];

    [TestCaseSource(nameof(Widths))]
    public void Our_unit_answers_as_QEMU_was_recorded_to(int width)
    {
        var recorded = File.ReadAllLines(FileOf(width));
        Assert.That(recorded, Has.Length.EqualTo(Recorded));
        ITableMachine ours = new SimulatedTables(width);
        Assert.Multiple(() =>
        {
            for (var seed = 0; seed < recorded.Length; seed++)
                Assert.That(ours.RunAll(new RandomTables(width, seed)), Is.EqualTo(recorded[seed]), $"{width} bits, seed {seed}");
        });

        // The records hold every reason that tables of legacy mode can give but 08h (no root table lies outside memory), and overflows.
        var requests = recorded.SelectMany(line => line.Split(' '));
        var records = requests.Select(request => request.Split(',')).Where(fields => fields.Length == 4).ToList();
        Assert.That(records.Select(fields => fields[3][6..8]).Distinct().Order(), Is.SupersetOf(
            new[] { "01", "02", "03", "04", "05", "06", "07", "09", "0a", "0b", "0c" }));
        Assert.That(records.Select(fields => fields[1]), Does.Contain("3"), "overflow");
    }

    [TestCaseSource(nameof(Widths))]
    public void QEMU_still_answers_as_recorded(int width)
    {
        if (!QtestMachine.IsInstalled) Assert.Ignore("qemu-system-x86_64 is not installed");
        var update = Environment.GetEnvironmentVariable("PCIESIM_UPDATE_QEMU") == "1";
        using var machine = new QemuTables(width);
        ITableMachine qemu = machine;
        var said = Enumerable.Range(0, update ? Recorded : AskedAgain).Select(seed => qemu.RunAll(new RandomTables(width, seed))).ToArray();
        if (update) File.WriteAllLines(FileOf(width), said);
        Assert.That(said, Is.EqualTo(File.ReadAllLines(FileOf(width)).Take(said.Length)));
    }

    private static string FileOf(int width, [System.Runtime.CompilerServices.CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "Data", $"qemu-intel-iommu-{width}.txt");
}
