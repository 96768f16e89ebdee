using Scenarios.Cli;
using Scenarios.Platforms;
using Scenarios.Running;

namespace Scenarios.Tests;

/// <summary>The program, called as from a command line.</summary>
internal static class Pciesim
{
    public static (int Code, string Output, string Error) Run(params string[] args) => Run(new SimulatedVariants(), args);

    public static (int Code, string Output, string Error) Run(IVariantRunner runner, params string[] args)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        return (PciesimProgram.Run(args, runner, output, error), output.ToString(), error.ToString());
    }

    /// <summary>What a command that must succeed prints.</summary>
    public static string Output(params string[] args)
    {
        var (code, output, error) = Run(args);
        Assert.That(code, Is.Zero, error);
        return output;
    }

    /// <summary>The one line of a command that must find its input wrong, and do nothing.</summary>
    public static string Refused(params string[] args)
    {
        var (code, output, error) = Run(args);
        Assert.That((code, output), Is.EqualTo((2, "")), error);
        Assert.That(error.TrimEnd('\n'), Does.Not.Contain('\n'));
        return error;
    }
}
