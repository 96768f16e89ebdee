using Scenarios.Cli;
using Scenarios.Platforms;

namespace Scenarios.Tests;

/// <summary>The program, called as from a command line.</summary>
internal static class Pciesim
{
    public static (int Code, string Output, string Error) Run(params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        return (PciesimProgram.Run(args, new SimulatedVariants(), output, error), output.ToString(), error.ToString());
    }

    /// <summary>What a command that must succeed prints.</summary>
    public static string Output(params string[] args)
    {
        var (code, output, error) = Run(args);
        Assert.That(code, Is.Zero, error);
        return output;
    }
}
