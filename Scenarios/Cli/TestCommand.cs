using System.CommandLine;
using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Output;
using Scenarios.Results;
using Scenarios.Running;

namespace Scenarios.Cli;

/// <summary><c>pciesim test FOLDER</c>: every script of a folder as a regression test.</summary>
internal static class TestCommand
{
    public static Command Create(IVariantRunner variants)
    {
        var folder = new Argument<string>("FOLDER") { Description = "The folder with the scripts; folders in it are searched too." };
        var output = new Option<string>("--out")
        {
            Description = "Folder for junit.xml and the reports of scripts that fail.",
            DefaultValueFactory = _ => "out",
        };
        var jobs = Options.Jobs();
        var command = new Command("test", "Run every script of a folder as a regression test.") { folder, output, jobs };
        command.SetAction(parsed => Run(variants, parsed.GetValue(folder)!, parsed.GetValue(output)!,
            parsed.GetValue(jobs), parsed.InvocationConfiguration));
        return command;
    }

    private static int Run(IVariantRunner variants, string folder, string output, int jobs, InvocationConfiguration console)
    {
        var start = new SourcePosition(folder, 1, 1);
        if (!Directory.Exists(folder)) throw new ScriptException(start, "there is no such folder; expected a folder with scenario scripts");
        var scripts = Directory.EnumerateFiles(folder, "*.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        if (scripts.Count == 0)
            throw new ScriptException(start, "the folder holds no script; expected at least one file that ends in .yaml");

        using var interrupt = new Interrupt();
        var (results, broken) = (new List<ScenarioResult>(), new List<(string, ScriptException)>());
        foreach (var script in scripts)
        {
            if (interrupt.Token.IsCancellationRequested) break;
            try
            {
                var file = ScriptReader.ReadFile(script);
                var result = Progress.Of(file, new ScenarioRunner(variants, jobs), interrupt.Token);
                results.Add(result);
                if (!result.Passed && result.Variants.Count > 0)
                    RunFolder.Write(Path.Combine(output, file.Name), RunFiles.Of(result, Renderers.Chosen(), jobs), jobs);
                console.Output.WriteLine($"{(result.Passed ? "ok  " : "FAIL")} {script}: {RunCommand.Summary(result)}");
                foreach (var complaint in result.Variants.SelectMany(v => v.Complaints.Select(c => $"     {v.Result.Variant.Name}: {c}")))
                    console.Error.WriteLine(complaint);
            }
            catch (ScriptException e)
            {
                broken.Add((script, e));
                console.Output.WriteLine($"FAIL {script}: the script cannot be run");
                foreach (var error in e.Errors) console.Error.WriteLine(error);
            }
        }
        RunFolder.WriteFile(Path.Combine(output, "junit.xml"), JUnit.Of(results, broken));
        var interrupted = interrupt.Token.IsCancellationRequested;
        console.Output.WriteLine($"{results.Count(r => r.Passed)} passed, {results.Count(r => !r.Passed) + broken.Count} failed");
        return interrupted ? 130 : broken.Count > 0 ? 2 : results.All(r => r.Passed) ? 0 : 1;
    }
}
