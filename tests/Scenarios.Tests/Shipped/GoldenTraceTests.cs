using System.Globalization;
using System.Text;
using Scenarios.Results;
using Sim.Core;

namespace Scenarios.Tests.Shipped;

/// <summary>
/// What crosses the links while a stopped VF is stored to and loaded from, TLP by TLP. Set PCIESIM_UPDATE_GOLDEN=1 to write the files anew,
/// and read the difference before committing it.
/// </summary>
internal sealed class GoldenTraceTests
{
    private static readonly SimDuration Window = SimDuration.FromMicroseconds(16);

    [TestCase("ur-with-aer / native-aer / today")]
    [TestCase("mlx5 / native-aer / today")]
    [TestCase("dma-queue / native-aer / today")]
    public void The_TLPs_around_the_late_accesses_are_as_recorded(string variant)
    {
        var result = Simulated.Shipped("mmio-to-stopped-vf", variant).Result;
        var path = Path.Combine(Path.GetDirectoryName(Scripts.Shipped)!, "..", "tests", "Scenarios.Tests", "Golden",
            variant.Replace(" / ", "-", StringComparison.Ordinal) + ".txt");
        var trace = TraceOf(result);
        if (Environment.GetEnvironmentVariable("PCIESIM_UPDATE_GOLDEN") == "1") File.WriteAllText(path, trace);
        Assert.That(trace.Split('\n'), Is.EqualTo(File.ReadAllText(path).Split('\n')));
    }

    private static string TraceOf(VariantResult result)
    {
        var from = result.Lanes.Single(l => l.Name == "nic.vf0").Spans.First(s => s.Kind == LaneKind.Stopped).From;
        var text = new StringBuilder($"# {result.Variant.Name}: time from STOP on in ns, link, TLP, header\n");
        foreach (var tlp in result.Tlps.Where(t => t.Time >= from && t.Time - from <= Window))
        {
            var nanoseconds = ((tlp.Time - from).Femtoseconds / 1e6).ToString("F3", CultureInfo.InvariantCulture);
            var header = string.Join(' ', tlp.Header.Select(dw => dw.ToString("x8", CultureInfo.InvariantCulture)));
            text.Append(CultureInfo.InvariantCulture, $"{nanoseconds,10}  {tlp.Link,-16}  {tlp.Summary}  [{header}]\n");
        }

        return text.ToString();
    }
}
