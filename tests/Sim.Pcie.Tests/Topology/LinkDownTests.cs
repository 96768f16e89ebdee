using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Tests.Topology;

public class LinkDownTests
{
    [Test]
    public void A_Root_Port_with_an_empty_slot_is_enumerated_and_answers_all_ones_below()
    {
        var platform = new TestPlatform();
        var empty = platform.Root.AddRootPort("rp1");
        platform.Enumerated();
        var below = RoutingId.Of(empty.Function.SecondaryBus, 0, 0);
        Assert.That(platform.Tree.Single(f => f.Id == empty.Function.Id).Children, Is.Empty);
        Assert.That(below.Bus, Is.Positive, "it has a bus of its own all the same");
        platform.Run(async () => Assert.That((await platform.Root.ConfigReadAsync(below, 0, 4)).Value, Is.EqualTo(uint.MaxValue)));
    }

    [Test]
    public void A_receiver_that_takes_its_link_down_does_not_return_the_credits_of_what_it_holds_a_second_time()
    {
        var platform = new TestPlatform().Enumerated();
        var link = platform.Device.Link!;
        using (link.Downstream.Arrived.Subscribe((SimTime _, in TlpHop _) => link.TakeDown()))
        {
            platform.Root.Store(platform.DiscoveredPf.Bars[0].Address, 1, 4);
            platform.Sim.Run();
        }

        Assert.That(link.IsUp, Is.False);
        link.BringUp();
        foreach (var direction in new[] { link.Downstream, link.Upstream, platform.Port.Link!.Downstream, platform.Port.Link.Upstream })
            Assert.That(direction.CreditsWhole, Is.True, $"{direction.From.Name} -> {direction.To.Name}");
        Assert.That(platform.Port.Bodies.Rented, Is.Zero);
    }
}
