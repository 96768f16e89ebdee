using System.Text;
using Scenarios.Dumps;
using Sim.Pcie.Config;

namespace Scenarios.Platforms;

/// <summary>Machines as <c>lspci -xxxx</c> prints them.</summary>
internal static class MachineDump
{
    /// <summary>Every Function of a simulated machine, by Routing ID, as its registers stand.</summary>
    public static string Of(Machine machine)
    {
        var text = new StringBuilder();
        foreach (var (_, function) in machine.Named().OrderBy(n => n.Function.Id))
            LspciDump.Append(text, function.Id, function.Config.Image);
        return text.ToString();
    }

    /// <summary>Every Function of a dumped machine, with the bytes that were dumped.</summary>
    public static string Of(DumpedMachine machine)
    {
        var text = new StringBuilder();
        foreach (var function in machine.Functions) LspciDump.Append(text, function.Id, function.Image, function.Domain);
        return text.ToString();
    }
}
