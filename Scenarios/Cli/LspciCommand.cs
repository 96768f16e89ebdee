using System.CommandLine;
using Scenarios.Dumps;
using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Output;
using Scenarios.Platforms;

namespace Scenarios.Cli;

/// <summary><c>pciesim lspci SCRIPT</c>: every Function of a scenario's machine as <c>lspci -xxxx</c> prints it, at a moment of the
/// run.</summary>
internal static class LspciCommand
{
    public static Command Create()
    {
        var script = new Argument<string>("SCRIPT") { Description = "The scenario script, or a machine that 'pciesim topology' wrote." };
        var at = new Option<string?>("--at")
        {
            Description = "When, as a timeline says it: 70us, or 'stopped + 1us'; by default after boot.",
        };
        var variant = new Option<string?>("--variant") { Description = "Which variant of the matrix, by its name; the first by default." };
        var output = new Option<string?>("--out") { Description = "The file to write; by default standard output." };
        var command = new Command("lspci", "Write an 'lspci -xxxx' dump of every Function of a scenario; 'lspci -F' decodes it.")
        {
            script, at, variant, output,
        };
        var machine = new MachineOptions();
        machine.AddTo(command);
        at.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && Moment.Parse(token.Value) is null)
                result.AddError($"--at '{token.Value}'; expected {ValueKind.All[typeof(Moment)].Expected}");
        });
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(script)!;
            var text = YamlReader.ReadMachine(path) is var root && MachineReader.IsMachine(root)
                ? MachineDump.Of(MachineReader.Read(root))
                : Dump(machine.Read(parsed, path), parsed.GetValue(at), parsed.GetValue(variant));
            if (parsed.GetValue(output) is { } file) RunFolder.WriteFile(file, text);
            else parsed.InvocationConfiguration.Output.Write(text);
            return 0;
        });
        return command;
    }

    private static string Dump(ScriptFile file, string? at, string? variant)
    {
        var start = new SourcePosition(file.Path, 1, 1);
        var chosen = variant is null ? file.Variants[0] : Options.Variant(file, variant);
        using var interrupt = new Interrupt();
        return new VariantSimulation(chosen, null, false, interrupt.Token).DumpAt(Moment.Parse(at ?? "0ns")!.Value)
            ?? throw new ScriptException(start, $"'{at}' never came in this run; expected a moment of it");
    }
}
