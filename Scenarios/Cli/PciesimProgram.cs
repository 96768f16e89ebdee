using System.CommandLine;
using System.Reflection;
using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Output;
using Scenarios.Running;

namespace Scenarios.Cli;

/// <summary>The program: 0 all expectations held, 1 some did not, 2 the input was wrong, 130 interrupted. Never a stack trace.</summary>
internal static class PciesimProgram
{
    public static int Run(string[] args, IVariantRunner variants, TextWriter output, TextWriter error)
    {
        // Asked by scripts and completions: answered before any command is made.
        if (args is ["--version"])
        {
            var version = typeof(PciesimProgram).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!;
            output.WriteLine(version.InformationalVersion);
            return 0;
        }

        try
        {
            var parsed = Root(variants).Parse(args);
            if (parsed.Errors.Count > 0)
            {
                foreach (var wrong in parsed.Errors) error.WriteLine($"pciesim: {wrong.Message}");
                error.WriteLine("pciesim: try 'pciesim --help'");
                return 2;
            }
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null, // Interrupt.cs does it.
            });
        }
        catch (ScriptException e)
        {
            foreach (var wrong in e.Errors) error.WriteLine(wrong);
            return 2;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"pciesim: {e.Message}");
            return 2;
        }
        catch (Exception e)
        {
            error.WriteLine($"pciesim: a fault of its own: {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}");
            return 1;
        }
    }

    private static RootCommand Root(IVariantRunner variants) =>
        new("PcieSim: what does a PCIe platform do when hardware assumptions are tested?")
        {
            RunCommand.Create(variants),
            TestCommand.Create(variants),
            PathCommand.Create(variants),
            TopologyCommand.Create(),
            LspciCommand.Create(),
            Tlp.TlpCommands.Create(),
            Schema(),
            Print("presets", "Print platform presets, kernel policies and host setups: the registers and policies each name stands for.",
                () => $"{Presets.Platforms.Text}---\n{Presets.Kernels.Text}---\n{HostSetups.Text}"),
        };

    private static Command Schema()
    {
        var events = new Option<bool>("--events") { Description = "The schema of a line of a run's events.jsonl instead." };
        var command = new Command("schema", "Print the JSON schema of a scenario script.") { events };
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.Write(parsed.GetValue(events) ? EventsJson.Schema() : JsonSchema.Text());
            return 0;
        });
        return command;
    }

    private static Command Print(string name, string description, Func<string> text)
    {
        var command = new Command(name, description);
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.Write(text());
            return 0;
        });
        return command;
    }
}
