using Scenarios.Figures.Svg;
using Scenarios.Output;
using Scenarios.Running;

namespace Scenarios.Tests;

/// <summary>Writes the main script's report from the fake simulation, to look at: set PCIESIM_SAMPLE to a folder.</summary>
internal sealed class SampleReport
{
    [Test]
    public void Is_written_where_somebody_asked_for_it()
    {
        if (Environment.GetEnvironmentVariable("PCIESIM_SAMPLE") is not { Length: > 0 } folder) Assert.Ignore("PCIESIM_SAMPLE is not set");
        else RunFolder.Write(folder, RunFiles.Of(new ScenarioRunner(new FakeRunner(), 2).Run(Scripts.MainScript(), CancellationToken.None), new SvgRenderer()));
    }
}
