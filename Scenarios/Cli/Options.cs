using System.CommandLine;

namespace Scenarios.Cli;

/// <summary>Options that more than one command has.</summary>
internal static class Options
{
    public static Option<int> Jobs()
    {
        var jobs = new Option<int>("--jobs")
        {
            Description = "How many variants run at once. Any number gives the same output.",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        jobs.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && int.TryParse(token.Value, out var n) && n is < 1 or > 1024)
                result.AddError($"--jobs {n}: expected 1 to 1024");
        });
        return jobs;
    }
}
