using NUnit.Framework;
using NUnit.Framework.Interfaces;
using Sim.Pcie.Links;

namespace ObservedFabric;

/// <summary>
/// Holds every test of an assembly to the ordering rules: each link that a test connects is watched by a <see cref="FabricObserver"/>, and
/// the test fails where a TLP was lost, made up, doubled, or passed another against Table 2-42, with the cell that forbids it.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class ObservedFabricAttribute : Attribute, ITestAction
{
    [ThreadStatic]
    private static List<FabricObserver>? _observers;

    /// <inheritdoc/>
    public ActionTargets Targets => ActionTargets.Test;

    /// <inheritdoc/>
    public void BeforeTest(ITest test)
    {
        var observers = _observers = [];
        Link.Connected = IsExempt(test) ? null : link => observers.Add(new FabricObserver(link.Upper.Sim, [link]));
    }

    /// <inheritdoc/>
    public void AfterTest(ITest test)
    {
        Link.Connected = null;
        var violations = (_observers ?? []).SelectMany(o => o.Violations).ToList();
        _observers = null;
        Assert.That(violations, Is.Empty);
    }

    private static bool IsExempt(ITest test) =>
        test.Method?.GetCustomAttributes<UnobservedAttribute>(true).Length > 0
        || test.TypeInfo?.GetCustomAttributes<UnobservedAttribute>(true).Length > 0;
}

/// <summary>A test, or a class of tests, whose links nobody watches.</summary>
/// <param name="why">Why watching would disturb it.</param>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class)]
public sealed class UnobservedAttribute(string why) : Attribute
{
    /// <summary>Why watching would disturb it.</summary>
    public string Why => why;
}
