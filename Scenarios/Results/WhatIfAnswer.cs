using Scenarios.Language;
using Scenarios.Platforms;

namespace Scenarios.Results;

/// <summary>What was found out about a verdict by changing the registers that decided it.</summary>
/// <param name="Was">The verdict as it is.</param>
/// <param name="Runs">How many changes were tried.</param>
/// <param name="Alterations">The changes that alter it, the smallest first; empty if none was found.</param>
public sealed record WhatIfAnswer(VariantResult Was, int Runs, IReadOnlyList<WhatIfAlteration> Alterations)
{
    /// <summary>The answer in lines: the variant, then each alteration.</summary>
    public IEnumerable<string> Lines()
    {
        yield return $"{Was.Variant.Name}: host {Was.Host.Word()}, migration {Was.Migration.Word()}";
        if (Alterations.Count == 0)
            yield return Runs == 0 ? "  no register decided" : $"  none of {Runs} changes of deciding registers alters the verdict";
        foreach (var a in Alterations)
            yield return $"  {string.Join(" and ", a.Changes)}: host {a.Result.Host.Word()}, migration {a.Result.Migration.Word()}: "
                + a.Result.Because;
    }
}

/// <summary>A change of registers, and the verdict that it leads to.</summary>
public sealed record WhatIfAlteration(IReadOnlyList<RegisterChange> Changes, VariantResult Result);
