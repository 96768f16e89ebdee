using System.CommandLine;
using Scenarios.Model;
using Scenarios.Output;
using Scenarios.Platforms;
using Scenarios.Results;
using Scenarios.Running;

namespace Scenarios.Cli;

/// <summary><c>pciesim run SCRIPT</c>: runs a script's matrix, prints the verdicts, leaves a folder.</summary>
internal static class RunCommand
{
    public static Command Create(IVariantRunner variants)
    {
        var script = new Argument<string>("SCRIPT") { Description = "The scenario script (YAML)." };
        var output = new Option<string?>("--out") { Description = "Folder for the report, plots and data; by default out/<script>." };
        var jobs = Options.Jobs();
        var seed = new Option<ulong?>("--seed") { Description = "Seed of the random streams, in place of the script's." };
        var explain = new Option<bool>("--explain") { Description = "Print for every variant how its verdict came about." };
        var platform = new Option<string?>("--platform")
        {
            Description = "Take the Root Port above the devices from a machine's 'lspci -xxxx' dump.",
        };
        var port = new Option<string?>("--port")
        {
            Description = "Which Root Port of the dump, as in 00:02.0; by default the first one with something below it.",
        };
        var command = new Command("run", "Run a scenario script and write its report.")
        {
            script, output, jobs, seed, explain, platform, port,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(port) is not null && result.GetResult(platform) is null)
                result.AddError("--port names a Root Port of a dump; expected --platform with it");
        });
        command.SetAction(parsed =>
        {
            var file = ScriptReader.ReadFile(parsed.GetValue(script)!, parsed.GetValue(seed));
            if (parsed.GetValue(platform) is { } dump) file = file.On(PlatformDump.Read(dump, parsed.GetValue(port)));
            return Run(new ScenarioRunner(variants, parsed.GetValue(jobs)), file, parsed.GetValue(output), parsed.GetValue(explain),
                parsed.InvocationConfiguration);
        });
        return command;
    }

    private static int Run(ScenarioRunner runner, ScriptFile file, string? output, bool explain, InvocationConfiguration console)
    {
        var folder = output ?? Path.Combine("out", file.Name);
        RunFolder.Check(folder);

        using var interrupt = new Interrupt();
        var result = Progress.During(file.Name, file.Variants.Count, finished =>
            runner.Run(file, interrupt.Token, finished));
        if (result.Variants.Count > 0) RunFolder.Write(folder, RunFiles.Of(result, Renderers.Chosen()));

        var terminal = Terminal.Of(console.Output);
        WritePlatform(console.Output, file, terminal.Width);
        new VerdictTable(result, terminal.Width, terminal.Coloured).Write(console.Output);
        if (explain) Explanation.Write(console.Output, result);
        foreach (var complaint in result.Variants.SelectMany(v => v.Complaints)) console.Error.WriteLine(complaint);
        if (result.Interrupted)
            console.Error.WriteLine($"pciesim: interrupted after {result.Variants.Count} of {file.Variants.Count} variants");
        if (result.Variants.Count > 0) console.Output.WriteLine($"\n{Summary(result)} See {Path.Combine(folder, "report.html")}.");
        return result.ExitCode;
    }

    internal static string Summary(ScenarioResult result)
    {
        var failed = result.Variants.Count(v => !v.Passed);
        var count = result.Variants.Count == 1 ? "1 variant" : $"{result.Variants.Count} variants";
        return failed == 0 ? $"{count}, every expectation held." : $"{count}, expectations did not hold in {failed}.";
    }

    // Which machine it was belongs above the verdicts: they hold for it.
    private static void WritePlatform(TextWriter output, ScriptFile file, int width)
    {
        if (file.Platform is not { } dump) return;
        var summary = $"{PlatformPort.NameIn(file.Script.Topology)} is {dump.Summary}.";
        var lines = dump.Notes.Select(n => $"Note: {n}.").Prepend(summary);
        foreach (var line in lines.SelectMany(l => VerdictTable.Wrap(l, width))) output.WriteLine(line);
        output.WriteLine();
    }
}
