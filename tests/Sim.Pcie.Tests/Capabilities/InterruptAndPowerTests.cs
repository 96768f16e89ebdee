using NUnit.Framework;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;

namespace Sim.Pcie.Tests.Capabilities;

public sealed class InterruptAndPowerTests
{
    [Test]
    public void Msi_puts_the_vector_into_the_low_data_bits_it_was_allotted()
    {
        var config = new ConfigSpace("fn");
        var msi = MsiCapability.Add(config, 0x50, vectors: 8);
        config.Write(0x52, 2, 0x0021);
        config.WriteDword(0x54, 0xFEE0_0003);
        config.Write(0x5C, 2, 0x4047);
        config.WriteDword(0x60, 0xFFFF_FFFF);
        Assert.Multiple(() =>
        {
            Assert.That(msi.Enabled, Is.True);
            Assert.That(msi.Address, Is.EqualTo(0xFEE0_0000));
            Assert.That(msi.DataOf(2), Is.EqualTo(0x4046));
            Assert.That(config.Read(0x60), Is.EqualTo(0xFF), "eight mask bits");
            Assert.That(msi.IsMasked(7), Is.True);
        });
    }

    [Test]
    public void Msix_says_where_its_table_lies()
    {
        var config = new ConfigSpace("fn");
        var msix = MsixCapability.Add(config, 0x9C, 64, bar: 0, 0x2000, 0x3000);
        config.WriteDword(0x9C, 0xFFFF_FFFF);
        Assert.Multiple(() =>
        {
            Assert.That(config.Read(0x9E, 2), Is.EqualTo(0xC03F));
            Assert.That((msix.TableBar, msix.TableOffset, msix.PendingOffset), Is.EqualTo((0, 0x2000u, 0x3000u)));
        });
    }

    [Test]
    public void A_write_of_an_unsupported_power_state_is_discarded()
    {
        var config = new ConfigSpace("fn");
        var power = PowerManagementCapability.Add(config, 0x40);
        var changes = new List<string>();
        power.OnStateChange += (before, after) => changes.Add($"{before}->{after}");
        config.Write(0x44, 1, 3);
        config.Write(0x44, 1, 1);
        Assert.That(power.State, Is.EqualTo(PowerState.D3Hot));
        config.Write(0x44, 1, 0);
        Assert.That(changes, Is.EqualTo(new[] { "D0->D3Hot", "D3Hot->D0" }));
    }

    [Test]
    public void Acs_control_enables_only_what_is_implemented()
    {
        var config = new ConfigSpace("port");
        var acs = AcsCapability.Add(config, 0x100, AcsFeatures.SourceValidation | AcsFeatures.EgressControl, egressVectorBits: 40);
        config.Write(0x106, 2, 0xFFFF);
        config.WriteDword(0x10C, 0xFFFF_FFFF);
        Assert.Multiple(() =>
        {
            Assert.That(acs.Enabled, Is.EqualTo(AcsFeatures.SourceValidation | AcsFeatures.EgressControl));
            Assert.That((acs.BlocksEgressTo(31), acs.BlocksEgressTo(39)), Is.EqualTo((false, true)));
            Assert.That(config.Read(0x10C), Is.EqualTo(0xFF));
        });
    }
}
