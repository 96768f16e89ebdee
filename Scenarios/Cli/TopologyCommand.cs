using System.CommandLine;
using Scenarios.Dumps;
using Scenarios.Output;

namespace Scenarios.Cli;

/// <summary><c>pciesim topology DUMP</c>: a real machine's dump as a readable file that scripts can be run on.</summary>
internal static class TopologyCommand
{
    public static Command Create()
    {
        var dump = new Argument<string>("DUMP") { Description = "What 'lspci -xxxx' (or -xxx, -x) printed." };
        var output = new Option<string?>("--out") { Description = "The file to write, in YAML; by default standard output." };
        var command = new Command("topology", "Turn a machine's 'lspci -xxxx' dump into a readable topology.") { dump, output };
        command.SetAction(parsed =>
        {
            var text = MachineWriter.Write(DumpedMachine.Read(parsed.GetValue(dump)!));
            if (parsed.GetValue(output) is { } file) RunFolder.WriteFile(file, text);
            else parsed.InvocationConfiguration.Output.Write(text);
            return 0;
        });
        return command;
    }
}
