using NUnit.Framework;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Tests.Device;

public sealed class CommandTests
{
    [Test]
    public void A_driver_brings_a_PF_and_a_VF_up_over_TLPs()
    {
        var host = new TestHost().Boot();
        var user = host.OpenVf();
        host.Run(user.BringUpAsync);
        Assert.That(user.Commands.UsesSignatures, Is.True);
        Assert.That(host.Iommu.Faults.Count, Is.Zero);
        Assert.That(host.Vf.Health, Is.EqualTo(HealthSyndrome.None));
    }
}
