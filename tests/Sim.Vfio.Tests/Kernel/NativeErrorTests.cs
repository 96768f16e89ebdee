using NUnit.Framework;
using Sim.Pcie.Endpoints;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using Sim.Vfio.VfioPci;

namespace Sim.Vfio.Tests.Kernel;

/// <summary>The same store to a stopped VF that answers UR, under different registers and owners.</summary>
public sealed class NativeErrorTests
{
    private const uint UnsupportedRequest = 1u << 20;

    [Test]
    public void Without_URRE_and_SERR_nothing_is_reported()
    {
        var host = PokeStoppedVf(new HostErrorPolicy
        {
            Enables = ReportingEnables.Correctable | ReportingEnables.NonFatal | ReportingEnables.Fatal,
        });
        Assert.That(host.Kernel.Outcome.Has(HostEventKind.ErrorMessage), Is.False);
        Assert.That(host.Dmesg, Is.Empty);
    }

    [Test]
    public void A_VF_without_AER_gives_the_ports_line_only_and_no_recovery()
    {
        var host = PokeStoppedVf(new HostErrorPolicy());
        Assert.That(host.Dmesg, Is.EqualTo(new[]
        {
            $"pcieport {AerText.Bdf(host.Port.Function.Id)}: AER: Uncorrectable (Non-Fatal) error message received from "
                + AerText.Bdf(host.Vfs[0].Id),
        }));
        Assert.That(host.Kernel.Outcome.Events.Select(e => e.Kind), Is.EqualTo(new[] { HostEventKind.ErrorMessage }));
        Assert.That(host.Kernel.Outcome.Events[0].Contexts, Is.EqualTo(new[] { "guest" }));
    }

    [Test]
    public void A_VF_with_AER_is_printed_and_its_hierarchy_recovered()
    {
        var host = PokeStoppedVf(new HostErrorPolicy(), virtualAer: true);
        Assert.That(host.Dmesg, Has.Some.Contains("[20] UnsupReq               (First)"));
        Assert.That(host.Dmesg, Has.Some.Contains("AER:   TLP Header: "));
        Assert.That(host.Dmesg, Has.Some.EndsWith("AER: device recovery successful"));
        Assert.That(host.Kernel.Outcome.Count(HostEventKind.ErrorNotified), Is.EqualTo(1));
    }

    [Test]
    public void A_function_without_a_driver_below_the_port_makes_recovery_fail()
    {
        var host = PokeStoppedVf(new HostErrorPolicy(), virtualAer: true, pfHasDriver: false);
        Assert.That(host.Dmesg, Has.Some.EqualTo($"pci {AerText.Bdf(host.KernelPf.Id)}: {AerText.NoCallback}"));
        Assert.That(host.Dmesg.Last(), Does.EndWith("AER: device recovery failed"));
    }

    [Test]
    public void An_unsupported_request_made_fatal_resets_the_bus_below_the_port()
    {
        var host = PokeStoppedVf(new HostErrorPolicy { UncorrectableSeverity = 0x0046_2030 | UnsupportedRequest }, virtualAer: true);
        Assert.That(host.Dmesg, Has.Some.Contains("type=Inaccessible, (Unregistered Agent ID)"));
        Assert.That(host.Dmesg, Has.Some.Contains("Port link has been reset (0)"));
        var reset = host.Kernel.Outcome.Events.Single(e => e.Kind == HostEventKind.HotReset);
        Assert.That(reset.Affected, Does.Contain(host.Vfs[1].Id));
        Assert.That(host.Kernel.Outcome.IsPanicked, Is.False);
    }

    [Test]
    public void Containment_takes_the_link_down_and_brings_it_back()
    {
        var host = PokeStoppedVf(new HostErrorPolicy { Dpc = DpcTrigger.NonFatal });
        Assert.That(host.Dmesg, Has.Some.Contains("DPC: containment event, status:0x"));
        Assert.That(host.Dmesg, Has.Some.Contains("DPC: ERR_NONFATAL detected"));
        Assert.That(host.Kernel.Outcome.Count(HostEventKind.LinkDown), Is.EqualTo(1));
        Assert.That(host.Port.Link!.IsUp, Is.True);
    }

