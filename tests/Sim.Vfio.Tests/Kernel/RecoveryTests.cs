using NUnit.Framework;
using Sim.Pcie.Endpoints;
using Sim.Vfio.Drivers;
using Sim.Vfio.Kernel;
using Sim.Vfio.Migration;
using Sim.Vfio.VfioPci;

namespace Sim.Vfio.Tests.Kernel;

/// <summary>Who else is reached by one VF's Unsupported Request.</summary>
public sealed class RecoveryTests
{
    private const uint UnsupportedRequestIsFatal = 0x0046_2030 | 1u << 20;

    [Test]
    public void Without_details_nobody_else_is_reached()
    {
        var (host, pf) = Poke(new HostErrorPolicy(), virtualAer: false);
        Assert.That(host.Kernel.Outcome.Has(HostEventKind.DriverUnload), Is.False);
        Assert.That(pf.IsLoaded, Is.True);
    }

    [Test]
    public void With_details_the_PF_driver_stops_and_every_VF_user_is_told()
    {
        var (host, pf) = Poke(new HostErrorPolicy(), virtualAer: true);
        var unload = host.Kernel.Outcome.Events.Single(e => e.Kind == HostEventKind.DriverUnload);
        Assert.That(unload.Affected, Is.EqualTo(new[] { host.KernelPf.Id, host.Vfs[0].Id, host.Vfs[1].Id }));
        Assert.That(unload.Contexts, Is.EqualTo(new[] { "host", "guest A", "guest B" }));
        Assert.That(host.Kernel.Outcome.Count(HostEventKind.ErrorNotified), Is.EqualTo(2));
        Assert.That(host.Dmesg.Last(), Does.EndWith("AER: device recovery successful"));
        Assert.That(pf.IsLoaded, Is.True);
    }

    [TestCase(DpcTrigger.Off)]
    [TestCase(DpcTrigger.NonFatal)]
    public void After_a_reset_from_above_bridges_and_VFs_answer_again(DpcTrigger dpc)
    {
        var fatal = dpc == DpcTrigger.Off;
        var (host, _) = Poke(new HostErrorPolicy
        {
            Dpc = dpc,
            UncorrectableSeverity = fatal ? UnsupportedRequestIsFatal : null,
        }, virtualAer: true);
        Assert.That(host.Dmesg.Last(), Does.EndWith("AER: device recovery successful"));
        Assert.That(host.Kernel.Outcome.Has(fatal ? HostEventKind.HotReset : HostEventKind.LinkDown), Is.True);
        host.Run(async () => Assert.That(await host.Vfs[1].ReadAsync(0x04, 4), Is.Not.EqualTo(uint.MaxValue)));
    }

    [Test]
    public void Firmware_first_recovery_reaches_everybody_even_without_details()
    {
        var (host, _) = Poke(new HostErrorPolicy { Owner = ErrorOwner.FirmwareFirst }, virtualAer: false);
        Assert.That(host.Kernel.Outcome.Count(HostEventKind.DriverUnload), Is.EqualTo(1));
        Assert.That(host.Kernel.Outcome.Count(HostEventKind.ErrorNotified), Is.EqualTo(2));
    }

    [Test]
    public void Votes_merge_as_the_kernel_merges_them() => Assert.Multiple(() =>
    {
        Assert.That(ErrorVotes.Merge(ErrorVote.CanRecover, ErrorVote.NeedReset), Is.EqualTo(ErrorVote.NeedReset));
        Assert.That(ErrorVotes.Merge(ErrorVote.NeedReset, ErrorVote.CanRecover), Is.EqualTo(ErrorVote.NeedReset));
        Assert.That(ErrorVotes.Merge(ErrorVote.NeedReset, ErrorVote.NoAerDriver), Is.EqualTo(ErrorVote.NoAerDriver));
        Assert.That(ErrorVotes.Merge(ErrorVote.Disconnect, ErrorVote.NeedReset), Is.EqualTo(ErrorVote.NeedReset));
        Assert.That(ErrorVotes.Merge(ErrorVote.NoAerDriver, ErrorVote.NeedReset), Is.EqualTo(ErrorVote.NoAerDriver));
        Assert.That(ErrorVotes.Merge(ErrorVote.CanRecover, ErrorVote.None), Is.EqualTo(ErrorVote.CanRecover));
    });

    private static (TestHost Host, PhysicalFunctionDriver Pf) Poke(HostErrorPolicy policy, bool virtualAer)
    {
        var host = new TestHost(StoppedAccessPolicy.UnsupportedRequest, virtualAer).Boot(policy);
        PhysicalFunctionDriver? pf = null;
        host.Run(async () =>
        {
            pf = await PhysicalFunctionDriver.BindAsync(host.Kernel, host.KernelPf, "dmaq");
            var device = await host.OpenAsync(0, context: "guest A");
            await host.OpenAsync(1, context: "guest B");
            await device.Migration!.SetStateAsync(MigrationState.Stop);
            await new UserProcess(host.Kernel, "hostile").StoreAsync(device.Map(0), 0x20, 1);
        });
        return (host, pf!);
    }
}
