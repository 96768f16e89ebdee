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
            Paths(output, r);
            foreach (var chain in r.Chains) Steps(output, chain.Title, chain.Steps);
            if (r.Chains.Count == 0)
                foreach (var field in r.Registers) output.WriteLine($"    {field}: {field.Effect}");
            foreach (var difference in r.Differences) output.WriteLine($"    {difference}");
        }
    }

    /// <summary>The way of each TLP that was sent, and the IOMMU groups.</summary>
    public static void Paths(TextWriter output, VariantResult r)
    {
        foreach (var path in r.Paths)
        {
            Steps(output, path.Title, path.Steps);
            output.WriteLine($"    {"",14}  {path.Way}");
        }

        if (r.IommuGroups.Count > 0) output.WriteLine("  IOMMU groups");
        for (var i = 0; i < r.IommuGroups.Count; i++) output.WriteLine($"    {i,14}  {r.IommuGroups[i]}");
    }

    private static void Steps(TextWriter output, string title, IReadOnlyList<ChainStep> steps)
    {
        output.WriteLine($"  {title}");
        foreach (var step in steps)
        {
            output.WriteLine($"    {step.Time,14}  {step.Component}: {step.What}");
            foreach (var field in step.Fields) output.WriteLine($"    {"",14}    {field}");
        }
    }
}
