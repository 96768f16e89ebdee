using System.CommandLine;
using Scenarios.Model;
using Scenarios.Output;
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
        var platform = new Option<string?>("--platform") { Description = "Root Port registers from a machine's 'lspci -vvv' text." };
        var command = new Command("run", "Run a scenario script and write its report.") { script, output, jobs, seed, explain, platform };
        command.SetAction(parsed => Run(variants, parsed.GetValue(script)!, parsed.GetValue(output), parsed.GetValue(jobs),
            parsed.GetValue(seed), parsed.GetValue(explain), parsed.GetValue(platform), parsed.InvocationConfiguration));
        return command;
    }

    private static int Run(IVariantRunner variants, string script, string? output, int jobs, ulong? seed, bool explain, string? platform,
        InvocationConfiguration console)
    {
        var file = ScriptReader.ReadFile(script, seed);
        if (platform is not null)
            file = file with { Variants = [.. file.Variants.Select(v => v with { PlatformDump = PlatformDump(platform) })] };
        var folder = output ?? Path.Combine("out", file.Name);
        RunFolder.Check(folder);

        using var interrupt = new Interrupt();
        var result = Progress.During(file.Name, file.Variants.Count, finished =>
            new ScenarioRunner(variants, jobs).Run(file, interrupt.Token, finished));
        if (result.Variants.Count > 0) RunFolder.Write(folder, RunFiles.Of(result, Renderers.Chosen()));

        var terminal = Terminal.Of(console.Output);
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

    private static string PlatformDump(string path)
    {
        var text = Language.ScriptText.Read(path);
        return text.Contains("Root Port", StringComparison.Ordinal) ? text
            : throw new Language.ScriptException(new(path, 1, 1), "no Root Port in this text; expected the output of 'lspci -vvv'");
    }
}
