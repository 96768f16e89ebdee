using Scenarios.Language;
using Scenarios.Results;
using Sim.Pcie.Spec;

namespace Scenarios.Tests;

public class EnumNamesTests
{
    [Test]
    public void Every_value_has_the_name_that_it_gives_itself()
    {
        AllOf<TlpType>();
        AllOf<LaneKind>();
        AllOf<CompletionStatus>();
        Assert.That(EnumNames<CompletionStatus>.Of((CompletionStatus)99), Is.EqualTo("99"));
    }

    private static void AllOf<T>()
        where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>()) Assert.That(EnumNames<T>.Of(value), Is.EqualTo(value.ToString()));
    }
}
