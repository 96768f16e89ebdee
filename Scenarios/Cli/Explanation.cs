using Scenarios.Language;
using Scenarios.Results;

namespace Scenarios.Cli;

/// <summary>Says for every variant how its verdict came about: the chain of each error and the register fields that decided.</summary>
internal static class Explanation
{
    public static void Write(TextWriter output, ScenarioResult result)
    {
        foreach (var r in result.Variants.Select(v => v.Result))
        {
            output.WriteLine($"\n{r.Variant.Name}: host {r.Host.Word()}, migration {r.Migration.Word()}");
            output.WriteLine($"  {r.Because}");
            foreach (var chain in r.Chains)
            {
                output.WriteLine($"  {chain.Title}");
                foreach (var step in chain.Steps)
                {
                    output.WriteLine($"    {step.Time,14}  {step.Component}: {step.What}");
                    foreach (var field in step.Fields) output.WriteLine($"    {"",14}    {field}: {field.Effect}");
                }
            }
            if (r.Chains.Count == 0)
                foreach (var field in r.Registers) output.WriteLine($"    {field}: {field.Effect}");
            foreach (var difference in r.Differences) output.WriteLine($"    {difference}");
        }
    }
}
