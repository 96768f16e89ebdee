using NUnit.Framework;
using Sim.Pcie.Config;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Tests.Config;

public sealed class RegisterLayoutTests
{
    [TestCaseSource(nameof(BadTables))]
    public void A_bad_table_names_its_mistake_when_it_is_made(RegisterSpec[] registers, string mistake) =>
        Assert.That(() => new RegisterLayout("Test", 16, registers), Throws.ArgumentException.With.Message.Contains(mistake));

    [Test]
    public void Two_structures_cannot_lie_on_one_another()
    {
        var config = new ConfigSpace("fn");
        config.Place(0x40, new("First", 8, RegisterSpec.Whole(4, 32, "One", "§1", RW)));
        Assert.That(() => config.Place(0x44, new("Second", 4, RegisterSpec.Whole(0, 16, "Two", "§2", RW))),
            Throws.ArgumentException.With.Message.Contains("'Two' at 044h overlaps 'One'"));
    }

    [Test]
    public void A_structure_cannot_leave_a_conventional_space() =>
        Assert.That(() => new ConfigSpace("fn", extended: false).Place(0x100, new("Far", 4)), Throws.ArgumentException);

    [Test]
    public void An_extended_capability_list_begins_at_100h() =>
        Assert.That(() => new ConfigSpace("fn").ChainExtendedCapability(1, 1, 0x140),
            Throws.ArgumentException.With.Message.Contains("§7.6.3"));

    private static IEnumerable<TestCaseData> BadTables()
    {
        yield return new((RegisterSpec[])[RegisterSpec.Whole(4, 32, "A", "§", RW), RegisterSpec.Whole(6, 16, "B", "§", RW)],
            "'B' overlaps 'A'");
        yield return new((RegisterSpec[])[RegisterSpec.Whole(14, 32, "A", "§", RW)], "outside");
        yield return new((RegisterSpec[])[RegisterSpec.Whole(2, 32, "A", "§", RW)], "not aligned");
        yield return new((RegisterSpec[])[RegisterSpec.Whole(4, 24, "A", "§", RW)], "24 bits");
        yield return new((RegisterSpec[])[new(0, 16, "A", "§", new FieldSpec(12, 5, "F", RW))], "does not fit");
        yield return new((RegisterSpec[])[new(0, 16, "A", "§", new(0, 4, "F", RW), new(3, 2, "G", RO))], "'G' overlaps");
        yield return new((RegisterSpec[])[new(0, 16, "A", "§", new FieldSpec(0, 2, "F", RW, 4))], "default wider");
    }
}
