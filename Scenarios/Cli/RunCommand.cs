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
        var whatIf = new Option<bool>("--what-if")
        {
            Description = "Change the registers that decided, one at a time, and show the smallest change that alters each verdict.",
        };
        var trace = new Option<bool>("--trace")
        {
            Description = "Write a capture and a Perfetto trace for every variant of a matrix; a run of one variant has them anyway.",
        };
        var compress = new Option<bool>("--compress")
        {
            Description = "Write the event log and the traces compressed (.gz), as Wireshark, Perfetto and zcat read them.",
        };
        var command = new Command("run", "Run a scenario script and write its report.")
        {
            script, output, jobs, seed, explain, whatIf, trace, compress,
        };
        var machine = new MachineOptions();
        machine.AddTo(command);
        command.SetAction(parsed =>
        {
            var file = machine.Read(parsed, parsed.GetValue(script)!, parsed.GetValue(seed));
            using var staged = new StagedFolder(parsed.GetValue(output) ?? Path.Combine("out", file.Name));
            using var traces = new RunTraces(staged, file, parsed.GetValue(trace), parsed.GetValue(compress));
            return Run(variants, parsed.GetValue(jobs), file, staged, traces, parsed.GetValue(explain), parsed.GetValue(whatIf),
                parsed.InvocationConfiguration);
        });
        return command;
    }

    private static int Run(IVariantRunner variants, int jobs, ScriptFile file, StagedFolder staged, RunTraces traces, bool explain,
        bool whatIf, InvocationConfiguration console)
    {
        using var interrupt = new Interrupt();
        var result = Progress.Of(traces.Traced, new ScenarioRunner(variants, jobs), interrupt.Token) with { File = file };
        if (whatIf) result = result with { WhatIf = new WhatIf(variants, jobs).Ask(result, interrupt.Token) };
        if (result.Variants.Count > 0)
        {
            staged.Add(RunFiles.Of(result, Renderers.Chosen(), jobs, traces.Finish(result)), jobs);
            staged.Commit();
        }

        var terminal = Terminal.Of(console.Output);
        WriteMachine(console.Output, file, terminal.Width);
        new VerdictTable(result, terminal.Width, terminal.Coloured).Write(console.Output);
        if (explain) Explanation.Write(console.Output, result);
        WriteWhatIf(console.Output, result, terminal.Width);
        foreach (var complaint in result.Variants.SelectMany(v => v.Complaints)) console.Error.WriteLine(complaint);
        if (result.Interrupted)
            console.Error.WriteLine($"pciesim: interrupted after {result.Variants.Count} of {file.Variants.Count} variants");
        if (result.Variants.Count > 0) console.Output.WriteLine($"\n{Summary(result)} See {Path.Combine(staged.Target, "report.html")}.");
        return result.ExitCode;
    }

    internal static string Summary(ScenarioResult result)
    {
        var failed = result.Variants.Count(v => !v.Passed);
        var count = result.Variants.Count == 1 ? "1 variant" : $"{result.Variants.Count} variants";
        if (failed > 0) return $"{count}, expectations did not hold in {failed}.";
        if (!result.Variants.Any(v => v.AsksLess)) return $"{count}, every expectation held.";
        return $"{count}; expectations that speak of the script's own platform were not asked, every other one held.";
    }

    // Which machine it was belongs above the verdicts: they hold for it.
    private static void WriteMachine(TextWriter output, ScriptFile file, int width)
    {
        if (file.Platform is null) return;
        foreach (var line in MachineWords.Lines(file).SelectMany(l => VerdictTable.Wrap(l, width))) output.WriteLine(line);
        output.WriteLine();
    }

    private static void WriteWhatIf(TextWriter output, ScenarioResult result, int width)
    {
        if (result.WhatIf.Count == 0) return;
        output.WriteLine("\nWhat if registers were different? The smallest changes that alter a verdict:");
        foreach (var line in result.WhatIf.SelectMany(a => a.Lines()))
        {
            var indent = new string(' ', line.Length - line.TrimStart().Length + 2);
            foreach (var part in VerdictTable.Wrap(line, width - indent.Length)) output.WriteLine(indent + part);
        }
    }
}