    [Test]
    public void Containment_on_fatal_errors_only_does_not_see_a_non_fatal_one()
    {
        var host = PokeStoppedVf(new HostErrorPolicy { Dpc = DpcTrigger.Fatal });
        Assert.That(host.Kernel.Outcome.Has(HostEventKind.LinkDown), Is.False);
    }

    [Test]
    public void Firmware_that_calls_it_recoverable_lets_the_kernel_recover_everything_below_the_port()
    {
        var host = PokeStoppedVf(new HostErrorPolicy { Owner = ErrorOwner.FirmwareFirst });
        Assert.That(host.Dmesg, Has.Some.EqualTo("{1}[Hardware Error]: event severity: recoverable"));
        Assert.That(host.Dmesg, Has.Some.Contains("AER: aer_status: 0x"));
        Assert.That(host.Dmesg.Last(), Does.EndWith("AER: device recovery successful"));
        Assert.That(host.Kernel.Outcome.IsPanicked, Is.False);
    }

    [Test]
    public void Firmware_that_calls_it_fatal_ends_the_host()
    {
        var host = PokeStoppedVf(new HostErrorPolicy { Owner = ErrorOwner.FirmwareFirst, FirmwareNonFatal = GhesSeverity.Fatal });
        Assert.That(host.Dmesg.Last(), Is.EqualTo("Kernel panic - not syncing: Fatal hardware error!"));
        Assert.That(host.Kernel.Outcome.IsPanicked, Is.True);
    }

    [TestCase(true)]
    [TestCase(false)]
    public void An_SERR_NMI_panics_or_confuses(bool panics)
    {
        var host = PokeStoppedVf(new HostErrorPolicy { Owner = ErrorOwner.Serr, PanicOnUnrecoveredNmi = panics });
        Assert.That(host.Dmesg, Has.Some.Contains("NMI: PCI system error (SERR) for reason"));
        Assert.That(host.Kernel.Outcome.IsPanicked, Is.EqualTo(panics));
    }

    [Test]
    public void A_load_from_a_VF_without_AER_sends_no_message()
    {
        var host = new TestHost(StoppedAccessPolicy.UnsupportedRequest).Boot();
        host.Run(async () =>
        {
            var device = await host.OpenAsync(0);
            var process = new UserProcess(host.Kernel, "hostile");
            await device.Migration!.SetStateAsync(MigrationState.Stop);
            var load = await process.LoadAsync(device.Map(0), 0);
            Assert.That(load.Outcome, Is.EqualTo(AccessOutcome.Completed));
            Assert.That(load.Value, Is.EqualTo(ulong.MaxValue));
        });
        Assert.That(host.Dmesg, Is.Empty);
    }

    private static TestHost PokeStoppedVf(HostErrorPolicy policy, bool virtualAer = false, bool pfHasDriver = true)
    {
        var host = new TestHost(StoppedAccessPolicy.UnsupportedRequest, virtualAer).Boot(policy);
        host.Run(async () =>
        {
            if (pfHasDriver) host.KernelPf.Driver = new ObligingDriver();
            var device = await host.OpenAsync(0);
            host.Vfs[1].Driver = new ObligingDriver();
            var process = new UserProcess(host.Kernel, "hostile");
            Assert.That((await device.Migration!.SetStateAsync(MigrationState.Stop)).Error, Is.EqualTo(Errno.None));
            await process.StoreAsync(device.Map(0), 0x20, 1);
        });
        return host;
    }

    private sealed class ObligingDriver : PciDriver
    {
        public override string Name => "oblige";

        public override Task<ErrorVote> ErrorDetectedAsync(PciFunction function, ChannelState channel) =>
            Task.FromResult(ErrorVote.CanRecover);
    }
}
