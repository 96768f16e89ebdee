using System.CommandLine;
using Scenarios.Language;
using Scenarios.Model;

namespace Scenarios.Cli;

/// <summary>Options that more than one command has.</summary>
internal static class Options
{
    /// <summary>The variant that a command names.</summary>
    public static ResolvedScript Variant(ScriptFile file, string variant) =>
        file.Variants.FirstOrDefault(v => v.Variant.Name == variant)
            ?? throw new ScriptException(new SourcePosition(file.Path, 1, 1), $"no variant is called '{variant}'"
                + $"{NearestWord.Hint(variant, file.Variants.Select(v => v.Variant.Name))}; expected one of "
                + Words.Listed(file.Variants.Select(v => $"'{v.Variant.Name}'")));

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
