using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Errors;
using Sim.Pcie.Inject;
using Sim.Pcie.Spec;
using Sim.Pcie.Tests.Config;

namespace Sim.Pcie.Tests.Inject;

/// <summary>Errors below the Transaction Layer: who reports them, and that only an overflow loses anything.</summary>
public sealed class LinkFaultTests
{
    [TestCase(LinkFault.ReceiverError, "dev0.pf", PcieError.ReceiverError)]
    [TestCase(LinkFault.BadTlp, "dev0.pf", PcieError.BadTlp)]
    [TestCase(LinkFault.BadDllp, "dev0.pf", PcieError.BadDllp)]
    [TestCase(LinkFault.LostAck, "rp0", PcieError.ReplayTimerTimeout)]
    [TestCase(LinkFault.Rollover, "rp0", PcieError.ReplayNumRollover)]
    [TestCase(LinkFault.Protocol, "rp0", PcieError.DataLinkProtocol)]
    [TestCase(LinkFault.FlowControl, "rp0", PcieError.FlowControlProtocol)]
    public void A_link_error_is_reported_by_the_port_that_detects_it_and_every_TLP_arrives_in_order(
        LinkFault fault, string reporter, PcieError error)
    {
        var bench = new Bench().Enumerated();
        var bar = bench.Found.Bars[0].Address;
        LinkFaults.Inject(bench.Device.Link!.Downstream, fault);
        bench.Root.Store(bar, 1, 4);
        bench.Root.Store(bar, 2, 4);
        var load = bench.Load(bar);
        Assert.Multiple(() =>
        {
            Assert.That(load.Value, Is.EqualTo(2), "both stores, in order, before the load");
            var detected = bench.Steps.Last(s => s.Kind == ErrorStepKind.Detected);
            Assert.That((detected.Component, detected.Error), Is.EqualTo((reporter, error)));
            Assert.That(bench.Device.Link.Downstream.CreditsWhole, Is.True);
            Assert.That(bench.Port.Bodies.Rented, Is.Zero);
        });
    }

    [Test]
    public void A_replay_costs_its_time()
    {
        var (clean, replayed) = (LoadTime(null), LoadTime(LinkFault.BadTlp));
        Assert.That((replayed - clean).Femtoseconds, Is.EqualTo(SimDuration.FromMicroseconds(1).Femtoseconds));
    }

    [Test]
    public void An_overflow_loses_the_TLP_and_its_requester_learns_it_by_timeout()
    {
        var bench = new Bench().Enumerated();
        LinkFaults.Inject(bench.Device.Link!.Downstream, LinkFault.Overflow);
        var load = bench.Load(bench.Found.Bars[0].Address);
        Assert.That(load.TimedOut, Is.True);
        Assert.That(bench.Detected, Is.EqualTo(new[] { PcieError.ReceiverOverflow, PcieError.CompletionTimeout }));
        Assert.That(bench.Device.Link.Downstream.CreditsWhole, Is.True);
    }

    [Test]
    public void What_waits_for_its_replay_is_lost_with_the_link()
    {
        var bench = new Bench().Enumerated();
        LinkFaults.Inject(bench.Device.Link!.Downstream, LinkFault.BadTlp);
        bench.Run(async () =>
        {
            var load = bench.Root.LoadAsync(bench.Found.Bars[0].Address, 4);
            await bench.Sim.Delay(SimDuration.FromNanoseconds(500));
            bench.Device.Link.TakeDown();
            Assert.That((await load).Status, Is.EqualTo(CompletionStatus.UnsupportedRequest));
        });
        bench.Device.Link.BringUp();
        Assert.That((bench.Device.Link.Downstream.CreditsWhole, bench.Port.Bodies.Rented), Is.EqualTo((true, 0)));
    }

    private static SimDuration LoadTime(LinkFault? fault)
    {
        var bench = new Bench().Enumerated();
        if (fault is { } f) LinkFaults.Inject(bench.Device.Link!.Downstream, f);
        var load = bench.Load(bench.Found.Bars[0].Address);
        return load.Completed - load.Issued;
    }
}
